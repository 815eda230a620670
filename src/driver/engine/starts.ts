import type { NetworkRef } from '../driver.ts';
import { wordsOf } from '../state/lookup.ts';

/** Starts that were asked for and have not ended. */
export class Starts {
  readonly #all = new Set<{ readonly of: ReadonlySet<string>; readonly end: Promise<void> }>();

  /** Gives the function that ends it; ending it again changes nothing. */
  begin(networks: readonly NetworkRef[]): () => void {
    let resolve = (): void => undefined;
    const end = new Promise<void>((ended) => (resolve = ended));
    const start = { of: new Set(networks.flatMap(wordsOf)), end };
    this.#all.add(start);
    return () => {
      this.#all.delete(start);
      resolve();
    };
  }

  /** Resolves when those of this network that are under way have ended. They must have been asked for by the same kind of reference. */
  async ended(network: NetworkRef): Promise<void> {
    if (this.#all.size === 0) return;
    const words = wordsOf(network);
    await Promise.all([...this.#all].filter(({ of }) => words.some((word) => of.has(word))).map(({ end }) => end));
  }
}
