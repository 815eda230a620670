import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scratch } from '../../../test/support/scratch.ts';
import { makeFolders } from './make-folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'folders-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('makes what is missing, with the mode, and takes what is there', () => {
  const path = join(folder, 'a', 'b', 'c');
  makeFolders(path, 0o700);
  makeFolders(path);
  expect(['a', 'a/b', 'a/b/c'].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
  symlinkSync('a', join(folder, 'link'));
  makeFolders(join(folder, 'link', 'd'));
  expect(existsSync(join(folder, 'a', 'd'))).toBe(true);
});

test('ends with the reason where no folder can be made', () => {
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('nowhere', join(folder, 'dangling'));
  const reason = (path: string): unknown => {
    try {
      makeFolders(path);
      return 'made';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  expect(reason('/proc/x')).toBe('ENOENT');
  expect(reason('/proc/x/y')).toBe('ENOENT');
  expect(reason(join(folder, 'file'))).toBe('EEXIST');
  expect(reason(join(folder, 'file', 'x', 'y'))).toBe('ENOTDIR');
  expect(reason(join(folder, 'dangling', 'x'))).toBe('EEXIST');
  expect(reason('')).toBe('ENOENT');
});
