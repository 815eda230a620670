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
