import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settleLeft, unsyncedFolder } from './settle-left.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'virtnet-left-'));
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

/** No process has this id. */
const ENDED = '.unsynced-BOOT.4194999';

function put(files: Readonly<Record<string, string>>, boot = 'before'): void {
  for (const [file, text] of Object.entries(files)) {
    const path = join(base, file.replace('kept/', `${ENDED.replace('BOOT', boot)}/`));
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), path);
    else writeFileSync(path, text);
  }
}

const settle = (): void =>
  settleLeft({
    configDir: base,
    folders: [join(base, 'networks'), join(base, 'networks/autostart')],
    bootId: 'now',
    isUsable: (_path, text) => text.endsWith('.'),
  });

/** All files that are left, with what they say. */
const left = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(base, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => [join(entry.parentPath, entry.name).slice(base.length + 1), entry] as const)
      .map(([path, entry]) => [path, entry.isSymbolicLink() ? '->' : readFileSync(join(base, path), 'utf8')]),
  );

test.each<[string, Record<string, string>, Record<string, string>]>([
  [
    'nothing is torn: what was replaced and removed goes',
    { 'networks/a': 'new.', 'kept/networks:a': 'old.', 'kept/networks:b': 'old.' },
    { 'networks/a': 'new.' },
  ],
  ['an empty file is as before', { 'networks/a': '', 'kept/networks:a': 'old.' }, { 'networks/a': 'old.' }],
  ['one of zeros is as before', { 'networks/a': '\0\0\0', 'kept/networks:a': 'old.' }, { 'networks/a': 'old.' }],
  ['half a file is as before', { 'networks/a': 'ne', 'kept/networks:a': 'old.' }, { 'networks/a': 'old.' }],
  [
    'a new file that is empty goes',
    { 'networks/a': '', 'networks/b': 'whole.', 'kept/networks:c': 'old.' },
    { 'networks/b': 'whole.', 'networks/c': 'old.' },
  ],
  [
    'what made room for a torn file is back, with its mark',
    { 'networks/b': '', 'kept/networks:a': 'old.', 'kept/autostart:a': '-> ../a' },
    { 'networks/a': 'old.', 'networks/autostart/a': '->' },
  ],
  [
    'a kept file that is torn itself helps nobody',
    { 'networks/a': '', 'kept/networks:a': '', 'networks/autostart/a': '-> ../a' },
    { 'networks/autostart/a': '->' },
  ],
  [
    'what somebody wrote that cannot be used is left alone',
    { 'networks/a': 'mine', 'networks/b': 'new.', 'kept/networks:b': 'old.' },
    { 'networks/a': 'mine', 'networks/b': 'new.' },
  ],
])('after a power cut: %s', (_what, files, expected) => {
  mkdirSync(join(base, 'networks/autostart'), { recursive: true });
  put(files);
  settle();
  expect(left()).toEqual(expected);
  expect(readdirSync(base)).toEqual(['networks']);
});

test('after a kill all stands as it is', () => {
  put({ 'networks/a': 'new.', 'networks/b': '', 'kept/networks:a': 'old.', 'kept/networks:c': 'old.' }, 'now');
  settle();
  expect(left()).toEqual({ 'networks/a': 'new.', 'networks/b': '' });
});

test('what a process keeps that still runs is its own, and an empty file without any sign of a power cut is left alone', () => {
  put({ 'networks/a': '' });
  mkdirSync(unsyncedFolder(base, 'now'));
  writeFileSync(join(unsyncedFolder(base, 'now'), 'networks:a'), 'old.');
  settle();
  expect(readdirSync(base)).toEqual([`.unsynced-now.${String(process.pid)}`, 'networks']);
  expect(left()).toMatchObject({ 'networks/a': '' });
});

test('what cannot be settled stops nobody, and stays', () => {
  put({ 'networks/a': '', 'kept/networks:a': 'old.' });
  const broken = { configDir: base, folders: [join(base, 'networks')], bootId: 'now' };
  settleLeft({
    ...broken,
    isUsable: () => {
      throw new Error('i/o error');
    },
  });
  expect(left()).toEqual({ 'networks/a': '', [`${ENDED.replace('BOOT', 'before')}/networks:a`]: 'old.' });
});

test('a folder without networks, and none at all, have nothing to settle', () => {
  settle();
  expect(readdirSync(base)).toEqual([]);
  settleLeft({ configDir: join(base, 'none'), folders: [], bootId: 'now', isUsable: () => true });
});
