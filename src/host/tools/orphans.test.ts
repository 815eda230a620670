import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { OURS, toolsEnded } from './orphans.ts';

/** A tool as a process starts it that has another token than this one. */
function tool(token: string, ...[program, ...args]: [string, ...string[]]): ChildProcess {
  const variables = Object.fromEntries(Object.keys(OURS.variables).map((name) => [name, token]));
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables },
    detached: OURS.detached,
  });
}

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn('/bin/true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('the tools of a process that is gone are waited for, those of another one are not', async () => {
  const pid = await deadPid();
  const [one, other] = [tool('token-of-the-dead', 'sleep', '0.4'), tool('token-of-another', 'sleep', '0.8')];
  const ends = [once(one, 'exit'), once(other, 'exit')];
  await toolsEnded({ pid, token: 'token-of-nobody' }, 5000);
  expect([one.exitCode, other.exitCode]).toEqual([null, null]);
  await toolsEnded({ pid, token: 'token-of-the-dead' }, 5000);
  await ends[0]; // it has: this only lets Node hear of it
  expect(other.exitCode).toBeNull();
  await ends[1];
});

test('what a tool has left running is not waited for: a dnsmasq goes on', async () => {
  // As a daemon starts: a session of its own, and in it a child that stays.
  const starter = tool('token-of-a-starter', 'setsid', '--fork', 'sh', '-c', 'sleep 60 >/dev/null & echo $!');
  let left = '';
  starter.stdout?.on('data', (text: Buffer) => (left += text.toString()));
  await once(starter, 'close');
  await toolsEnded({ pid: await deadPid(), token: 'token-of-a-starter' }, 60_000);
  process.kill(Number(left)); // throws where it does not run
});

test('nobody waits for the tools of a process that lives, nor for ever', async () => {
  const lasting = tool('token-that-stays', 'sleep', '60');
  try {
    await toolsEnded({ pid: process.pid, token: 'token-that-stays' }, 60_000);
    await toolsEnded({ pid: await deadPid(), token: 'token-that-stays' }, 50);
    expect(lasting.exitCode).toBeNull();
  } finally {
    lasting.kill('SIGKILL');
  }
});
