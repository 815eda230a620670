import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeFiles } from './files.ts';
import { unsyncedFolders } from './settle-left.ts';
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
/** The folders of former files, oldest round first. */
const rounds = (): string[] => {
  const byRound = (a: string, b: string): number => Number(a.split('.').at(-1)) - Number(b.split('.').at(-1));
  return unsyncedFolders(base).toSorted(byRound);
};
/** What is kept, by round. */
const kept = (): Record<string, string>[] =>
  rounds().map((folder) => {
    const files = readdirSync(folder).map((file): [string, string] => [
      file.replace('networks:', ''),
      readFileSync(join(folder, file), 'utf8'),
    ]);
    return Object.fromEntries(files);
  });
function open(onOperation: (step: string) => void = () => undefined): Unsynced {
  const record = (step: string): void => {
    steps.push(step.replaceAll(base, '').replace(/\.unsynced-[^/]+/, 'kept'));
    onOperation(step);
  };
  return new Unsynced({ configDir: base, bootId: 'now', onFailure: (path) => void refused.push(path), onOperation: record });
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
  expect([text('a'), text('b'), kept()]).toEqual(['newer', 'made', [{ a: 'old' }]]);
  expect(steps).toEqual(['mkdir /kept', 'keep /networks/a', 'rename /networks/a', 'rename /networks/a', 'rename /networks/b']);
  steps.length = 0;
  await files.done();
  expect(steps.slice(0, 2).toSorted()).toEqual(['fsync /networks/a', 'fsync /networks/b']);
  expect(steps.slice(2)).toEqual(['fsync /networks', 'drop /networks/a', 'rmdir /kept']);
  expect(rounds()).toEqual([]);
  await files.done();
  expect(steps).toHaveLength(5);
});

