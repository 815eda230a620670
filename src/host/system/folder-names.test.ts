import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderNames } from './folder-names.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'virtnet-names-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the names in a folder', () => {
  it('are told right, however many are asked for', () => {
    for (let n = 0; n < 40; n += 2) writeFileSync(join(folder, `dev${String(n)}`), '');
    const names = new FolderNames(folder);
    for (let n = 0; n < 40; n++) expect(names.has(`dev${String(n)}`), String(n)).toBe(n % 2 === 0);
  });

  it('are the same for the whole of a look, also where one came or went meanwhile', () => {
    writeFileSync(join(folder, 'a'), '');
    const names = new FolderNames(folder);
    expect([names.has('a'), names.has('b')]).toEqual([true, false]);
    rmSync(join(folder, 'a'));
    writeFileSync(join(folder, 'b'), '');
    expect([names.has('a'), names.has('b')]).toEqual([true, false]);
  });

  it('are no ways out of it', () => {
    mkdirSync(join(folder, 'in/deep'), { recursive: true });
    const names = new FolderNames(join(folder, 'in'));
    expect(['', '.', '..', '../in', 'deep/../deep', 'a\0b', 'deep'].map((name) => names.has(name))).toEqual([
      ...new Array<boolean>(6).fill(false),
      true,
    ]);
  });

  it('are none where there is no such folder', () => {
    const names = new FolderNames(join(folder, 'absent'));
    for (let n = 0; n < 20; n++) expect(names.has(String(n))).toBe(false);
  });
});
