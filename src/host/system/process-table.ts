import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running process with the parts that identify it as ours. */
export interface ProcessEntry {
  readonly pid: number;
  readonly environment: ReadonlyMap<string, string>;
  /** One letter of proc(5): `T` and `t` are stopped, `Z` has ended. */
  readonly state: string;
}

/**
 * Reads a process of this network namespace; undefined when there is none, it has ended or it lives elsewhere. /proc answers at once: a
 * detour over a thread would cost more than the reading, and a host may have thousands.
 */
export function readProcess(pid: number, proc: string, netns = ownNetns(proc)): ProcessEntry | undefined {
  try {
    // The shortest reading that tells a stranger comes first.
    if (readlinkSync(`${proc}/${String(pid)}/ns/net`) !== netns) return undefined;
    const stat = readFileSync(`${proc}/${String(pid)}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'Z' || state === 'X') return undefined;
    return { pid, environment: readEnvironment(readFileSync(`${proc}/${String(pid)}/environ`, 'utf8')), state };
  } catch {
    return undefined; // it ended while we looked, or it is not ours to see
  }
}

function ownNetns(proc: string): string {
  return readlinkSync(`${proc}/self/ns/net`);
}

function readEnvironment(environ: string): ReadonlyMap<string, string> {
  return new Map(
    environ.split('\0').flatMap((entry): [string, string][] => {
      const at = entry.indexOf('=');
      return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)]] : [];
    }),
  );
}

/**
 * All processes of this network namespace whose environment has the variable, and whom this user's servers may be: anybody can set a variable, and
 * is not to have a server taken for doubled.
 */
export function findProcesses(variable: string, proc: string): readonly ProcessEntry[] {
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  const netns = ownNetns(proc);
  return pids.flatMap((name) => {
    const entry = readProcess(Number(name), proc, netns);
    return entry?.environment.has(variable) === true && isPrivileged(name, proc) ? [entry] : [];
  });
}

/** True for a process with a capability in our user namespace: a dnsmasq that has become another user keeps those that its ports need. */
function isPrivileged(pid: string, proc: string): boolean {
  try {
    const permitted = /^CapPrm:\s+([0-9a-f]+)$/m.exec(readFileSync(`${proc}/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return /[1-9a-f]/.test(permitted) && readlinkSync(`${proc}/${pid}/ns/user`) === readlinkSync(`${proc}/self/ns/user`);
  } catch {
    return false; // it has ended
  }
}

/** The processes that a process has started and that still run; undefined where the kernel does not list them (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number, proc: string): readonly number[] | undefined {
  try {
    const text = readFileSync(`${proc}/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return undefined;
  }
}

/**
 * Ends a process and waits until it is gone. `isStill` is asked before each signal, so that a number that has passed to another process
 * is never signalled. A stopped process cannot hear SIGTERM and is killed at once.
 * @param progress what changes as long as the process is busy with its last work; it is killed only when that has stood still for a while.
 */
export async function endProcess(
  pid: number,
  isStill: (entry: ProcessEntry) => boolean,
  proc: string,
  progress: () => number = () => 0,
): Promise<void> {
  let deadline = performance.now() + PATIENCE_MS;
  let reached = progress();
  let told = false;
  for (let wait = 1; ; wait = Math.min(wait * 2, 20)) {
    const entry = readProcess(pid, proc);
    if (!entry || !isStill(entry)) return;
    if (performance.now() > deadline && progress() !== reached) {
      deadline = performance.now() + PATIENCE_MS;
      reached = progress();
    }
    const isDeaf = entry.state === 'T' || entry.state === 't' || performance.now() > deadline;
    if (!told || isDeaf) signal(pid, isDeaf ? 'SIGKILL' : 'SIGTERM');
    told = true;
    await sleep(wait);
  }
}

/** How long a process may take to end by itself, in milliseconds. */
const PATIENCE_MS = 2000;

/** Sends a signal; a process that has ended meanwhile is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
