import type { DriverEvent } from '../driver.ts';

type Listener = (event: DriverEvent) => void;

/**
 * Tells listeners what happened, in order, after the call that made it happen has answered: a face sends its reply first.
 * Nothing else is read or begun in between: who hears of an answer and asks then finds that all others were told before.
 * A listener that throws does not keep the others from hearing.
 */
export class EventQueue {
  readonly #listeners = new Set<Listener>();
  readonly #onFault: (error: unknown) => void;
  #waiting: DriverEvent[] = [];

  constructor(onFault: (error: unknown) => void = () => undefined) {
    this.#onFault = onFault;
  }

  on(listener: Listener): () => void {
    // A wrapper of its own, so that one function may listen twice.
    const own: Listener = (event) => {
      listener(event);
    };
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  push(events: readonly DriverEvent[]): void {
    if (events.length === 0) return;
    if (this.#waiting.length === 0) process.nextTick(() => this.flush());
    this.#waiting.push(...events);
  }

  /** Tells what waits, now. */
  flush(): void {
    const events = this.#waiting;
    this.#waiting = [];
    for (const event of events) for (const listener of this.#listeners) this.#tell(listener, event);
  }

  #tell(listener: Listener, event: DriverEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#onFault(error);
    }
  }
}
