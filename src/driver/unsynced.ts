import { closeSync, existsSync, fsync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Names } from './files.ts';
import { removeFile } from './files.ts';
import { isMissing } from './read-file.ts';
import { formerName } from './settle-left.ts';

export interface UnsyncedOptions {
  /** Where former files are kept meanwhile: a folder on the same file system, which is made for each round and removed after it. */
  readonly folder: string;
  /** Told of a file that the disk does not take, once its round is over. Its former file is kept. */
  readonly onFailure?: ((path: string, error: unknown) => void) | undefined;
  /** Called before each operation on the file system; a test throws here to play a crash. */
  readonly onOperation?: ((operation: string) => void) | undefined;
}

/** Milliseconds within which changes go to the disk together. */
const SOON_MS = 100;
/** Files that go there at the same time; Node has four threads for that and for whatever else waits. */
const AT_ONCE = 2;

/** What changed since the last round began, by path. */
class Round {
  /** New contents that are to be synced. */
  readonly files = new Set<string>();
  /** Names whose former files are kept. */
  readonly formers = new Set<string>();
  /** Folders in which names changed. */
  readonly folders = new Set<string>();

  touches(path: string): boolean {
    return this.files.has(path) || this.formers.has(path);
  }
}

/**
 * Changes files at once for every process that looks, and brings them to the disk a moment later, those that come in quick succession
 * together: nobody waits for the disk. The kernel keeps what a killed process wrote. A power cut may tear a file that is not synced (ext4 and
 * XFS leave it empty), so a file that is replaced or removed is kept under another name until its successors and their names are on the disk;
 * `settleLeft` puts it back.
 */
export class Unsynced implements Names {
  readonly #options: UnsyncedOptions;
  readonly #step: (operation: string) => void;
  /** The one that changes go into now. */
  #round: Round | undefined;
  /** Those whose changes may not be on the disk yet, oldest first: on a slow disk one waits for the other. */
  readonly #unfinished: Round[] = [];
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();

  constructor(options: UnsyncedOptions) {
    this.#options = options;
    this.#step = options.onOperation ?? (() => undefined);
  }

  put(temp: string, path: string): void {
    const round = this.#begun();
    if (round === undefined || !this.#keep(round, path)) this.#syncNow(temp);
    this.#step(`rename ${path}`);
    renameSync(temp, path);
    round?.files.add(path);
    round?.folders.add(dirname(path));
  }

  remove(path: string): void {
    const round = this.#begun();
    round?.folders.add(dirname(path));
    if (round === undefined || round.files.delete(path) || !this.#keepAway(round, path)) {
      this.#step(`unlink ${path}`);
      removeFile(path);
    }
  }

  /** Resolves when all that was changed until now is on the disk, or was refused by it. */
  done(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const round = this.#round;
    this.#round = undefined;
    if (round !== undefined) this.#syncing = this.#syncing.then(() => this.#sync(round));
    return this.#syncing;
  }

  /** The round that a change belongs to; undefined where no former file can be kept (a full disk). */
  #begun(): Round | undefined {
    if (this.#round !== undefined) return this.#round;
    const { folder } = this.#options;
    try {
      this.#step(`mkdir ${folder}`);
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (!isThere(error)) return undefined;
    }
    // Whoever ends asks for `done`.
    this.#timer = setTimeout(() => void this.done(), SOON_MS).unref();
    const round = new Round();
    this.#unfinished.push(round);
    return (this.#round = round);
  }

  /** Keeps what a new file replaces. False where that cannot be done. */
  #keep(round: Round, path: string): boolean {
    if (round.touches(path) || !existsSync(path)) return true;
    try {
      this.#step(`keep ${path}`);
      linkSync(path, this.#former(path));
    } catch (error) {
      if (!isThere(error)) return false; // that of the round before is still needed, and does
    }
    round.formers.add(path);
    return true;
  }

  /** Takes a file away and keeps it. False where that cannot be done. */
  #keepAway(round: Round, path: string): boolean {
    try {
      this.#step(`keep ${path}`);
      renameSync(path, this.#former(path));
    } catch {
      return false;
    }
    round.formers.add(path);
    return true;
  }

  #former(path: string): string {
    return `${this.#options.folder}/${formerName(dirname(path), basename(path))}`;
  }

  #syncNow(path: string): void {
    this.#step(`fsync ${path}`);
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  async #sync(round: Round): Promise<void> {
    const refused = new Set<string>();
    const files = round.files.values();
    const work = async (): Promise<void> => {
      for (const path of files) {
        try {
          await this.#syncLater(path);
        } catch (error) {
          refused.add(path);
          this.#options.onFailure?.(path, error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    for (const folder of round.folders) await this.#syncLater(folder).catch(() => undefined); // the names come when they come
    this.#end(round, refused);
  }

  async #syncLater(path: string): Promise<void> {
    this.#step(`fsync ${path}`);
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      if (isMissing(error)) return; // removed since
      throw error;
    }
    try {
      await syncAside(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Drops the former files of the oldest round, but those that a later one goes by, and those of files that the disk refused. */
  #end(round: Round, refused: ReadonlySet<string>): void {
    this.#unfinished.shift();
    try {
      for (const path of round.formers) {
        const later = this.#unfinished.find((other) => other.touches(path));
        if (later) later.formers.add(path);
        else if (!refused.has(path)) {
          this.#step(`drop ${path}`);
          unlinkSync(this.#former(path));
        }
      }
      if (this.#unfinished.length === 0 && refused.size === 0) {
        this.#step(`rmdir ${this.#options.folder}`);
        rmdirSync(this.#options.folder);
      }
    } catch {
      return; // `settleLeft` takes it away
    }
  }
}

const syncAside = promisify(fsync);

function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
