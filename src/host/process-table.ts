import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running process with the parts that identify it as ours. */
export interface ProcessEntry {
  readonly pid: number;
  readonly environment: ReadonlyMap<string, string>;
  /** One letter of proc(5): `T` and `t` are stopped, `Z` has ended. */
  readonly state: string;
}

/** Reads a process of this network namespace; undefined when there is none, it has ended or it lives elsewhere. */
export async function readProcess(pid: number, proc: string): Promise<ProcessEntry | undefined> {
  try {
    const [environ, stat, netns, ownNetns] = await Promise.all([
      readFile(`${proc}/${String(pid)}/environ`, 'utf8'),
      readFile(`${proc}/${String(pid)}/stat`, 'utf8'),
      readlink(`${proc}/${String(pid)}/ns/net`),
      readlink(`${proc}/self/ns/net`),
    ]);
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (netns !== ownNetns || state === 'Z' || state === 'X') return undefined;
    const environment = new Map(
      environ.split('\0').flatMap((entry): [string, string][] => {
        const at = entry.indexOf('=');
        return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)]] : [];
      }),
    );
    return { pid, environment, state };
  } catch {
    return undefined; // it ended while we looked, or it is not ours to see
  }
}

/** All processes of this network namespace whose environment has the variable. */
export async function findProcesses(variable: string, proc: string): Promise<readonly ProcessEntry[]> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map((pid) => readProcess(pid, proc)));
  return entries.filter((e): e is ProcessEntry => e?.environment.has(variable) === true);
}

/**
 * Ends a process and waits until it is gone. `isStill` is asked before each signal, so that a number that has passed to another process
 * is never signalled. A stopped process cannot hear SIGTERM and is killed at once.
 */
export async function endProcess(pid: number, isStill: (entry: ProcessEntry) => boolean, proc: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  let told = false;
  for (let wait = 1; ; wait = Math.min(wait * 2, 20)) {
    const entry = await readProcess(pid, proc);
    if (!entry || !isStill(entry)) return;
    const isDeaf = entry.state === 'T' || entry.state === 't' || Date.now() > deadline;
    if (!told || isDeaf) signal(pid, isDeaf ? 'SIGKILL' : 'SIGTERM');
    told = true;
    await sleep(wait);
  }
}

/** How long a process may take to end by itself. */
const PATIENCE_MS = 2000;

/** Sends a signal; a process that has ended meanwhile is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
