import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completeNetwork } from './complete.ts';
import type { Network } from './network.ts';
import { parseNetwork } from './read.ts';
import { affectedBy, commandOf, updateNetwork, type LibvirtSection, type NetworkUpdate, type UpdateCommand } from './update.ts';
import { writeNetwork } from './write-network.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus/visible/net-update.json');

interface Case {
  readonly name: string;
  readonly network: string;
  readonly active: boolean;
  readonly transient: boolean;
  readonly section: string;
  readonly command: string;
  readonly parentIndex: number;
  readonly flags: string;
  readonly xml: string;
  readonly error?: { readonly code: number; readonly message: string };
  readonly changed: { readonly inactive?: readonly string[]; readonly live?: readonly string[] };
}

const FLAGS: Readonly<Record<string, number>> = { current: 0, live: 1, config: 2, both: 3 };

/** How often each line is there more (or less) often after a change: the same for every way of aligning the two. */
function balance(before: readonly string[], after: readonly string[]): Map<string, number> {
  const count = new Map<string, number>();
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  return new Map([...count].filter(([, n]) => n !== 0).sort());
}

const number = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

describe.skipIf(!existsSync(CORPUS))('net-update cases of libvirt', () => {
  const cases = existsSync(CORPUS) ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as readonly Case[]) : [];
  it('are many', () => {
    expect(cases.length).toBeGreaterThan(100);
  });
  it.each(cases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    const network = completeNetwork(parseNetwork(c.network), { uuid: '', mac: '', bridgeName: 'virbr0' });
    const affected = affectedBy(FLAGS[c.flags] ?? Number(c.flags), { name: network.name, active: c.active, persistent: !c.transient });
    const update: NetworkUpdate = {
      section: number(c.section) ?? (c.section as LibvirtSection),
      command: commandOf(number(c.command) ?? -1) === -1 ? (c.command as UpdateCommand) : commandOf(Number(c.command)),
      parentIndex: c.parentIndex,
      fragment: c.xml,
    };
    const result = affected.ok ? updateNetwork(network, update) : affected;
    const refused = result.diagnostics.find((d) => d.severity === 'error')?.libvirt;
    if (c.error) {
      expect(result.ok).toBe(false);
      expect(refused).toMatchObject({ code: c.error.code, message: c.error.message });
      return;
    }
    expect(refused).toBeUndefined();
    for (const [copy, key] of [
      ['live', 'live'],
      ['config', 'inactive'],
    ] as const) {
      const lines = c.changed[key] ?? [];
      const touched = affected.ok && affected.value.includes(copy);
      const after = touched && result.ok ? (result.value as Network) : network;
      const write = (n: Network): string[] => writeNetwork(n, { live: copy === 'live' }).split('\n');
      const expected = balance(
        lines.filter((l) => l.startsWith('-')).map((l) => l.slice(1)),
        lines.filter((l) => l.startsWith('+')).map((l) => l.slice(1)),
      );
      expect(balance(write(network), write(after))).toEqual(expected);
    }
  });
});
