import { afterEach, expect, test, vi } from 'vitest';
import type { LogLevel } from './log.ts';
import { createLog, inBursts } from './log.ts';

afterEach(() => vi.useRealTimers());

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

test('lines of a burst are written together, the first of them at once', () => {
  vi.useFakeTimers();
  const out: string[] = [];
  const bursts = inBursts({ ms: 50, write: (text) => out.push(text) });
  for (const line of ['a\n', 'b\n', 'c\n']) bursts.write(line);
  expect(out).toEqual(['a\n']);
  vi.advanceTimersByTime(50);
  expect(out).toEqual(['a\n', 'b\nc\n']);
  bursts.write('d\n');
  expect(out).toHaveLength(2); // still of the same burst
  vi.advanceTimersByTime(100);
  expect(out.slice(2)).toEqual(['d\n']);
  bursts.write('e\n');
  expect(out.slice(3)).toEqual(['e\n']);
});

test('what waits is written when it is asked for, and not again', () => {
  vi.useFakeTimers();
  const out: string[] = [];
  const bursts = inBursts({ ms: 50, write: (text) => out.push(text) });
  for (const line of ['a\n', 'b\n']) bursts.write(line);
  bursts.flush();
  vi.advanceTimersByTime(200);
  expect(out).toEqual(['a\n', 'b\n']);
});
