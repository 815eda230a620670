import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

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
  while (!isAlive(process.pid) && hasTools(process.token) && performance.now() < until) await sleep(PAUSE_MS);
}

function hasTools(token: string): boolean {
  const entry = `${VARIABLE}=${token}`;
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && environment(name).includes(entry) && stat(name)?.session === name);
}

function environment(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // it has ended, or is somebody else's
  }
}

/** The fields of proc_pid_stat(5) that follow the command's name: state, parent, group, session. Undefined where there is no such process. */
function stat(pid: string): { readonly state: string; readonly session: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', , , session = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, session };
  } catch {
    return undefined;
  }
}

/** False also for one that has ended and that nobody has waited for (a container without an init). */
function isAlive(pid: number): boolean {
  const state = stat(String(pid))?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}
