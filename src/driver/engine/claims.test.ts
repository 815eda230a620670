import { expect, test } from 'vitest';
import { Claims } from './claims.ts';

test('who wants a network that another change has waits for that one alone', async () => {
  const claims = new Claims();
  expect(claims.endOf(() => ['a'])).toBeUndefined();
  const ended: string[] = [];
  const [releaseA, releaseB] = [claims.take(['uuid of a', 'a']), claims.take(['uuid of b', 'b'])];
  const forA = claims.endOf(() => ['a', 'c'])?.then(() => ended.push('a'));
  const forBoth = claims.endOf(() => ['uuid of a', 'b'])?.then(() => ended.push('both'));
  expect(claims.endOf(() => ['c'])).toBeUndefined();
  releaseA();
  await forA;
  expect(ended).toEqual(['a']);
  releaseB();
  await forBoth;
  expect(claims.endOf(() => ['a', 'b', 'uuid of a'])).toBeUndefined();
});
