import { closeSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from '../../host/system/make-folders.ts';
import { processStat } from '../../host/tools/process-stat.ts';
import { isMissing } from './read-file.ts';

/** One file as it shall be. Paths are absolute. */
export type FileChange =
  | { readonly op: 'write'; readonly path: string; readonly text: string }
  | { readonly op: 'link'; readonly path: string; readonly target: string }
  | { readonly op: 'remove'; readonly path: string };

/** How the names of files change. */
export interface Names {
  /** A new file, whole but not on the disk yet, takes its name. */
  put(temp: string, path: string): void;
  /** A file goes, if it is there. */
  remove(path: string): void;
  /** Where a file was this a moment ago, and that is kept: its path there, for a link to it takes no room. */
  kept?(change: NewFile): string | undefined;
}

/** A file that shall be there. */
export type NewFile = Exclude<FileChange, { op: 'remove' }>;

export interface FileOptions {
  /** Default: at once, and nobody sees to it that a power cut is survived: enough for /run, whose files die with the machine anyway. */
  readonly names?: Names | undefined;
  /** Called before each operation on the file system; a test throws here to play a crash. */
  readonly onOperation?: ((operation: string) => void) | undefined;
}

/** A temp file: the name that it is to get, and the process that writes it. */
const TEMP = /^\.(.*)\.(\d+)-\d+\.tmp$/;
let counter = 0;

/**
 * Makes the files so. Each one changes atomically (temp file, rename); all new contents are written before the first name changes.
 * A failure before that changes nothing; one after it may leave a part of the changes, in the given order.
 * @throws the file system's own error.
 */
export function changeFiles(changes: readonly FileChange[], options: FileOptions): void {
  const step = options.onOperation ?? (() => undefined);
  const names = options.names ?? plainNames(step);
  const temps = new Map<FileChange, string>();
  try {
    for (const change of changes) {
      if (change.op === 'remove') continue;
      const temp = `${dirname(change.path)}/.${basename(change.path)}.${String(process.pid)}-${String(counter++)}.tmp`;
      temps.set(change, temp);
      try {
        writeTemp(change, temp, step);
      } catch (error) {
        // A full disk must not keep a change from being taken back.
        const kept = isFull(error) ? names.kept?.(change) : undefined;
        if (kept === undefined) throw error;
        linkTemp(kept, temp, step);
      }
    }
    for (const change of changes) {
      const temp = temps.get(change);
      if (temp === undefined) names.remove(change.path);
      else names.put(temp, change.path);
      temps.delete(change);
    }
  } finally {
    for (const temp of temps.values()) attempt(() => (step(`discard ${temp}`), rmSync(temp, { force: true })));
  }
}

/** No block is left for the text of a file, on the disk or of this user's share. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function plainNames(step: (operation: string) => void): Names {
  return {
    put: (temp, path) => {
      step(`rename ${path}`);
      renameSync(temp, path);
    },
    remove: (path) => {
      step(`unlink ${path}`);
      removeFile(path);
    },
  };
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
  const name = TEMP.exec(basename(path))?.[1];
  return name === undefined ? path : join(dirname(path), name);
}

/** Removes the temp files that killed processes left in a folder: whoever has another run folder has another lock, and may be writing. */
export function sweepTemps(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return; // the folder is made with its first file
  }
  for (const name of names) {
    const writer = TEMP.exec(name)?.[2];
    if (writer !== undefined && !isAnother(writer)) attempt(() => rmSync(join(folder, name), { force: true }));
  }
}

/** Another process has this number, and runs. In a container the one before had this one's. */
function isAnother(pid: string): boolean {
  return pid !== String(process.pid) && processStat(pid) !== undefined;
}

function makeFolder(folder: string, step: (operation: string) => void): void {
  step(`mkdir ${folder}`);
  makeFolders(folder, 0o755);
}

function writeTemp(change: NewFile, temp: string, step: (operation: string) => void): void {
  step(`create ${temp}`);
  if (change.op === 'link') {
    inFolder(dirname(temp), step, () => symlinkSync(change.target, temp));
    return;
  }
  const fd = inFolder(dirname(temp), step, () => openSync(temp, 'wx', 0o600));
  try {
    step(`write ${temp}`);
    writeAll(fd, change.text);
  } catch (error) {
    // A descriptor does not know its name; who is told of a full disk wants to know which.
    throw error instanceof Error && !('path' in error) ? Object.assign(error, { path: change.path }) : error;
  } finally {
    closeSync(fd);
  }
}

/** In place of what was written of the temp file, which takes the room that its name needs. */
function linkTemp(kept: string, temp: string, step: (operation: string) => void): void {
  step(`link ${temp}`);
  rmSync(temp, { force: true });
  linkSync(kept, temp);
}

/** A full disk may take a part of the bytes without an error; the next write then gives it. */
function writeAll(fd: number, text: string): void {
  const written = writeSync(fd, text);
  const length = Buffer.byteLength(text);
  if (written === length) return;
  const bytes = Buffer.from(text);
  for (let at = written; at < length;) at += writeSync(fd, bytes, at);
}

/** One call of the system, where `rmSync` looks twice first. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** fsync(2) of a file or a folder. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** For tidying up, which must not hide the failure that it follows. */
export function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    return;
  }
}
