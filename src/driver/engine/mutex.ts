import { setTimeout as sleep } from 'node:timers/promises';

/** A pause between two actions that is shorter than this is one that a client makes between two calls. Milliseconds. */
const PAUSE_MS = 5;

/** The turn of an action that runs. */
export interface Turn {
  /** Runs something while the turn is left to others, and ends when the turn has come again. */
  readonly aside: <T>(other: () => Promise<T>) => Promise<T>;
}

/** Lets one asynchronous action run at a time, in the order in which they were asked for. */
export class Mutex {
  #tail = Promise.resolve();
  #asked = 0;
  /** When the last action ended, as `performance.now()` says. */
  #endedAt = 0;

  async run<T>(action: (turn: Turn) => Promise<T>): Promise<T> {
    let end = await this.#turn();
    const aside: Turn['aside'] = async (other) => {
      end();
      try {
        return await other();
      } finally {
        end = await this.#turn();
      }
    };
    try {
      return await action({ aside });
    } finally {
      end();
    }
  }

  /** Resolves when nobody has wanted a turn for a moment, or after `longestMs`. */
  async quiet(longestMs: number): Promise<void> {
    const until = performance.now() + longestMs;
    const isBusy = (): boolean => this.#asked > 0 || performance.now() - this.#endedAt < PAUSE_MS;
    while (isBusy() && performance.now() < until) await sleep(PAUSE_MS);
  }

  /** Waits for a turn, and gives the function that ends it. */
  async #turn(): Promise<() => void> {
    this.#asked++;
    let release = (): void => undefined;
    const before = this.#tail;
    this.#tail = new Promise((resolve) => (release = resolve));
    await before;
    return () => {
      this.#asked--;
      this.#endedAt = performance.now();
      release();
    };
  }
}
