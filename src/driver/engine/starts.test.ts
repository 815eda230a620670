import { expect, test } from 'vitest';
import { Starts } from './starts.ts';

test('who asks about a network waits for the starts of that one alone', async () => {
  const starts = new Starts();
  const told: string[] = [];
  const [endA, endAgain, endB] = [
    starts.begin([{ uuid: 'a' }]),
    starts.begin([{ uuid: 'a' }, { uuid: 'c' }]),
    starts.begin([{ uuid: 'b' }]),
  ];
  const a = starts.ended({ uuid: 'a' }).then(() => told.push('a'));
  const c = starts.ended({ uuid: 'c' }).then(() => told.push('c'));
  await starts.ended({ uuid: 'd' });
  endAgain();
  await c;
  expect(told).toEqual(['c']);
  endA();
  endA();
  await a;
  expect(told).toEqual(['c', 'a']);
  endB();
  await starts.ended({ uuid: 'b' });
});
