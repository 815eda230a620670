import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definitionFile } from './file-name.ts';

describe('definitionFile', () => {
  test.each([
    ['default', 'default.xml'],
    ['my lab (2)', 'my lab (2).xml'],
    ['.', '%2E.xml'],
    ['..', '%2E..xml'],
    ['.hidden', '%2Ehidden.xml'],
    ['50%', '50%25.xml'],
    ['../etc/passwd', '%2E.%2Fetc%2Fpasswd.xml'],
    ['tab\there', 'tab%09here.xml'],
    ['größe', 'größe.xml'],
  ])('stores %j as %j', (name, file) => {
    expect(definitionFile(name)).toBe(file);
  });

  test('cuts a name that no file system takes, and keeps it apart from its neighbours', () => {
    const long = 'ü'.repeat(300);
    expect(Buffer.byteLength(definitionFile(long))).toBeLessThanOrEqual(204);
    expect(definitionFile(long)).not.toBe(definitionFile(`${long}x`));
  });

  test('gives a plain visible file name for any name, and another one for another name', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(name, name, (a, b) => {
        const file = definitionFile(a);
        expect(basename(file)).toBe(file);
        expect(file.startsWith('.')).toBe(false);
        expect(Buffer.byteLength(file)).toBeLessThanOrEqual(204);
        expect(definitionFile(b) === file).toBe(a === b);
      }),
    );
  });
});
