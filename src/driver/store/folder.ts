import type { BigIntStats } from 'node:fs';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { VirtnetError } from '../../base/errors.ts';
import { systemWords } from '../../host/system/system-words.ts';
import type { FileChange } from './files.ts';
import { isMissing, unreadable } from './read-file.ts';

/** A change within one tick of the file system's clock does not show in a time stamp; this is longer than any tick. Milliseconds. */
export const TICK_MS = 20;
const TICK_NS = BigInt(TICK_MS) * 1_000_000n;

/** Reads a file; `text` is what it says, where that is known. */
type ReadFile<T> = (file: string, path: string, text?: string) => T;

interface Entry<T> {
  readonly signature: string;
  readonly value: T;
}

/**
 * The files of one folder, each read once for each content: a file is read again when its inode, size or time changed.
 * A folder that does not exist is empty.
 */
export class Folder<T> {
  readonly path: string;
  readonly #read: ReadFile<T>;
  readonly #accepts: (file: string) => boolean;
  #entries = new Map<string, Entry<T>>();
  #version = 0;
  #stamp: string | undefined;
  #seen: string | undefined;

  /** When the folder was last compared with `#seen`, as `performance.now()` says. */
  #comparedAt = -Infinity;

  /** What was seen last is what this process wrote. */
  #isOwn = false;
  /** Files that this process has written and not looked at since. */
  readonly #unlooked = new Set<string>();
  #isLookedAt = true;
  readonly #keepsLock: boolean;

  /** @param keepsLock this process keeps the lock for longer than a tick of the clock after each change of its own. */
  constructor(path: string, accepts: (file: string) => boolean, read: ReadFile<T>, keepsLock = false) {
    this.path = path;
    this.#keepsLock = keepsLock;
    this.#accepts = accepts;
    this.#read = read;
  }

  /** The values by file name, as they were last read. */
  get entries(): ReadonlyMap<string, Entry<T>> {
    return this.#entries;
  }

  /** Another number each time that `entries` changes. */
  get version(): number {
    return this.#version;
  }

  /** What was last read at a path of this folder. */
  valueAt(path: string): T | undefined {
    return this.#entries.get(basename(path))?.value;
  }

