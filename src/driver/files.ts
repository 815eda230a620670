import {
  closeSync,
  fsync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolders } from '../host/make-folders.ts';
import { isMissing } from './read-file.ts';

/** One file as it shall be. Paths are absolute. */
export type FileChange =
  | { readonly op: 'write'; readonly path: string; readonly text: string }
  | { readonly op: 'link'; readonly path: string; readonly target: string }
  | { readonly op: 'remove'; readonly path: string };

export interface FileOptions {
  /** Survive a power cut: fsync the files. Not wanted for /run, whose files die with the machine anyway. */
  readonly durable: boolean;
  /** Called before each operation on the file system; a test throws here to play a crash. */
  readonly onOperation?: ((operation: string) => void) | undefined;
}

const TEMP = /^\..*\.tmp$/;
let counter = 0;

/**
 * Makes the files so. Each one changes atomically (temp file, rename); all new contents are on the disk before the first name changes,
 * but the names themselves may not be there yet: until their folders are synced, a power cut may bring the old files back, whole.
 * A failure before the first rename changes nothing; one after it may leave a part of the changes, in the given order.
 * @returns the folders on a disk that are to be synced (`FolderSync`).
 * @throws the file system's own error.
 */
export async function changeFiles(changes: readonly FileChange[], options: FileOptions): Promise<ReadonlySet<string>> {
  const step = options.onOperation ?? (() => undefined);
  const lasting = new Set<string>();
  for (const { path } of changes) {
    const folder = dirname(path);
    if (!isInMemory(folder, step) && options.durable) lasting.add(folder);
  }
  const sync = changes.length === 1 ? syncAlone : syncAside;
  const temps = new Map<FileChange, string>();
  try {
    await Promise.all(
      changes.map(async (change) => {
        if (change.op === 'remove') return;
        const folder = dirname(change.path);
        const temp = `${folder}/.${basename(change.path)}.${String(process.pid)}-${String(counter++)}.tmp`;
        temps.set(change, temp);
        await writeTemp(change, temp, lasting.has(folder) ? sync : undefined, step);
      }),
    );
    for (const change of changes) settle(change, temps, step);
  } finally {
    for (const temp of temps.values()) attempt(() => (step(`discard ${temp}`), rmSync(temp, { force: true })));
  }
  return lasting;
}

/** tmpfs and ramfs, as statfs(2) calls them. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Milliseconds for which it is remembered what file system a folder is on. */
const REMEMBERED_MS = 1000;
const fileSystems = new Map<string, { readonly isInMemory: boolean; readonly until: number }>();

/** True for a folder on a file system that has no disk to wait for. Makes the folder where it is missing. */
function isInMemory(folder: string, step: (operation: string) => void): boolean {
  const known = fileSystems.get(folder);
  const now = performance.now();
  if (known && now < known.until) return known.isInMemory;
  const { type } = inFolder(folder, step, () => statfsSync(folder));
  const found = IN_MEMORY.has(type);
  fileSystems.set(folder, { isInMemory: found, until: now + REMEMBERED_MS });
  return found;
}

/** Does something in a folder, which is made where it is missing. */
function inFolder<T>(folder: string, step: (operation: string) => void, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeFolder(folder, step);
    return action();
  }
}

/** What the file system says, with the file's name: `/etc/virtnet/networks/lab.xml: no space left on device`. */
export function fileErrorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const words = /^E[A-Z0-9]+: (.+?), [a-z]+/.exec(error.message)?.[1] ?? error.message;
  return 'path' in error && typeof error.path === 'string' ? `${withoutTemp(error.path)}: ${words}` : words;
}

/** The name that a temp file was to get. */
function withoutTemp(path: string): string {
  const name = basename(path);
  return TEMP.test(name) ? join(dirname(path), name.replace(/^\.(.*)\.\d+-\d+\.tmp$/, '$1')) : path;
}

/** Removes the temp files that a killed process left in a folder. The caller holds the lock. */
export function sweepTemps(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return; // the folder is made with its first file
  }
  for (const name of names) if (TEMP.test(name)) attempt(() => rmSync(join(folder, name), { force: true }));
}

function makeFolder(folder: string, step: (operation: string) => void): void {
  step(`mkdir ${folder}`);
  makeFolders(folder, 0o755);
}

/** fsync(2) on a thread of its own: nothing else of this process waits with it, and several files go to the disk together. */
const syncAside = promisify(fsync);

/** A disk that answers within this many milliseconds is waited for on the spot: to hand the wait to another thread and back costs as much. */
const QUICK_MS = 1;
/** One that took longer is waited for aside for so many times as long: the process stands still for a tenth of the time at most. */
const ASIDE = 10;
let asideUntil = -Infinity;

/** fsync(2) of a file that is written alone. */
async function syncAlone(fd: number): Promise<void> {
  const began = performance.now();
  if (began < asideUntil) return syncAside(fd);
  fsyncSync(fd);
  const took = performance.now() - began;
  if (took > QUICK_MS) asideUntil = began + took * ASIDE;
}

async function writeTemp(
  change: Exclude<FileChange, { op: 'remove' }>,
  temp: string,
  sync: ((fd: number) => Promise<void>) | undefined,
  step: (operation: string) => void,
): Promise<void> {
  step(`create ${temp}`);
  if (change.op === 'link') {
    inFolder(dirname(temp), step, () => symlinkSync(change.target, temp));
    return;
  }
  const fd = inFolder(dirname(temp), step, () => openSync(temp, 'wx', 0o600));
  try {
    step(`write ${temp}`);
    writeAll(fd, change.text);
    if (sync) {
      step(`fsync ${temp}`);
      await sync(fd);
    }
  } catch (error) {
    // A descriptor does not know its name; who is told of a full disk wants to know which.
    throw error instanceof Error && !('path' in error) ? Object.assign(error, { path: change.path }) : error;
  } finally {
    closeSync(fd);
  }
}

/** A full disk may take a part of the bytes without an error; the next write then gives it. */
function writeAll(fd: number, text: string): void {
  const written = writeSync(fd, text);
  const length = Buffer.byteLength(text);
  if (written === length) return;
  const bytes = Buffer.from(text);
  for (let at = written; at < length;) at += writeSync(fd, bytes, at);
}

function settle(change: FileChange, temps: Map<FileChange, string>, step: (operation: string) => void): void {
  if (change.op === 'remove') {
    step(`unlink ${change.path}`);
    removeFile(change.path);
    return;
  }
  const temp = temps.get(change);
  if (temp === undefined) throw new Error(`no temp file for ${change.path}`);
  step(`rename ${change.path}`);
  renameSync(temp, change.path);
  temps.delete(change);
}

/** One call of the system, where `rmSync` looks twice first. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Tidying up after a failure must not hide the failure. */
function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    return;
  }
}
