import type { ChildProcess } from 'node:child_process';

/** Whether a child and the pipes to it keep this process alive: one that is idle must not. */
export function keepAlive(child: ChildProcess, on: boolean): void {
  for (const part of [child, child.stdin, child.stdout, child.stderr] as ({ ref?(): void; unref?(): void } | null)[])
    if (on) part?.ref?.();
    else part?.unref?.();
}
