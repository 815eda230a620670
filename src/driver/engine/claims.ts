/** Networks, by uuid and by name, that a change has for itself while its hooks run and others have their turn. */
export class Claims {
  readonly #ends = new Map<string, Promise<void>>();

  get areThere(): boolean {
    return this.#ends.size > 0;
  }

  /** Resolves when those that have one of these have it no more; undefined when nobody has. */
  endOf(networks: () => Iterable<string>): Promise<unknown> | undefined {
    const ends = new Set([...networks()].flatMap((network) => this.#ends.get(network) ?? []));
    return ends.size === 0 ? undefined : Promise.all(ends);
  }

  /** Gives the function that gives them back. Nobody has one of these, see `endOf`. */
  take(networks: Iterable<string>): () => void {
    const taken = [...networks];
    let end = (): void => undefined;
    const ends = new Promise<void>((resolve) => (end = resolve));
    for (const network of taken) this.#ends.set(network, ends);
    return () => {
      for (const network of taken) this.#ends.delete(network);
      end();
    };
  }
}
