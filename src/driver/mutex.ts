/** Lets one asynchronous action run at a time, in the order in which they were asked for. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action);
    this.#tail = result.catch(() => undefined); // a failed action must not stop the next; its caller has the error
    return result;
  }
}
