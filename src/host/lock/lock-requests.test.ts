import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LockRequests, askFor } from './lock-requests.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'virtnet-ask-'));
  lock = join(folder, 'lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('who asks is heard, also one that asked before anybody kept the lock, until all of them have gone', async () => {
  writeFileSync(`${lock}.ask`, ''); // of one that was killed
  const onAsk = vi.fn();
  const early = askFor(lock);
  const requests = new LockRequests(lock, onAsk);
  await expect.poll(() => onAsk.mock.calls).toHaveLength(1);
  const late = askFor(lock);
  await expect.poll(() => onAsk.mock.calls).toHaveLength(2);
  early();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(requests.since).toBeDefined();
  late();
  await expect.poll(() => requests.since).toBeUndefined();
  requests.close();
  expect(existsSync(`${lock}.ask`)).toBe(false);
});

test('a socket that somebody removes is as if asked for', async () => {
  const onAsk = vi.fn();
  const requests = new LockRequests(lock, onAsk);
  rmSync(`${lock}.ask`);
  await expect.poll(() => onAsk.mock.calls).toHaveLength(1);
  expect(requests.since).toBeDefined();
  requests.close();
});

test.each(['in the way of whose socket is a folder', 'whose path leaves no room for a socket'])(
  'a lock %s is as if asked for',
  async (what) => {
    if (what.startsWith('in')) mkdirSync(`${lock}.ask`);
    else lock = join(folder, 'x'.repeat(120));
    const onAsk = vi.fn();
    const requests = new LockRequests(lock, onAsk);
    await expect.poll(() => onAsk.mock.calls).toHaveLength(1);
    expect(requests.since).toBeDefined();
    askFor(lock)();
    requests.close();
  },
);
