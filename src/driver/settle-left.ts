import { closeSync, existsSync, fsyncSync, lstatSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { attempt } from './files.ts';

const PREFIX = '.unsynced-';

/** Where a process keeps former files until their successors are on the disk (`Unsynced`). */
export function unsyncedFolder(configDir: string, bootId: string): string {
  return join(configDir, `${PREFIX}${bootId}.${String(process.pid)}`);
}

export interface LeftOptions {
  readonly configDir: string;
  /** Those whose files change through `Unsynced`. */
  readonly folders: readonly string[];
  /** This boot of the machine. */
  readonly bootId: string;
  /** False for a file that says nothing usable. */
  readonly isUsable: (path: string, text: string) => boolean;
}

/** True when `settleLeft` has something to do. */
export function isLeft({ configDir, bootId }: Pick<LeftOptions, 'configDir' | 'bootId'>): boolean {
  return leftIn(configDir, bootId).length > 0;
}

/**
 * Ends what processes could not end that changed files through `Unsynced`. The caller holds the lock.
 * Where one was killed and the machine went on, its changes stand, and are synced. Where the machine stopped, files that it tore are as they were
 * before; if any is torn, what was removed in the same moment is back too, for it may have made room for that one. Torn new files go.
 * What the file system refuses is left for the next one.
 */
export function settleLeft(options: LeftOptions): void {
  const ended = leftIn(options.configDir, options.bootId);
  if (ended.length > 0) attempt(() => settle(ended, options));
}

function settle(ended: readonly string[], options: LeftOptions): void {
  const { configDir, folders, bootId } = options;
  if (ended.some((name) => isOf(name, bootId))) for (const folder of folders) syncAll(folder);
  const cut = ended.filter((name) => !isOf(name, bootId));
  if (cut.length > 0)
    putBack(
      cut.map((name) => join(configDir, name)),
      options,
    );
  for (const name of ended) rmSync(join(configDir, name), { recursive: true, force: true });
}

/** The folders of processes that have ended. */
function leftIn(configDir: string, bootId: string): readonly string[] {
  return list(configDir).filter((name) => name.startsWith(PREFIX) && !isAlive(name, bootId));
}

function isOf(name: string, bootId: string): boolean {
  return name.startsWith(`${PREFIX}${bootId}.`);
}

function isAlive(name: string, bootId: string): boolean {
  return isOf(name, bootId) && existsSync(`/proc/${name.slice(name.lastIndexOf('.') + 1)}`);
}

/** fsync(2) of a folder and its files; it costs little for those that are on the disk already. */
function syncAll(folder: string): void {
  for (const path of [...filesOf(folder), ...(existsSync(folder) ? [folder] : [])]) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

function putBack(kept: readonly string[], { folders, isUsable }: LeftOptions): void {
  const torn = folders.flatMap(filesOf).filter((path) => isTorn(readFileSync(path)));
  const formers = kept.flatMap((folder) => formersIn(folder, folders));
  const isLost = (path: string): boolean => typeOf(path) === 'file' && !isUsable(path, readFileSync(path, 'utf8'));
  const wasTorn = torn.length > 0 || formers.some(({ path }) => isLost(path));
  for (const { path, former } of formers.toSorted((a, b) => changedAt(b.former) - changedAt(a.former)))
    if ((typeOf(path) === undefined ? wasTorn : isLost(path)) && !isLost(former)) renameSync(former, path);
  for (const path of torn) if (isTorn(readFileSync(path))) rmSync(path);
}

/** What a file system makes of a text that it was given and had not written yet. */
function isTorn(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes.at(-1) === 0;
}

function formersIn(kept: string, folders: readonly string[]): readonly { readonly path: string; readonly former: string }[] {
  return list(kept).flatMap((name) =>
    folders.flatMap((folder) => {
      const prefix = formerName(folder, '');
      return name.startsWith(prefix) ? [{ path: join(folder, name.slice(prefix.length)), former: join(kept, name) }] : [];
    }),
  );
}

/** What a file is kept as: two folders may have files of the same name. */
export function formerName(folder: string, file: string): string {
  return `${basename(folder)}:${file}`;
}

function filesOf(folder: string): readonly string[] {
  return list(folder)
    .map((file) => join(folder, file))
    .filter((path) => typeOf(path) === 'file');
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // whoever reads the definitions tells why they cannot be read
  }
}

function typeOf(path: string): 'file' | 'other' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat && (stat.isFile() ? 'file' : 'other');
}

function changedAt(path: string): number {
  return lstatSync(path).mtimeMs;
}
