import { readFileSync } from 'node:fs';

/** A process, as far as proc_pid_stat(5) says. */
export interface ProcessStat {
  /** The number of the session that it is in. */
  readonly session: string;
  /** When it began, in clock ticks after the boot: of two processes with one number, one after the other, it tells which. */
  readonly start: string;
}

/**
 * Undefined where there is no such process, and for one that has ended and that nobody has waited for (a container without an init). /proc
 * answers at once.
 */
export function processStat(pid: string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // the command's name may have spaces
    const [state = '', , , session = ''] = fields;
    return state === 'Z' || state === 'X' ? undefined : { session, start: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
