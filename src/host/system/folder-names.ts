import { existsSync, readdirSync } from 'node:fs';

/**
 * The names in a folder that the kernel keeps, a file for each thing there is. Looked up when they are asked for, each once: a few one by
 * one, many from one listing, which takes 1 ms for a thousand. A folder that does not exist is empty.
 */
export class FolderNames {
  readonly #folder: string;
  readonly #known = new Map<string, boolean>();
  #listed: ReadonlySet<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  has(name: string): boolean {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= FEW) this.#listed ??= new Set(namesIn(this.#folder));
    const isThere = this.#listed?.has(name) ?? (!NO_NAME.test(name) && existsSync(`${this.#folder}/${name}`));
    this.#known.set(name, isThere);
    return isThere;
  }
}

const FEW = 8;
/** What names no file in the folder. */
const NO_NAME = /^\.{0,2}$|\/|\0/;

/** The names in a folder as they are now; none where there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
