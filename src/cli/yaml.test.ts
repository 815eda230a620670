import { describe, expect, test } from 'vitest';
import { parseYaml, places } from './yaml.ts';

describe('parseYaml', () => {
  test('refuses a key that a mapping has already, where it stands the second time', () => {
    const text = 'name: x\nips:\n  - {prefix: 1, "prefix": 2}\n  - prefix: 1\nname: y\n';
    expect(parseYaml(text).faults).toMatchObject([
      { code: 'VNJ001', message: 'the key "prefix" is given twice', span: { start: text.indexOf('"prefix"') } },
      { code: 'VNJ001', message: 'the key "name" is given twice', span: { start: text.lastIndexOf('name') } },
    ]);
  });

  test('tells what is wrong in the order of the text', () => {
    const text = 'a: 1\na: 2\nb: "\n';
    const { faults } = parseYaml(text);
    expect(faults.map(({ span }) => span?.start)).toEqual([text.lastIndexOf('a'), text.length]);
  });

  test('takes and finds very many keys of one mapping', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `key${String(i)}`);
    const { document, faults } = parseYaml(keys.map((key) => `${key}: 1\n`).join(''));
    expect(faults).toEqual([]);
    const spanAt = places(document);
    expect(new Set(keys.map((key) => spanAt([key]).start)).size).toBe(keys.length);
  });
});

test('places are those of values, or of what is around them', () => {
  const text = 'ips:\n  - address: 10.0.0.1\n    7: seven\n';
  const spanAt = places(parseYaml(text).document);
  const at = (...path: string[]): string => text.slice(spanAt(path).start, spanAt(path).end);
  expect(at('ips', '0', 'address')).toBe('10.0.0.1');
  expect(at('ips', '0', '7')).toBe('seven');
  expect(at('ips', '0', 'none')).toBe(text.slice(text.indexOf('address')));
  expect(at('ips', '0', 'address', 'none')).toBe('10.0.0.1');
  expect(at('none')).toBe('');
});
