import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LeftOptions } from './settle-left.ts';
import { keptByOthers, newUnsyncedFolder, settleLeft } from './settle-left.ts';

let base: string;
let told: string[];
beforeEach(() => {
  told = [];
  base = mkdtempSync(join(tmpdir(), 'virtnet-left-'));
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

/** No process has this id. */
const ENDED = '.unsynced-BOOT.4194999.1.0';

function put(files: Readonly<Record<string, string>>, boot = 'before'): void {
  for (const [file, text] of Object.entries(files)) {
    const path = join(base, file.replace('kept/', `${ENDED.replace('BOOT', boot)}/`));
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), path);
    else writeFileSync(path, text);
  }
}

const options = (): LeftOptions => ({
  configDir: base,
  definitions: join(base, 'networks'),
  autostart: join(base, 'networks/autostart'),
  bootId: 'now',
  /** Usable is what ends with a full stop; `#` is followed by the uuid. */
  networkIn: (_path, text) => {
    const uuid = /#(\d+)/.exec(text)?.[1];
    return text.endsWith('.') ? { ...(uuid !== undefined && { uuid }) } : undefined;
  },
  onPutBack: (path, is) => told.push(`${basename(path)} ${is}`),
});
const settle = (): void => settleLeft(options());

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
    { 'networks/a.xml': 'new.', 'kept/networks:a.xml': 'old.', 'kept/networks:b.xml': 'old.' },
    { 'networks/a.xml': 'new.' },
  ],
  ['an empty file is as before', { 'networks/a.xml': '', 'kept/networks:a.xml': 'old.' }, { 'networks/a.xml': 'old.' }],
  [
    'a network that has another name by now is not back under the old one, nor is its mark',
    {
      'networks/b.xml': 'whole #1.',
      'networks/c.xml': '',
      'kept/networks:a.xml': 'old #1.',
      'kept/autostart:a.xml': '-> ../a.xml',
      'kept/networks:d.xml': 'old #2.',
    },
    { 'networks/b.xml': 'whole #1.', 'networks/d.xml': 'old #2.' },
  ],
  ['one of zeros is as before', { 'networks/a.xml': '\0\0\0', 'kept/networks:a.xml': 'old.' }, { 'networks/a.xml': 'old.' }],
  ['half a file is as before', { 'networks/a.xml': 'ne', 'kept/networks:a.xml': 'old.' }, { 'networks/a.xml': 'old.' }],
  [
    'a new file that is empty goes',
    { 'networks/a.xml': '', 'networks/b.xml': 'whole.', 'kept/networks:c.xml': 'old.' },
    { 'networks/b.xml': 'whole.', 'networks/c.xml': 'old.' },
  ],
  [
    'what made room for a torn file is back, with its mark',
    { 'networks/b.xml': '', 'kept/networks:a.xml': 'old.', 'kept/autostart:a.xml': '-> ../a.xml' },
    { 'networks/a.xml': 'old.', 'networks/autostart/a.xml': '->' },
  ],
  [
    'a kept file that is torn itself helps nobody',
    { 'networks/a.xml': '', 'kept/networks:a.xml': '', 'networks/autostart/a.xml': '-> ../a.xml' },
    { 'networks/autostart/a.xml': '->' },
  ],
  [
    'what somebody wrote that cannot be used is left alone',
    { 'networks/a.xml': 'mine', 'networks/b.xml': 'new.', 'kept/networks:b.xml': 'old.' },
    { 'networks/a.xml': 'mine', 'networks/b.xml': 'new.' },
  ],
  [
    'files that are none of ours say nothing of a power cut, and stay',
    { 'networks/.gitkeep': '', 'networks/autostart/a.xml': '', 'kept/networks:b.xml': 'old.', 'kept/autostart:a.xml': '-> ../a.xml' },
    { 'networks/.gitkeep': '', 'networks/autostart/a.xml': '' },
  ],
  [
    'a text that a killed process had not begun to write says nothing of one either',
    { 'networks/.a.xml.1-0.tmp': '', 'kept/networks:b.xml': 'old.' },
    { 'networks/.a.xml.1-0.tmp': '' },
  ],
])('after a power cut: %s', (_what, files, expected) => {
  mkdirSync(join(base, 'networks/autostart'), { recursive: true });
  put(files);
  settle();
  expect(left()).toEqual(expected);
  expect(readdirSync(base)).toEqual(['networks']);
});

test('what is put back is told, and nothing else is', () => {
  put({
    'networks/a.xml': '',
    'networks/b.xml': '',
    'networks/c.xml': 'new.',
    'kept/networks:a.xml': 'old.',
    'kept/networks:c.xml': 'old.',
    'kept/networks:d.xml': 'old.',
  });
  settle();
  expect(told.toSorted()).toEqual(['a.xml as before', 'b.xml gone', 'd.xml as before']);
  settle();
  expect(told).toHaveLength(3);
});

