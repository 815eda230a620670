import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cleanEnvironment } from './command.ts';

/** What came of the wait for a lock: flock(1)'s exit code, 0 when it is held, and its words. */
export interface FlockAnswer {
  readonly code: number;
  readonly stderr: string;
}

/** flock(1) answers this where the lock was not free in time. */
export const NOT_FREE = 75;

/** Takes and frees one lock, on request. It ends with the process that it serves (its stdin ends), and the lock with it. */
const LOOP = `
while IFS= read -r verb; do
  if [ "$verb" = free ]; then exec 9>&-; echo '0 '; continue; fi
  IFS= read -r path; IFS= read -r wait
  words=$({ command exec 9>>"$path"; } 2>&1) && exec 9>>"$path" && words=$(flock --exclusive --timeout "$wait" --conflict-exit-code ${String(NOT_FREE)} 9 2>&1)
  code=$?
  [ "$code" -eq 0 ] || exec 9>&-
  printf '%s %s\\n' "$code" "$(printf %s "$words" | tr '\\n' ' ')"
done`;

/**
 * Holds a lock of flock(2) for this process, by a lasting shell: taking it costs no start of a process from this one's large heap, freeing
 * it costs nothing. When this process ends, in whatever way, the shell does too, and the lock is free.
 */
export class LockKeeper {
  readonly #child: ChildProcess;
  #out = '';
  #answer: ((answer: FlockAnswer) => void) | undefined;
  #failure: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor() {
    this.#child = spawn('/bin/sh', ['-c', LOOP, 'virtnet-lock'], {
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: '/',
      detached: true, // a Ctrl-C ends us in our own time; the lock is held until then
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      const line = /^(\d+) (.*)\n/.exec(this.#out);
      if (!line) return;
      this.#out = '';
      this.#answer?.({ code: Number(line[1]), stderr: line[2] ?? '' });
    });
    this.#child.stdin?.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', (error) => {
      this.#fail(error);
    });
    this.#child.on('close', () => {
      this.#fail(new Error('the shell that holds the lock has ended'));
    });
    this.#hold(false);
  }

  get gone(): boolean {
    return this.#failure !== undefined;
  }

  /** Waits for the lock. One call at a time. @throws Error when there is no shell to hold it. */
  take(path: string, timeoutMs: number): Promise<FlockAnswer> {
    return this.#ask(`take\n${path}\n${(timeoutMs / 1000).toFixed(3)}\n`);
  }

  /** Done when others can have it. */
  async free(): Promise<void> {
    await this.#ask('free\n').catch(() => undefined); // a shell that has ended holds nothing
  }

  async #ask(text: string): Promise<FlockAnswer> {
    this.#hold(true);
    try {
      return await new Promise<FlockAnswer>((resolve, reject) => {
        this.#answer = resolve;
        this.#reject = reject;
        if (this.#failure) reject(this.#failure);
        else this.#child.stdin?.write(text);
      });
    } finally {
      this.#answer = this.#reject = undefined;
      this.#hold(false);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reject?.(error);
  }

  /** A keeper that nobody waits for must not keep this process alive. */
  #hold(on: boolean): void {
    for (const part of [this.#child, this.#child.stdin, this.#child.stdout] as ({ ref?(): void; unref?(): void } | null)[])
      if (on) part?.ref?.();
      else part?.unref?.();
  }
}