test('a file that goes is kept for as long, one that was never on the disk is not', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  files.remove(at('a'));
  put(files, 'b', 'made');
  files.remove(at('b'));
  expect([readdirSync(join(base, 'networks')), kept()]).toEqual([[], [{ a: 'old' }]]);
  put(files, 'a', 'again');
  files.remove(at('a'));
  expect([existsSync(at('a')), kept()]).toEqual([false, [{ a: 'old' }]]);
  files.remove(at('none'));
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('what changes while the disk is busy keeps what the disk is being given', async () => {
  for (const name of ['a', 'b', 'c']) writeFileSync(at(name), 'old');
  const files = open();
  for (const name of ['a', 'b', 'c']) put(files, name, 'new');
  const first = files.done();
  put(files, 'a', 'newer');
  files.remove(at('b'));
  put(files, 'a', 'newest');
  const all = { a: 'old', b: 'old', c: 'old' };
  expect([text('a'), existsSync(at('b')), kept()]).toEqual(['newest', false, [all, { a: 'new', b: 'new' }]]);
  await first;
  expect(kept()).toEqual([{ a: 'new', b: 'new' }]);
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('what a later round keeps is on the disk before what it replaced goes', async () => {
  for (const name of ['a', 'b', 'c']) writeFileSync(at(name), 'old');
  const files = open();
  for (const name of ['a', 'b', 'c']) put(files, name, 'new');
  const first = files.done(); // begins when this test waits
  put(files, 'a', 'newer');
  files.remove(at('b'));
  steps.length = 0;
  await first;
  const synced = steps.slice(0, 3).toSorted();
  expect(synced).toEqual(['fsync /kept/networks:a', 'fsync /kept/networks:b', 'fsync /networks/c']);
  expect(steps.slice(3)).toEqual(['fsync /networks', 'drop /networks/a', 'drop /networks/b', 'drop /networks/c', 'rmdir /kept']);
  await files.done();
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
  expect([refused, kept()]).toEqual([[at('a')], [{ a: 'old' }]]);
});

test('what is kept of a file that the disk refused goes when a later one is there', async () => {
  for (const name of ['a', 'b']) writeFileSync(at(name), 'old');
  let isBroken = true;
  const files = open((step) => {
    if (isBroken && step === `fsync ${at('a')}`) throw new Error('i/o error');
  });
  put(files, 'a', 'new');
  await files.done();
  put(files, 'a', 'newer');
  await files.done();
  expect([refused, kept()]).toEqual([
    [at('a'), at('a')],
    [{ a: 'old' }, { a: 'new' }],
  ]);
  put(files, 'b', 'new');
  await files.done();
  expect(kept()).toEqual([{ a: 'old' }, { a: 'new' }]);
  isBroken = false;
  put(files, 'a', 'newest');
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('while another one keeps files, the disk is waited for, and what is removed is kept all the same', async () => {
  for (const name of ['a', 'b']) writeFileSync(at(name), 'old');
  const [one, other] = [open(), open()];
  put(one, 'a', 'of one');
  steps.length = 0;
  put(other, 'a', 'of other');
  put(other, 'a', 'of other again');
  other.remove(at('b'));
  expect(steps).toEqual([
    'mkdir /kept',
    'keep /networks/a',
    ...['fsync /networks/.temp', 'rename /networks/a', 'fsync /networks/.temp', 'rename /networks/a'],
    'keep /networks/b',
  ]);
  expect(kept()).toEqual([{ a: 'old' }, { a: 'of one', b: 'old' }]);
  await one.done();
  expect(kept()).toEqual([{ a: 'of one', b: 'old' }]);
  await other.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('of two that begin in the same moment one at least waits for the disk', async () => {
  for (const name of ['a', 'b']) writeFileSync(at(name), 'old');
  const other = open();
  const one = open((step) => {
    if (step.startsWith('mkdir')) other.remove(at('b'));
  });
  put(one, 'a', 'of one');
  expect(steps.slice(-3)).toEqual(['keep /networks/a', 'fsync /networks/.temp', 'rename /networks/a']);
  await Promise.all([one.done(), other.done()]);
  expect([text('a'), readdirSync(base)]).toEqual(['of one', ['networks']]);
});

test('where files cannot be linked, each new one is on the disk before it takes its name', async () => {
  writeFileSync(at('a'), 'old');
  const files = open((step) => {
    if (step.startsWith('keep')) throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
  });
  put(files, 'a', 'new');
  put(files, 'a', 'newer');
  expect(steps.filter((step) => step.startsWith('fsync'))).toHaveLength(2);
  await files.done();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('somebody takes away what is kept: the rounds go on', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  put(files, 'a', 'new');
  for (const folder of rounds()) rmSync(folder, { recursive: true });
  put(files, 'b', 'made');
  files.remove(at('a'));
  await files.done();
  expect([readdirSync(base), readdirSync(join(base, 'networks'))]).toEqual([['networks'], ['b']]);
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

/** The disk has no room for a text. */
const full = (step: string): void => {
  if (step.startsWith('write ')) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
};
const writeFull = (files: Unsynced, text: string): void =>
  changeFiles([{ op: 'write', path: at('a'), text }], { names: files, onOperation: full });

describe.each([
  ['removed', (files: Unsynced) => files.remove(at('a'))],
  ['replaced', (files: Unsynced) => put(files, 'a', 'new')],
])('a file that was %s is again what it was where the disk has no room for that', (_how, change) => {
  test('and nothing is left over', async () => {
    writeFileSync(at('a'), 'old');
    const files = open();
    change(files);
    expect(() => writeFull(files, 'other')).toThrow('no room');
    writeFull(files, 'old');
    expect([text('a'), readdirSync(join(base, 'networks'))]).toEqual(['old', ['a']]);
    await files.done();
    expect([text('a'), readdirSync(base), steps.includes('fsync /networks/a')]).toEqual(['old', ['networks'], true]);
  });

  test('and is kept when it changes once more', () => {
    writeFileSync(at('a'), 'old');
    const files = open();
    change(files);
    writeFull(files, 'old');
    put(files, 'a', 'newer');
    expect(kept()).toEqual([{ a: 'old' }]);
    files.remove(at('a'));
    expect(kept()).toEqual([{ a: 'old' }]);
  });
});

test('a file that is removed and written in one change is there', async () => {
  writeFileSync(at('a'), 'old');
  const files = open();
  changeFiles(
    [
      { op: 'remove', path: at('a') },
      { op: 'write', path: at('a'), text: 'new' },
    ],
    { names: files },
  );
  expect([text('a'), kept()]).toEqual(['new', [{ a: 'old' }]]);
  await files.done();
  expect([text('a'), readdirSync(base)]).toEqual(['new', ['networks']]);
});
