import { closeSync, fsync, openSync, readdirSync, renameSync, rmSync, statfsSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolders } from '../host/make-folders.ts';
import { isMissing } from './folder.ts';

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

const sync = promisify(fsync);
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
  const folders = [...new Set(changes.map((c) => dirname(c.path)))];
  const onDisk = folders.filter((folder) => !IN_MEMORY.has(fileSystemOf(folder, step)));
  const lasting = new Set(options.durable ? onDisk : []);
  const temps = new Map<FileChange, string>();
  try {
    await Promise.all(
      changes.map(async (change) => {
        if (change.op === 'remove') return;
        const temp = join(dirname(change.path), `.${basename(change.path)}.${String(process.pid)}-${String(counter++)}.tmp`);
        temps.set(change, temp);
        await writeTemp(change, temp, lasting.has(dirname(temp)), step);
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

/** The kind of file system that a folder is on, a number of statfs(2): one in memory has no disk to wait for. Makes the folder where it is missing. */
function fileSystemOf(folder: string, step: (operation: string) => void): number {
  try {
    return statfsSync(folder).type;
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeFolder(folder, step);
    return statfsSync(folder).type;
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

async function writeTemp(
  change: Exclude<FileChange, { op: 'remove' }>,
  temp: string,
  durable: boolean,
  step: (operation: string) => void,
): Promise<void> {
  step(`create ${temp}`);
  if (change.op === 'link') {
    symlinkSync(change.target, temp);
    return;
  }
  const fd = openSync(temp, 'wx', 0o600);
  try {
    step(`write ${temp}`);
    writeAll(fd, Buffer.from(change.text));
    if (durable) {
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
function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
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
