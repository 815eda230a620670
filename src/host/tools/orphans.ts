import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from './process-stat.ts';

/** Names this process and no other, also where process numbers repeat (containers). */
export const PROCESS_TOKEN = randomUUID();

const VARIABLE = 'VIRTNET_PROCESS';

/**
 * What this process gives to those that it starts and that change the host: a session of their own, and its token in their environment. What
 * they start in turn has that as well, but leads no session: a dnsmasq goes on when what started it has ended.
 */
export const OURS = { variables: { [VARIABLE]: PROCESS_TOKEN }, detached: true } as const;

/** Milliseconds between two looks. */
const PAUSE_MS = 5;

/**
 * Waits for the shells and tools of a process that is no more: what it had sent to them before it was killed is still carried out, after its
 * lock is free. Nothing to wait for where the process lives.
 * @param longestMs gives up after this many milliseconds.
 */
export async function toolsEnded(process: { readonly pid: number; readonly token: string }, longestMs: number): Promise<void> {
  const until = performance.now() + longestMs;
  while (processStat(String(process.pid)) === undefined && hasTools(process.token) && performance.now() < until) await sleep(PAUSE_MS);
}

function hasTools(token: string): boolean {
  const entry = `${VARIABLE}=${token}`;
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && environment(name).includes(entry) && processStat(name)?.session === name,
  );
}

function environment(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // it has ended, or is somebody else's
  }
}
