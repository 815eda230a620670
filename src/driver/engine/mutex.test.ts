import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Mutex } from './mutex.ts';

describe('a look that yields', () => {
  test('comes after the calls that wait, and no later than it may', async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    const call = (n: number): Promise<void> => mutex.run(() => sleep(2).then(() => void order.push(`call ${String(n)}`)));
    const calls = Array.from({ length: 10 }, (_, n) => call(n));
    const patient = mutex.quiet(60_000).then(() => order.push('patient'));
    const hasty = mutex.quiet(0).then(() => order.push('hasty'));
    await Promise.all([...calls, patient, hasty]);
    expect(order.at(0)).toBe('hasty');
    expect(order.at(-1)).toBe('patient');
    expect(order).toHaveLength(12);
  });

  test('does not wait where nothing is done', async () => {
    const seen: string[] = [];
    const later = sleep(0).then(() => seen.push('later'));
    await new Mutex().quiet(60_000);
    seen.push('quiet');
    await later;
    expect(seen).toEqual(['quiet', 'later']);
  });
});

describe('an action that steps aside', () => {
  test('lets the others have their turn, and goes on when it has its own again', async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    let end = (): void => undefined;
    const other = new Promise<void>((resolve) => (end = resolve));
    const first = mutex.run(async ({ aside }) => {
      order.push('first');
      await aside(() => other);
      order.push('first again');
    });
    await mutex.run(async () => void order.push('second'));
    await mutex.quiet(60_000); // nobody wants a turn
    const third = mutex.run(async () => {
      end();
      await sleep(2);
      order.push('third');
    });
    await Promise.all([first, third]);
    expect(order).toEqual(['first', 'second', 'third', 'first again']);
  });
});
