import { closeSync, existsSync, fsyncSync, lstatSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { processStat } from '../host/process-stat.ts';
import { attempt } from './files.ts';
import { isDocument } from './load-file.ts';

const PREFIX = '.unsynced-';

/** Milliseconds after the last former file that it kept in which a process may still have changed files. */
const ROUND_MS = 10_000;

let self: string | undefined;
let count = 0;

/** This process and no other of this boot: its number, and when it began. */
function own(): string {
  const pid = String(process.pid);
  return (self ??= `${pid}.${processStat(pid)?.start ?? ''}`);
}

/** Where this process may keep former files until their successors are on the disk (`Unsynced`): another folder each time. */
export function newUnsyncedFolder(configDir: string, bootId: string): string {
  return join(configDir, `${PREFIX}${bootId}.${own()}.${String(count++)}`);
}

/** The folders in which processes keep former files, or have kept them until they ended. */
export function unsyncedFolders(configDir: string): readonly string[] {
  return list(configDir).flatMap((name) => (name.startsWith(PREFIX) ? [join(configDir, name)] : []));
}

export interface LeftOptions {
  readonly configDir: string;
  /** The folder of the definitions, and that of their autostart marks: those whose files change through `Unsynced`. */
  readonly definitions: string;
  readonly autostart: string;
  /** This boot of the machine. */
  readonly bootId: string;
  /** False for a file that says nothing usable. */
  readonly isUsable: (path: string, text: string) => boolean;
}

/** What other processes keep: former files that they still need, or some that they left when they ended, for `settleLeft`. */
export type KeptByOthers = 'nothing' | 'needed' | 'left';

export function keptByOthers({ configDir, bootId }: Pick<LeftOptions, 'configDir' | 'bootId'>): KeptByOthers {
  const others = unsyncedFolders(configDir).filter((folder) => !isOwn(folder, bootId));
  if (others.length === 0) return 'nothing';
  return others.every((folder) => isAlive(folder, bootId)) ? 'needed' : 'left';
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
  const { definitions, autostart, bootId } = options;
  if (ended.some((folder) => isOf(folder, bootId))) for (const folder of [definitions, autostart]) syncAll(folder);
  const cut = ended.filter((folder) => !isOf(folder, bootId));
  if (cut.length > 0) putBack(cut, options);
  for (const folder of ended) rmSync(folder, { recursive: true, force: true });
}

/** The folders of processes that have ended. */
function leftIn(configDir: string, bootId: string): readonly string[] {
  return unsyncedFolders(configDir).filter((folder) => !isAlive(folder, bootId));
}

function isOf(folder: string, bootId: string): boolean {
  return basename(folder).startsWith(`${PREFIX}${bootId}.`);
}

function isOwn(folder: string, bootId: string): boolean {
  return basename(folder).startsWith(`${PREFIX}${bootId}.${own()}.`);
}

function isAlive(folder: string, bootId: string): boolean {
  if (!isOf(folder, bootId)) return false;
  const [pid = '', start = ''] = basename(folder).slice(`${PREFIX}${bootId}.`.length).split('.');
  return isOwn(folder, bootId) || processStat(pid)?.start === start;
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

/** @param kept folders of former files. */
function putBack(kept: readonly string[], { definitions, autostart, isUsable }: LeftOptions): void {
  const keptUntil = Math.max(...kept.map(changedAt));
  /** What was changed by hand since is somebody's text, whatever it says. */
  const isOfThen = (path: string): boolean => changedAt(path) < keptUntil + ROUND_MS;
  /** Of a mark it counts only that it is there. */
  const saysNothing = (path: string, file: string): boolean =>
    dirname(path) === definitions && typeOf(file) === 'file' && !isUsable(file, readFileSync(file, 'utf8'));
  const isLost = (path: string): boolean => saysNothing(path, path) && isOfThen(path);
  const torn = filesOf(definitions).filter((path) => isDocument(basename(path)) && isTorn(path) && isOfThen(path));
  const formers = kept.flatMap((folder) => formersIn(folder, [definitions, autostart]));
  const wasTorn = torn.length > 0 || formers.some(({ path }) => isLost(path));
  for (const { path, former } of formers.toSorted((a, b) => changedAt(b.former) - changedAt(a.former)))
    if ((typeOf(path) === undefined ? wasTorn : isLost(path)) && !saysNothing(path, former)) renameSync(former, path);
  for (const path of torn) if (isTorn(path)) rmSync(path);
}

/** The file is what a file system makes of a text that it was given and had not written yet. */
function isTorn(path: string): boolean {
  const bytes = readFileSync(path);
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