test('what the disk may have refused in this boot is written anew, or is as before where it is lost', () => {
  const files = { 'networks/a.xml': 'new.', 'networks/b.xml': '\0\0\0', 'kept/networks:a.xml': 'old.', 'kept/networks:b.xml': 'old.' };
  put({ ...files, 'networks/c.xml': 'new.' }, 'now');
  const inodes = (): bigint[] => ['a', 'c'].map((name) => statSync(join(base, 'networks', `${name}.xml`), { bigint: true }).ino);
  const [refused, untouched] = inodes();
  settle();
  expect([left(), told]).toEqual([{ 'networks/a.xml': 'new.', 'networks/b.xml': 'old.', 'networks/c.xml': 'new.' }, ['b.xml as before']]);
  const [anew, same] = inodes();
  expect([anew === refused, same === untouched]).toEqual([false, true]);
  expect(readdirSync(base)).toEqual(['networks']);
});

test('what cannot be written anew stays kept', () => {
  put({ 'networks/a.xml': 'new.', 'kept/networks:a.xml': 'old.' }, 'now');
  let looks = 0; // the first one finds nothing lost
  settleLeft({
    ...options(),
    networkIn: () => {
      if (++looks > 1) throw new Error('i/o error');
      return {};
    },
  });
  expect(left()).toEqual({ 'networks/a.xml': 'new.', [`${ENDED.replace('BOOT', 'now')}/networks:a.xml`]: 'old.' });
});

test('after a kill all stands as it is', () => {
  put({ 'networks/a.xml': 'new.', 'networks/b.xml': '', 'kept/networks:a.xml': 'old.', 'kept/networks:c.xml': 'old.' }, 'now');
  settle();
  expect(left()).toEqual({ 'networks/a.xml': 'new.', 'networks/b.xml': '' });
});

test('what a process keeps that still runs is its own, and an empty file without any sign of a power cut is left alone', () => {
  put({ 'networks/a.xml': '' });
  const own = newUnsyncedFolder(base, 'now');
  mkdirSync(own);
  writeFileSync(join(own, 'networks:a.xml'), 'old.');
  settle();
  expect([keptByOthers(options()), readdirSync(base)]).toEqual(['nothing', [basename(own), 'networks']]);
  expect(left()).toMatchObject({ 'networks/a.xml': '' });
});

test('a process that has the number of one that was killed is another one', () => {
  put({ 'networks/a.xml': 'new.' });
  const [boot, pid, start] = basename(newUnsyncedFolder(base, 'now')).split('.').slice(1);
  for (const folder of [`${boot ?? ''}.${pid ?? ''}.${String(Number(start) - 1)}.0`, `${boot ?? ''}.${pid ?? ''}`]) {
    mkdirSync(join(base, `.${folder}`));
    expect(keptByOthers(options()), folder).toBe('left');
    settle();
    expect(readdirSync(base), folder).toEqual(['networks']);
  }
});

test('what a process of another pid namespace keeps is its own for as long as it may be at work', () => {
  put({ 'networks/a.xml': 'new.' });
  const folder = join(base, `.unsynced-now.${String(process.pid)}.1.1.0`);
  mkdirSync(folder);
  settle();
  expect([keptByOthers(options()), readdirSync(base)]).toEqual(['needed', [basename(folder), 'networks']]);
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(folder, aMinuteAgo, aMinuteAgo);
  expect(keptByOthers(options())).toBe('left');
  settle();
  expect(readdirSync(base)).toEqual(['networks']);
});

test('of what two killed ones kept, the newest that can be used is back', () => {
  put({ 'networks/a.xml': '', 'networks/b.xml': '', 'kept/networks:a.xml': 'older.', 'kept/networks:b.xml': 'older.' }, 'long-before');
  put({ 'kept/networks:a.xml': 'old.', 'kept/networks:b.xml': 'torn' });
  put({ 'kept/networks:c.xml': 'older #1.' }, 'long-before');
  put({ 'kept/networks:d.xml': 'old #1.' });
  const at = (boot: string, name: string): string => join(base, ENDED.replace('BOOT', boot), `networks:${name}.xml`);
  for (const name of ['a', 'b', 'c']) utimesSync(at('long-before', name), 1, 1);
  settle();
  expect(left()).toEqual({ 'networks/a.xml': 'old.', 'networks/b.xml': 'older.', 'networks/d.xml': 'old #1.' });
});

test('what was edited by hand since wins, whatever it says', () => {
  put({
    'networks/a.xml': 'mine',
    'networks/b.xml': '',
    'networks/c.xml': 'torn',
    'kept/networks:a.xml': 'old.',
    'kept/networks:c.xml': 'old.',
  });
  const later = Date.now() / 1000 + 60;
  for (const name of ['a', 'b']) utimesSync(join(base, 'networks', `${name}.xml`), later, later);
  settle();
  expect(left()).toEqual({ 'networks/a.xml': 'mine', 'networks/b.xml': '', 'networks/c.xml': 'old.' });
});

test('what cannot be settled stops nobody, and stays', () => {
  put({ 'networks/a.xml': '', 'kept/networks:a.xml': 'old.' });
  settleLeft({
    ...options(),
    networkIn: () => {
      throw new Error('i/o error');
    },
  });
  expect(left()).toEqual({ 'networks/a.xml': '', [`${ENDED.replace('BOOT', 'before')}/networks:a.xml`]: 'old.' });
});

test('a folder without networks, and none at all, have nothing to settle', () => {
  settle();
  expect(readdirSync(base)).toEqual([]);
  settleLeft({ ...options(), configDir: join(base, 'none') });
});
