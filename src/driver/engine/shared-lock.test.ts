import { expect, test } from 'vitest';
import { SharedLock } from './shared-lock.ts';

test('the lock is held until the last change needs it no more', async () => {
  const happened: string[] = [];
  const lock = new SharedLock({
    lock: async (purpose) => {
      happened.push(`taken to ${purpose}`);
      return { undisturbed: false, [Symbol.asyncDispose]: async () => void happened.push('given back') };
    },
  });
  const slow = await lock.take('start a');
  const quick = await lock.take('start b');
  expect([slow.undisturbed, quick.undisturbed]).toEqual([false, true]);
  await lock.release();
  expect(happened).toEqual(['taken to start a']);
  await lock.release();
  expect(happened).toEqual(['taken to start a', 'given back']);
  await lock.take('stop a');
  await lock.release();
  expect(happened.slice(2)).toEqual(['taken to stop a', 'given back']);
});
