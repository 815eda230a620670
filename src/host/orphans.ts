import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Names this process and no other, also where process numbers repeat (containers). Its lasting shells have it as their first argument. */
export const PROCESS_TOKEN = randomUUID();

/** Where it stands in their command line: /bin/sh -c LOOP NAME TOKEN. */
const AT = 4;
/** Milliseconds between two looks. */
const PAUSE_MS = 5;

/**
 * Waits for the lasting shells of a process that is no more: what it had sent to them before it was killed is still carried out, after its lock
 * is free. Nothing to wait for where the process lives.
 * @param longestMs gives up after this many milliseconds.
 */
export async function shellsEnded(process: { readonly pid: number; readonly token: string }, longestMs: number): Promise<void> {
  const until = performance.now() + longestMs;
  while (!existsSync(`/proc/${String(process.pid)}`) && hasShells(process.token) && performance.now() < until) await sleep(PAUSE_MS);
}

function hasShells(token: string): boolean {
  return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && argument(entry) === token);
}

function argument(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[AT];
  } catch {
    return undefined; // it has ended
  }
}
