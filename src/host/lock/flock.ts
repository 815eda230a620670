import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cleanEnvironment } from '../tools/command.ts';
import { keepAlive } from '../tools/keep-alive.ts';

/** What came of the wait for a lock: flock(1)'s exit code, 0 when it is held, and its words. */
export interface FlockAnswer {
  readonly code: number;
  readonly stderr: string;
}

/** flock(1) answers this where the lock was not free in time. */
export const NOT_FREE = 75;

/**
 * Takes and frees one lock, on request. Each answer ends with a line of its exit code; words of what failed come before it. It ends with the
 * process that it serves (its stdin ends), and the lock with it. All that it starts is flock(1), once: a start is most of the time. The lock of a
 * file that has been removed meanwhile keeps nobody out, and is not taken. Whoever may open the file may lock it, so it is for this user alone.
 */
const LOOP = `
exec 2>&1
umask 077
while IFS= read -r verb; do
  if [ "$verb" = free ]; then exec 9>&-; echo '=0'; continue; fi
  IFS= read -r path; IFS= read -r wait
  while
    command exec 9>>"$path" && flock --exclusive --timeout "$wait" --conflict-exit-code ${String(NOT_FREE)} 9
    code=$?
    [ "$code" -eq 0 ] && ! [ "$path" -ef /proc/self/fd/9 ]
  do :; done
  [ "$code" -eq 0 ] || exec 9>&-
  printf '\\n=%s\\n' "$code"
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
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#child = spawn('/bin/sh', ['-c', LOOP, 'virtnet-lock'], {
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: '/',
      detached: true, // a Ctrl-C ends us in our own time; the lock is held until then
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      const answer = /^([^]*\n|)=(\d+)\n$/.exec(this.#out);
      if (!answer) return;
      this.#out = '';
      this.#answer?.({ code: Number(answer[2]), stderr: (answer[1] ?? '').trim() });
    });
    this.#child.stdin?.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', (error) => {
      this.#fail(error);
    });
    this.#child.on('close', () => {
      this.#fail(new Error('the shell that holds the lock has ended'));
    });
    keepAlive(this.#child, false);
  }

  get gone(): boolean {
    return this.#failure !== undefined;
  }

  /** Waits for the lock. @throws Error when there is no shell to hold it. */
  take(path: string, timeoutMs: number): Promise<FlockAnswer> {
    return this.#ask(`take\n${path}\n${(timeoutMs / 1000).toFixed(3)}\n`);
  }

  /** Done when others can have it. */
  async free(): Promise<void> {
    await this.#ask('free\n').catch(() => undefined); // a shell that has ended holds nothing
  }

  /** One question after the other. */
  #ask(text: string): Promise<FlockAnswer> {
    const answer = this.#last.then(() => this.#askNow(text));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #askNow(text: string): Promise<FlockAnswer> {
    keepAlive(this.#child, true);
    try {
      return await new Promise<FlockAnswer>((resolve, reject) => {
        this.#answer = resolve;
        this.#reject = reject;
        if (this.#failure) reject(this.#failure);
        else this.#child.stdin?.write(text);
      });
    } finally {
      this.#answer = this.#reject = undefined;
      keepAlive(this.#child, false);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reject?.(error);
  }
}
