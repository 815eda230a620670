import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../src/base/diagnostic.ts';
import { completeNetwork, readNetwork, writeNetwork, type Network, type ReadNetwork } from '../../src/network/index.ts';
import { deviationOf } from '../../src/network/deviations.ts';
import type { Outcome, Section } from './section.ts';

interface ValidEntry {
  readonly started?: boolean;
  readonly randomFields?: readonly string[];
}

interface InvalidEntry {
  readonly code: number;
  readonly domain: number;
  readonly message: string;
}

function readIndex<T>(folder: string): Map<string, T> {
  const path = join(folder, 'index.json');
  return new Map(Object.entries(existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, T>) : {}));
}

function documentsOf(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((f) => f.endsWith('.xml'))
        .sort()
    : [];
}

function deviations(diagnostics: readonly Diagnostic[]): string | undefined {
  const ids = new Set(diagnostics.map((d) => deviationOf(d)?.id).filter((id) => id !== undefined));
  return ids.size > 0 ? [...ids].join(', ') : undefined;
}

/** Documents that libvirt accepts: accepted here too. */
export const accepted: Section = {
  title: 'accepted documents',
  run(folder) {
    const valid = join(folder, 'valid');
    return documentsOf(valid).map((name) => {
      const { network, diagnostics } = readNetwork(readFileSync(join(valid, name)));
      if (network) return { name, result: 'agrees' };
      const id = deviations(diagnostics.filter((d) => d.severity === 'error'));
      if (id !== undefined) return { name, result: 'deviation', detail: id };
      return { name, result: 'differs', detail: `refused: ${diagnostics.find((d) => d.severity === 'error')?.message ?? ''}` };
    });
  },
};

/** Documents that libvirt refuses: refused with its code, domain and message (for malformed XML: code and line). */
export const refused: Section = {
  title: 'refused documents',
  run(folder) {
    const invalid = join(folder, 'invalid');
    const index = readIndex<InvalidEntry>(invalid);
    return documentsOf(invalid).map((name) => {
      const expected = index.get(name);
      if (!expected) return { name, result: 'differs', detail: 'not in index.json' };
      return compareRefusal(name, expected, readNetwork(readFileSync(join(invalid, name))));
    });
  },
};

function compareRefusal(name: string, expected: InvalidEntry, read: ReadNetwork): Outcome {
  const first = read.diagnostics.find((d) => d.severity === 'error');
  const id = deviations(read.diagnostics);
  const other = (detail: string): Outcome =>
    id === undefined ? { name, result: 'differs', detail } : { name, result: 'deviation', detail: id };
  if (!first) return other(`accepted; expected ${String(expected.code)} ${expected.message}`);
  const got = first.libvirt;
  if (!got) return other(`no libvirt error for ${first.code} ${first.message}`);
  const line = /^at line \d+:/.exec(expected.message)?.[0];
  const message = line === undefined ? expected.message : line;
  const ours = line === undefined ? got.message : (/^at line \d+:/.exec(got.message)?.[0] ?? got.message);
  if (got.code === expected.code && (got.domain ?? 19) === expected.domain && ours === message) return { name, result: 'agrees' };
  return other(
    `expected ${String(expected.code)}/${String(expected.domain)} ${JSON.stringify(message)}, got ${String(got.code)}/${String(got.domain ?? 19)} ${JSON.stringify(ours)}`,
  );
}

function written(title: string, suffix: string, live: boolean): Section {
  return {
    title,
    run(folder) {
      const valid = join(folder, 'valid');
      const index = readIndex<ValidEntry>(valid);
      const outcomes: Outcome[] = [];
      for (const name of documentsOf(valid)) {
        const path = join(valid, name.replace(/\.xml$/, suffix));
        if (!existsSync(path)) continue;
        const { network, diagnostics } = readNetwork(readFileSync(join(valid, name)));
        if (!network) {
          const id = deviations(diagnostics);
          outcomes.push(id === undefined ? { name, result: 'differs', detail: 'refused' } : { name, result: 'deviation', detail: id });
          continue;
        }
        const expected = readFileSync(path, 'utf8');
        const text = writeNetwork(completed(network, expected, index.get(name)?.randomFields ?? []), { live });
        outcomes.push(
          text === expected ? { name, result: 'agrees' } : { name, result: 'differs', detail: firstDifference(expected, text) },
        );
      }
      return outcomes;
    },
  };
}

/** Fills in what the daemon chose: its random fields are read off its answer, its first free bridge name was virbr0. */
function completed(network: Network, expected: string, random: readonly string[]): Network {
  const field = (pattern: RegExp): string => pattern.exec(expected)?.[1] ?? '';
  return completeNetwork(network, {
    uuid: () => (random.includes('uuid') ? field(/<uuid>(.*)<\/uuid>/) : ''),
    mac: () => (random.includes('mac') ? field(/<mac address='(.*)'\/>/) : ''),
    bridgeName: () => field(/<bridge name='([^']*)'/),
  });
}

function firstDifference(expected: string, got: string): string {
  const a = expected.split('\n');
  const b = got.split('\n');
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at < 0 ? a.length : at;
  return `line ${String(line + 1)}: expected ${JSON.stringify(a[line] ?? '')}, got ${JSON.stringify(b[line] ?? '')}`;
}

/** The written form of accepted documents, byte for byte. */
export const writtenInactive = written('written form (inactive)', '.dumpxml', false);
export const writtenLive = written('written form (live)', '.live.dumpxml', true);
