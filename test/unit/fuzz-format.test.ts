import { expect, it } from 'vitest';
import { fuzzFormat } from '../fuzz/format.ts';

it('keeps its promises for inputs of any shape (`npm run fuzz:format -- --count N` asks for more)', () => {
  const { failures, accepted, refused } = fuzzFormat(20_261_122, 2000);
  expect(failures.filter((f) => !f.what.startsWith('took'))).toEqual([]);
  expect(accepted).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
}, 120_000);
