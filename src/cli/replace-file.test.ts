import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'virtnet-replace-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const path = join(folder, 'net.xml');

describe('replaceFile', () => {
  test('is another file in the old one’s place, with its mode, group and owner', () => {
    writeFileSync(path, 'old');
    if (process.geteuid?.() === 0) chownSync(path, 65534, 12);
    chmodSync(path, 0o4640);
    const before = statSync(path);
    replaceFile(path, 'new');
    const { ino, mode, uid, gid } = statSync(path);
    expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
    expect(ino).not.toBe(before.ino);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['net.xml']);
  });

  test('goes where a symlink leads', () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    symlinkSync('../net.xml', join(other, 'link.xml'));
    replaceFile(join(other, 'link.xml'), 'through');
    expect(readlinkSync(join(other, 'link.xml'))).toBe('../net.xml');
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('through');
    expect(readdirSync(other)).toEqual(['link.xml']);
  });

  test('makes no file where there is none', () => {
    expect(() => replaceFile(join(folder, 'none.xml'), 'x')).toThrow(/ENOENT/);
    expect(readdirSync(folder)).toEqual(['net.xml', 'other']);
  });
});
