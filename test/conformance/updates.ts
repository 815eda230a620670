import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  affectedBy,
  commandOf,
  completeNetwork,
  parseNetwork,
  sectionOf,
  updateNetwork,
  writeNetwork,
  type LibvirtSection,
  type Network,
  type UpdateCommand,
} from '../../src/network/index.ts';
import type { Result } from '../../src/base/diagnostic.ts';
import type { Outcome, Section } from './section.ts';

/** One entry of net-update.json. */
export interface UpdateCase {
  readonly name: string;
  readonly network: string;
  readonly active: boolean;
  readonly transient: boolean;
  /** A word of libvirt's, or a number that it does not know. */
  readonly section: string;
  readonly command: string;
  readonly parentIndex: number;
  readonly flags: string;
  readonly xml: string;
  readonly error?: { readonly code: number; readonly message: string };
  /** Removed and added lines of the two documents. */
  readonly changed: { readonly inactive?: readonly string[]; readonly live?: readonly string[] };
}

const FLAGS: Readonly<Record<string, number>> = { current: 0, live: 1, config: 2, both: 3 };

/** Changes of one section: the same error, or the same lines changed in the stored and in the live document. */
export const updates: Section = {
  title: 'net-update cases',
  run(folder) {
    return updateCases(folder).map((c) => ({ name: c.name, ...compareUpdate(c) }));
  },
};

/** The entries of the corpus; none when it has no such file. */
export function updateCases(folder: string): readonly UpdateCase[] {
  const path = join(folder, 'net-update.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly UpdateCase[]) : [];
}

/** Whether we answer one entry as libvirt did. */
export function compareUpdate(c: UpdateCase): Omit<Outcome, 'name'> {
  const network = completeNetwork(parseNetwork(c.network), { uuid: () => '', mac: () => '', bridgeName: () => 'virbr0' });
  const flags = FLAGS[c.flags] ?? Number(c.flags);
  const affected = affectedBy(flags, { name: network.name, active: c.active, persistent: !c.transient });
  const result: Result<Network> = affected.ok ? updateNetwork(network, requestOf(c)) : affected;
  const refused = result.diagnostics.find((d) => d.severity === 'error')?.libvirt;
  const ours = refused ? `${String(refused.code)} ${refused.message}` : 'accepted';
  const theirs = c.error ? `${String(c.error.code)} ${c.error.message}` : 'accepted';
  if (ours !== theirs) return { result: 'differs', detail: `expected ${JSON.stringify(theirs)}, got ${JSON.stringify(ours)}` };
  if (c.error) return { result: 'agrees' };
  for (const [copy, lines] of [
    ['live', c.changed.live ?? []],
    ['config', c.changed.inactive ?? []],
  ] as const) {
    const after = result.ok && affected.ok && affected.value.includes(copy) ? result.value : network;
    const write = (n: Network): string[] => writeNetwork(n, { live: copy === 'live' }).split('\n');
    const signed = (sign: string): string[] => lines.filter((l) => l.startsWith(sign)).map((l) => l.slice(1));
    const expected = balance(signed('-'), signed('+'));
    const got = balance(write(network), write(after));
    if (got !== expected) return { result: 'differs', detail: `${copy} document: expected ${expected}, got ${got}` };
  }
  return { result: 'agrees' };
}

function requestOf(c: UpdateCase) {
  const code = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);
  const section = code(c.section);
  const command = code(c.command);
  return {
    section: section === undefined ? (c.section as LibvirtSection) : sectionOf(section),
    command: command === undefined ? (c.command as UpdateCommand) : commandOf(command),
    parentIndex: c.parentIndex,
    fragment: c.xml,
  };
}

/** How often each line is there more (or less) often after a change, as text: the same for every way of aligning the two. */
function balance(before: readonly string[], after: readonly string[]): string {
  const count = new Map<string, number>();
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  return JSON.stringify([...count].filter(([, n]) => n !== 0).sort());
}
