import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

/** Milliseconds within which the changes of a folder share one fsync. */
const SOON_MS = 100;

const sync = promisify(fsync);

/**
 * Brings the names in folders to the disk a moment after they changed, those that change in quick succession at once: each fsync is a commit of
 * the file system's journal, which the next file's own fsync would wait for.
 */
export class FolderSync {
  readonly #step: (operation: string) => void;
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** @param step called before each operation on the file system. */
  constructor(step: (operation: string) => void = () => undefined) {
    this.#step = step;
  }

  /** Names in these folders (absolute paths) have changed. */
  soon(folders: Iterable<string>): void {
    for (const folder of folders) this.#waiting.add(folder);
    // Whoever ends asks for `done`.
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => void this.done(), SOON_MS).unref();
  }

  /** Resolves when all names are on the disk that changed until now, or cannot be brought there. */
  async done(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const folders = [...this.#waiting];
    this.#waiting.clear();
    this.#running = Promise.allSettled([this.#running, ...folders.map((folder) => this.#sync(folder))]);
    await this.#running;
  }

  async #sync(folder: string): Promise<void> {
    this.#step(`fsync ${folder}`);
    const fd = openSync(folder, 'r');
    try {
      await sync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