  /**
   * True when the folder is as this process read or left it. Two changes within one tick of the clock look like one: this is for the holder
   * of the lock, when nobody else has held it in between. So a second question within a tick is answered without a look.
   */
  isUntouched(): boolean {
    this.#lookAtOwn();
    const now = performance.now();
    if (this.#seen === undefined || now - this.#comparedAt < TICK_MS) return this.#seen !== undefined;
    if (this.#seen !== folderStamp(this.path).exact) return false;
    this.#comparedAt = now;
    return true;
  }

  /** True when a file is as this process read or left it: an edit in place does not show in the folder. */
  isAsRead(file: string): boolean {
    this.#lookAtOwn();
    return this.#entries.get(file)?.signature === fileStamp(`${this.path}/${file}`);
  }

  /** Reads what is being written into this folder, for `refresh`: the values by file, none for a file that goes or is no text. */
  readWritten(changes: readonly FileChange[]): ReadonlyMap<string, T | undefined> {
    const values = new Map<string, T | undefined>();
    for (const change of changes) {
      const file = basename(change.path);
      if (this.#seen === undefined || dirname(change.path) !== this.path || !this.#accepts(file)) continue;
      values.set(file, change.op === 'write' ? this.#read(file, change.path, change.text) : undefined);
    }
    return values;
  }

  /** Takes files as this process has just written them, and no others; those without a value are read. */
  refresh(files: ReadonlyMap<string, T | undefined>): void {
    if (this.#seen === undefined || files.size === 0) return;
    for (const [file, value] of files) {
      const path = `${this.path}/${file}`;
      if (value === undefined && fileStamp(path) === undefined) this.#entries.delete(file);
      else {
        this.#entries.set(file, { signature: '', value: value ?? this.#read(file, path) });
        this.#unlooked.add(file);
      }
    }
    this.#version++;
    this.#isOwn = true;
    this.#isLookedAt = false;
    // While it keeps the lock, the caller need not wait for that.
    if (this.#keepsLock) setImmediate(() => this.#lookAtOwn());
    else this.#lookAtOwn();
  }

  /** How what this process wrote looks: an edit by hand looks otherwise. */
  #lookAtOwn(): void {
    if (this.#isLookedAt) return;
    this.#isLookedAt = true;
    for (const file of this.#unlooked) {
      const entry = this.#entries.get(file);
      const signature = fileStamp(`${this.path}/${file}`);
      if (entry && signature !== undefined) this.#entries.set(file, { ...entry, signature });
    }
    this.#unlooked.clear();
    this.#look();
  }

  /** True when no file came or went since the last `read` (a file edited in place is only seen by `read`). Costs one stat. */
  isCurrent(): boolean {
    this.#lookAtOwn();
    const { exact, settled } = folderStamp(this.path);
    if (this.#stamp !== undefined || exact !== this.#seen || !this.#isOwn || !this.#keepsLock) return this.#stamp === exact;
    // Last written by this process, which had the lock for longer than a tick since: no other virtnet's change bears that time. A file that was
    // put there by hand in the same tick shows by its name once the tick is over.
    if (settled === undefined) return true;
    if (!this.#hasJust(list(this.path))) return false;
    this.#stamp = settled;
    return true;
  }

  /** These are the names of the folder's files as they were last read, beside those that do not count. */
  #hasJust(files: readonly string[]): boolean {
    const counting = files.filter((file) => this.#accepts(file));
    return counting.length === this.#entries.size && counting.every((file) => this.#entries.has(file));
  }

  /** The values by file name, all files looked at. */
  read(): ReadonlyMap<string, Entry<T>> {
    this.#lookAtOwn();
    this.#look();
    this.#isOwn = false;
    const next = new Map<string, Entry<T>>();
    let changed = false;
    for (const file of list(this.path)) {
      if (!this.#accepts(file)) continue;
      const signature = fileStamp(`${this.path}/${file}`);
      if (signature === undefined) continue;
      const old = this.#entries.get(file);
      if (old?.signature === signature) next.set(file, old);
      else {
        next.set(file, { signature, value: this.#read(file, `${this.path}/${file}`) });
        changed = true;
      }
    }
    if (changed || next.size !== this.#entries.size) {
      this.#entries = next;
      this.#version++;
    }
    return this.#entries;
  }

  #look(): void {
    const { exact, settled } = folderStamp(this.path);
    this.#seen = exact;
    this.#stamp = settled;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw unreadable(error, path);
  }
}

/** @throws VirtnetError VNH003 where this user may not look, VNH001 where a file is in a folder's place and for whatever else the system says. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    const forbidden = unreadable(error, path);
    if (forbidden !== error) throw forbidden;
    throw new VirtnetError({
      code: 'VNH001',
      message: `cannot look at '${path}': ${systemWords(error)}`,
      hint: 'VIRTNET_CONFIG_DIR, VIRTNET_STATE_DIR and VIRTNET_RUN_DIR name the folders of virtnet',
      details: { path },
      cause: error,
    });
  }
}

/** A folder's time stamp; `settled` is undefined while it changed so recently that another change could bear the same time. */
function folderStamp(path: string): { readonly exact: string; readonly settled: string | undefined } {
  const stat = statOf(path);
  if (stat === undefined) return { exact: 'absent', settled: 'absent' };
  const exact = `${String(stat.ino)}:${String(stat.mtimeNs)}`;
  const age = BigInt(Date.now()) * 1_000_000n - stat.mtimeNs;
  return { exact, settled: age >= 0n && age < TICK_NS ? undefined : exact };
}

function fileStamp(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() === true ? `${String(stat.ino)}:${String(stat.size)}:${String(stat.mtimeNs)}:${String(stat.ctimeNs)}` : undefined;
}
