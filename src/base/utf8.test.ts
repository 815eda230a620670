import { expect, test } from 'vitest';
import { longerThanBytes } from './utf8.ts';

test.each([
  ['abcdefghijklmno', 15, false],
  ['abcdefghijklmnop', 15, true],
  ['äöüäöüä', 14, false],
  ['äöüäöüä', 13, true],
  ['€€€€€', 15, false],
  ['€€€€€', 14, true],
  ['😀😀', 8, false],
  ['😀😀', 7, true],
])('%s in %i bytes: longer %s', (text, max, longer) => {
  expect(longerThanBytes(text, max)).toBe(longer);
});
