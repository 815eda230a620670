import { setTimeout as sleep } from 'node:timers/promises';

/** A pause between two actions that is shorter than this is one that a client makes between two calls. Milliseconds. */
const PAUSE_MS = 5;

/** Lets one asynchronous action run at a time, in the order in which they were asked for. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();
  #asked = 0;
  /** When the last action ended, as `performance.now()` says. */
  #endedAt = 0;

  async run<T>(action: () => Promise<T>): Promise<T> {
    this.#asked++;
    const result = this.#tail.then(action).finally(() => {
      this.#asked--;
      this.#endedAt = performance.now();
    });
    this.#tail = result.catch(() => undefined); // a failed action must not stop the next; its caller has the error
    return result;
  }

  /** Resolves when nobody has wanted a turn for a moment, or after `longestMs`. */
  async quiet(longestMs: number): Promise<void> {
    const until = performance.now() + longestMs;
    const isBusy = (): boolean => this.#asked > 0 || performance.now() - this.#endedAt < PAUSE_MS;
    while (isBusy() && performance.now() < until) await sleep(PAUSE_MS);
  }
}
