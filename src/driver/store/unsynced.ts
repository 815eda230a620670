import { closeSync, existsSync, fsync, linkSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { readFileSync, readlinkSync, renameSync, rmdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Names, NewFile } from './files.ts';
import { removeFile, syncFile } from './files.ts';
import { isMissing } from './read-file.ts';
import { formerName, newUnsyncedFolder, unsyncedFolders } from './settle-left.ts';

export interface UnsyncedOptions {
  /** Former files are kept in it meanwhile, on the file system of what changes: in a folder for each round, which is removed after it. */
  readonly configDir: string;
  /** This boot of the machine. */
  readonly bootId: string;
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
  /** Where the former files are kept. */
  readonly folder: string;
  /** Others rely on what is not on the disk yet: what this one changes is there first. */
  readonly isCareful: boolean;

  constructor(folder: string, isCareful: boolean) {
    this.folder = folder;
    this.isCareful = isCareful;
  }

  former(path: string): string {
    return `${this.folder}/${formerName(dirname(path), basename(path))}`;
  }
}

/**
 * Changes files at once for every process that looks, and brings them to the disk a moment later, those that come in quick succession
 * together: nobody waits for the disk. The kernel keeps what a killed process wrote. A power cut may tear a file that is not synced (ext4 and
 * XFS leave it empty), so a file that is replaced or removed is kept under another name until its successors and their names are on the disk;
 * `settleLeft` puts it back. While one process keeps such files, others wait for the disk before they put a new one in place.
 */
export class Unsynced implements Names {
  readonly #options: UnsyncedOptions;
  readonly #step: (operation: string) => void;
  /** The one that changes go into now. */
  #round: Round | undefined;
  /** Those whose changes may not be on the disk yet, oldest first: on a slow disk one waits for the other. */
  readonly #unfinished: Round[] = [];
  /** Those that have ended and whose former files are needed still: the disk refused their successors. */
  readonly #refused = new Set<Round>();
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();

  constructor(options: UnsyncedOptions) {
    this.#options = options;
    this.#step = options.onOperation ?? (() => undefined);
  }

  put(temp: string, path: string): void {
    const round = this.#begun();
    const mayWait = round !== undefined && this.#keep(round, path) && !round.isCareful;
    if (!mayWait) this.#syncNow(temp);
    this.#step(`rename ${path}`);
    renameSync(temp, path);
    if (mayWait) round.files.add(path);
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

  kept(change: NewFile): string | undefined {
    const { path } = change;
    const text = change.op === 'link' ? change.target : change.text;
    return this.#unfinished.findLast((round) => round.formers.has(path) && says(round.former(path)) === text)?.former(path);
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
    const { configDir, bootId } = this.#options;
    const folder = newUnsyncedFolder(configDir, bootId);
    try {
      this.#step(`mkdir ${folder}`);
      mkdirSync(folder, { mode: 0o700 });
    } catch {
      return undefined;
    }
    // Looked at when its own one is there to be seen: another run folder's lock keeps nobody out of these definitions.
    const round = new Round(folder, this.#isShared(folder));
    // Whoever ends asks for `done`.
    this.#timer = setTimeout(() => void this.done(), SOON_MS).unref();
    this.#unfinished.push(round);
    return (this.#round = round);
  }

  /** Others keep former files too. */
  #isShared(begun: string): boolean {
    const own = new Set([begun, ...[...this.#unfinished, ...this.#refused].map(({ folder }) => folder)]);
    return unsyncedFolders(this.#options.configDir).some((folder) => !own.has(folder));
  }

  /** Keeps what a new file replaces. False where that cannot be done. */
  #keep(round: Round, path: string): boolean {
    if (round.files.has(path) || round.formers.has(path) || !existsSync(path)) return true;
    return this.#kept(round, path, linkSync);
  }

  /** Takes a file away and keeps it, or what it has replaced. False where that cannot be done. */
  #keepAway(round: Round, path: string): boolean {
    return !round.formers.has(path) && this.#kept(round, path, renameSync);
  }

  #kept(round: Round, path: string, keep: (path: string, former: string) => void): boolean {
    try {
      this.#step(`keep ${path}`);
      keep(path, round.former(path));
    } catch {
      return false;
    }
    round.formers.add(path);
    return true;
  }

  #syncNow(path: string): void {
    this.#step(`fsync ${path}`);
    syncFile(path);
  }

  async #sync(round: Round): Promise<void> {
    const refused = new Set<string>();
    const files = round.files.values();
    const work = async (): Promise<void> => {
      for (const path of files) {
        try {
          await this.#syncLater(this.#placeNow(path, round));
        } catch (error) {
          refused.add(path);
          this.#options.onFailure?.(path, error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    for (const folder of round.folders) await this.#syncLater(folder).catch(() => undefined); // the names come when they come
    this.#unfinished.shift();
    for (const former of [...this.#refused, round]) this.#drop(former, round, refused);
  }

  /** Where a file of the oldest round is: a later one may keep it by now, and then relies on it. */
  #placeNow(path: string, round: Round): string {
    return this.#unfinished.find((other) => other !== round && other.formers.has(path))?.former(path) ?? path;
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

  /** Drops the former files that a round has kept of those that `ended` brought to the disk, which refused some. */
  #drop(round: Round, ended: Round, refused: ReadonlySet<string>): void {
    try {
      for (const path of round.formers) {
        if (refused.has(path) || !(ended.files.has(path) || ended.formers.has(path))) continue;
        this.#step(`drop ${path}`);
        removeFile(round.former(path));
        round.formers.delete(path);
      }
      this.#refused.delete(round);
      if (round.formers.size === 0) {
        this.#step(`rmdir ${round.folder}`);
        rmdirSync(round.folder);
      }
    } catch {
      // then `settleLeft` takes it away
    }
    if (round.formers.size > 0) this.#refused.add(round);
  }
}

/** The text of a file, or where a link leads; undefined where it cannot be read. */
function says(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'utf8');
  } catch {
    return undefined; // then nothing can be put back
  }
}

const syncAside = promisify(fsync);
