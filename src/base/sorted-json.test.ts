import { expect, test } from 'vitest';
import { sortedJson } from './sorted-json.ts';

test('equal values have the same text, at every depth', () => {
  const one = { b: [{ y: 1, x: undefined, z: null }], a: 'text' };
  const two = { a: 'text', b: [{ z: null, y: 1 }] };
  expect(sortedJson(one)).toBe('{"a":"text","b":[{"y":1,"z":null}]}');
  expect(sortedJson(two)).toBe(sortedJson(one));
});
