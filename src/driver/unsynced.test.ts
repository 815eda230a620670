import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Unsynced } from './unsynced.ts';

let base: string;
let steps: string[];
let refused: string[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'virtnet-unsynced-'));
  mkdirSync(join(base, 'networks'));
  steps = [];
  refused = [];
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

const at = (name: string): string => join(base, 'networks', name);
const kept = (): string => join(base, 'kept');
const keptFile = (name: string): string => readFileSync(join(kept(), `networks:${name}`), 'utf8');
function open(onOperation: (step: string) => void = () => undefined): Unsynced {
  const record = (step: string): void => {
    steps.push(step.replaceAll(base, ''));
    onOperation(step);
  };
  return new Unsynced({ folder: kept(), onFailure: (path) => void refused.push(path), onOperation: record });
}
function put(files: Unsynced, name: string, text: string): void {
  writeFileSync(at('.temp'), text);
  files.put(at('.temp'), at(name));
}
const text = (name: string): string => readFileSync(at(name), 'utf8');

test('a file changes at once, and what it was is kept until the disk has the new one', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  put(files, 'a', 'new');
  put(files, 'a', 'newer');
  put(files, 'b', 'made');
  expect([text('a'), text('b'), keptFile('a'), readdirSync(kept())]).toEqual(['newer', 'made', 'old', ['networks:a']]);
  expect(steps).toEqual(['mkdir /kept', 'keep /networks/a', 'rename /networks/a', 'rename /networks/a', 'rename /networks/b']);
  steps.length = 0;
  await files.done();
  expect(steps.slice(0, 2).toSorted()).toEqual(['fsync /networks/a', 'fsync /networks/b']);
  expect(steps.slice(2)).toEqual(['fsync /networks', 'drop /networks/a', 'rmdir /kept']);
  expect(existsSync(kept())).toBe(false);
  await files.done();
  expect(steps).toHaveLength(5);
});

test('a file that goes is kept for as long, one that was never on the disk is not', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  files.remove(at('a'));
  put(files, 'b', 'made');
  files.remove(at('b'));
  expect([readdirSync(join(base, 'networks')), readdirSync(kept()), keptFile('a')]).toEqual([[], ['networks:a'], 'old']);
  put(files, 'a', 'again');
  files.remove(at('a'));
  expect([existsSync(at('a')), keptFile('a')]).toEqual([false, 'old']);
  files.remove(at('none'));
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('what changes while the disk is busy keeps its former file until the next round', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  put(files, 'a', 'new');
  const first = files.done();
  put(files, 'a', 'newer');
  await first;
  expect([text('a'), keptFile('a')]).toEqual(['newer', 'old']);
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('rounds that wait for a slow disk keep what each of them needs', async () => {
  for (const name of ['a', 'b']) writeFileSync(at(name), 'old');
  const files = open();
  put(files, 'a', 'new');
  files.remove(at('b'));
  const first = files.done();
  put(files, 'a', 'newer');
  put(files, 'b', 'again');
  const second = files.done(); // waits for the first one
  await first;
  expect([text('a'), keptFile('a'), text('b'), keptFile('b')]).toEqual(['newer', 'old', 'again', 'old']);
  await second;
  expect(readdirSync(base)).toEqual(['networks']);
});

test('the rounds come by themselves', async () => {
  const ended = new Promise<void>((resolve) => {
    put(
      open((step) => void (step.startsWith('rmdir') && resolve())),
      'a',
      'new',
    );
  });
  // The timer keeps no process alive; this one does.
  const alive = setInterval(() => undefined, 1000);
  await ended;
  clearInterval(alive);
  expect(readdirSync(base)).toEqual(['networks']);
});

test('a file that the disk refuses is told, and its former one stays kept', async () => {
  for (const name of ['a', 'b']) writeFileSync(at(name), 'old');
  const files = open((step) => {
    if (step === `fsync ${at('a')}`) throw new Error('i/o error');
  });
  put(files, 'a', 'new');
  put(files, 'b', 'new');
  await files.done();
  expect([refused, readdirSync(kept()), keptFile('a')]).toEqual([[at('a')], ['networks:a'], 'old']);
});

test.each(['mkdir', 'keep'])('where nothing can be kept (%s fails) the disk is waited for before the name changes', async (operation) => {
  writeFileSync(at('a'), 'old');
  const files = open((step) => {
    if (step.startsWith(operation)) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
  });
  put(files, 'a', 'new');
  expect(steps.slice(-2)).toEqual(['fsync /networks/.temp', 'rename /networks/a']);
  files.remove(at('a'));
  expect([steps.at(-1), existsSync(at('a'))]).toEqual(['unlink /networks/a', false]);
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});
