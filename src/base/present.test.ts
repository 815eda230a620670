import { expect, test } from 'vitest';
import { present } from './present.ts';

interface Sample {
  readonly a: string;
  readonly b?: number;
  readonly c?: boolean;
}

test('absent parts leave no key behind; false, zero and empty text stay', () => {
  const sample = present<Sample>({ a: '', b: 0, c: undefined });
  expect(Object.entries(sample)).toEqual([
    ['a', ''],
    ['b', 0],
  ]);
  expect(present<Sample>({ a: 'x', b: undefined, c: false })).toStrictEqual({ a: 'x', c: false });
});
