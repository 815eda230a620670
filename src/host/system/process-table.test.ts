import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { endProcess } from './process-table.ts';

afterEach(() => void vi.restoreAllMocks());

test('a process that does not hear is killed soon, though the clock is set back meanwhile', async () => {
  const child = spawn('sh', ['-c', 'trap "" TERM; echo; while :; do sleep 0.1; done'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const ended = once(child, 'exit');
  let now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => (now -= 3_600_000));
  await endProcess(child.pid ?? 0, () => true, '/proc');
  expect(await ended).toEqual([null, 'SIGKILL']);
});
