import { expect, test } from 'vitest';
import type { LogLevel } from './log.ts';
import { createLog } from './log.ts';

function lines(journal: boolean, level: LogLevel = 'info'): { readonly out: string[]; readonly log: ReturnType<typeof createLog> } {
  const out: string[] = [];
  const clock = (): Date => new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
  return { out, log: createLog({ write: (line) => out.push(line), level, journal, clock }) };
}

test('the journal gets the level in front, others the time', () => {
  const journal = lines(true);
  journal.log('warning', 'network repaired', { network: 'default', took: 12, why: 'nft flush ruleset' });
  expect(journal.out).toEqual(['<4>network repaired network=default took=12 why="nft flush ruleset"\n']);
  const plain = lines(false);
  plain.log('info', 'ready', { sockets: ['a', 'b'], nothing: undefined });
  expect(plain.out).toEqual(['2026-01-02T03:04:05.000Z info ready sockets="[\\"a\\",\\"b\\"]"\n']);
});

test('lines below the level are left out', () => {
  const { out, log } = lines(true, 'warning');
  log('info', 'quiet');
  log('error', 'loud');
  expect(out).toEqual(['<3>loud\n']);
});

test('no value can forge a line', () => {
  const { out, log } = lines(true);
  log('info', 'define\n<0>fake', { name: 'x"\n<0>panic\u001b[31m' });
  expect(out).toHaveLength(1);
  expect(out[0]?.indexOf('\n')).toBe((out[0]?.length ?? 0) - 1);
  expect(out[0]).not.toContain('\u001b');
});
