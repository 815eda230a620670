import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { shellsEnded } from './orphans.ts';

/** A shell as the pools have them, that ends by itself after a moment. */
function shell(token: string): { readonly ended: () => boolean; readonly done: Promise<unknown> } {
  const child = spawn('/bin/sh', ['-c', 'sleep 0.4', 'virtnet', token], { stdio: 'ignore' });
  return { ended: () => child.exitCode !== null, done: once(child, 'exit') };
}

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn('/bin/true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('the shells of a process that is gone are waited for, those of another one are not', async () => {
  const pid = await deadPid();
  const one = shell('token-of-the-dead');
  const other = shell('token-of-another');
  await shellsEnded({ pid, token: 'token-of-nobody' }, 5000);
  expect([one.ended(), other.ended()]).toEqual([false, false]);
  await shellsEnded({ pid, token: 'token-of-the-dead' }, 5000);
  await one.done; // it has: this only lets Node hear of it
  await other.done;
});

test('nobody waits for the shells of a process that lives, nor for ever', async () => {
  const lasting = spawn('/bin/sh', ['-c', 'sleep 60', 'virtnet', 'token-that-stays'], { stdio: 'ignore', detached: true });
  try {
    await shellsEnded({ pid: process.pid, token: 'token-that-stays' }, 60_000);
    await shellsEnded({ pid: await deadPid(), token: 'token-that-stays' }, 50);
    expect(lasting.exitCode).toBeNull();
  } finally {
    process.kill(-(lasting.pid ?? 0), 'SIGKILL');
  }
});
