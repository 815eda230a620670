import { describe, expect, it } from 'vitest';
import { isSame } from './same.ts';

describe('isSame', () => {
  it('is true for equal plain data, whatever the order of its keys', () => {
    expect(isSame({ a: 1, b: [{ c: 'x' }, null] }, { b: [{ c: 'x' }, null], a: 1 })).toBe(true);
    expect(isSame({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(isSame({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  });

  it('is false for any difference, on either side', () => {
    const pairs: readonly (readonly [unknown, unknown])[] = [
      [{ a: 1 }, { a: '1' }],
      [{ a: 1 }, { a: 1, b: 2 }],
      [{ a: 1, b: 2 }, { a: 1 }],
      [
        [1, 2],
        [2, 1],
      ],
      [[1], [1, undefined]],
      [[], {}],
      [{}, []],
      [null, {}],
      [undefined, null],
      [{ a: { b: [1] } }, { a: { b: [2] } }],
    ];
    for (const [a, b] of pairs) {
      expect(isSame(a, b)).toBe(false);
      expect(isSame(b, a)).toBe(false);
    }
  });
});
