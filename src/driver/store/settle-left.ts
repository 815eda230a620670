import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { processStat } from '../../host/tools/process-stat.ts';
import type { Network } from '../../network/network.ts';
import { attempt, changeFiles, removeFile, syncFile, type Names } from './files.ts';
import { isDocument } from './load-file.ts';

const PREFIX = '.unsynced-';

/** Milliseconds after the last former file that it kept in which a process may still have changed files. */
const ROUND_MS = 10_000;

let self: string | undefined;
let count = 0;

/** This process and no other of this boot: its number, when it began, and where it has that number. */
function own(): string {
  const pid = String(process.pid);
  return (self ??= `${pid}.${processStat(pid)?.start ?? ''}.${pidNamespace()}`);
}

function pidNamespace(): string {
  return String(statSync('/proc/self/ns/pid', { throwIfNoEntry: false })?.ino ?? 0);
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
  /** The network that a file's text defines; undefined where it says nothing usable. */
  readonly networkIn: (path: string, text: string) => Pick<Network, 'uuid'> | undefined;
  /** Told of each definition that is not what it was changed to: it is as before, or it was new and is gone. */
  readonly onPutBack?: ((path: string, is: 'as before' | 'gone') => void) | undefined;
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
 * Where one ended and the machine went on, its changes stand, and are written to the disk once more. Where the machine stopped, files that it tore
 * are as they were before; if any is torn, what was removed in the same moment is back too, for it may have made room for that one, unless its uuid
 * is another one's by now. Torn new files go. What the file system refuses is left for the next one.
 */
export function settleLeft(options: LeftOptions): void {
  const left = unsyncedFolders(options.configDir).filter((folder) => !isAlive(folder, options.bootId));
  const ofThisBoot = left.filter((folder) => isOf(folder, options.bootId));
  attempt(() =>
    settleCut(
      left.filter((folder) => !ofThisBoot.includes(folder)),
      options,
    ),
  );
  attempt(() => settleEnded(ofThisBoot, options));
}

/** @param kept what was kept when the machine stopped. */
function settleCut(kept: readonly string[], options: LeftOptions): void {
  if (kept.length === 0) return;
  putBack(kept, documentsIn(options.definitions).filter(isTorn), options);
  removeFolders(kept);
}

/**
 * @param kept what processes of this boot kept when they ended. One may have been told that the disk refused a file: fsync(2) tells that once, and
 * of the same file nothing more, so what has a former file is written anew before that goes.
 */
function settleEnded(kept: readonly string[], options: LeftOptions): void {
  if (kept.length === 0) return;
  putBack(kept, [], options);
  for (const { path } of formersIn(kept, options.definitions)) if (typeOf(path) === 'file') writeAnew(path, options);
  for (const folder of [options.definitions, options.autostart]) syncAll(folder);
  removeFolders(kept);
}

function isOf(folder: string, bootId: string): boolean {
  return basename(folder).startsWith(`${PREFIX}${bootId}.`);
}

function isOwn(folder: string, bootId: string): boolean {
  return basename(folder).startsWith(`${PREFIX}${bootId}.${own()}.`);
}

function isAlive(folder: string, bootId: string): boolean {
  if (!isOf(folder, bootId)) return false;
  if (isOwn(folder, bootId)) return true;
  const [pid = '', start = '', namespace, round] = basename(folder).slice(`${PREFIX}${bootId}.`.length).split('.');
  const isElsewhere = round !== undefined && namespace !== pidNamespace();
  return isElsewhere ? mayBeInUse(folder) : processStat(pid)?.start === start;
}

/** Of a process in another pid namespace (a container) nobody here sees whether it runs. */
function mayBeInUse(folder: string): boolean {
  const keptAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Math.abs(Date.now() - keptAt) < ROUND_MS;
}

function writeAnew(path: string, { networkIn }: LeftOptions): void {
  const text = readFileSync(path, 'utf8');
  if (networkIn(path, text) !== undefined) changeFiles([{ op: 'write', path, text }], { names: syncedNames });
}

/** Waits for the disk. */
const syncedNames: Names = {
  put: (temp, path) => {
    syncFile(temp);
    renameSync(temp, path);
  },
  remove: removeFile,
};

/** fsync(2) of a folder and its files; it costs little for those that are on the disk already. */
function syncAll(folder: string): void {
  for (const path of [...filesOf(folder), ...(existsSync(folder) ? [folder] : [])]) syncFile(path);
}

function removeFolders(folders: readonly string[]): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** @param kept folders of former files. @param torn files that are to go where nothing is kept of them. */
function putBack(kept: readonly string[], torn: readonly string[], { definitions, autostart, networkIn, onPutBack }: LeftOptions): void {
  const keptUntil = Math.max(...kept.map(changedAt));
  /** What was changed by hand since is somebody's text, whatever it says. */
  const isOfThen = (path: string): boolean => changedAt(path) < keptUntil + ROUND_MS;
  /** What is no file is nobody's text. */
  const networkAt = (path: string): Pick<Network, 'uuid'> | undefined =>
    typeOf(path) === 'file' ? networkIn(path, readFileSync(path, 'utf8')) : {};
  const isLost = (path: string): boolean => typeOf(path) !== undefined && networkAt(path) === undefined && isOfThen(path);
  const lost = torn.filter(isOfThen);
  const formers = formersIn(kept, definitions).toSorted((a, b) => changedAt(b.former) - changedAt(a.former));
  if (lost.length === 0 && !formers.some(({ path }) => isLost(path))) return;
  const uuids = new Set(documentsIn(definitions).map((path) => networkAt(path)?.uuid));
  for (const { path, former } of formers) {
    const network = typeOf(path) === undefined || isLost(path) ? networkAt(former) : undefined;
    if (network === undefined || (network.uuid !== undefined && uuids.has(network.uuid))) continue;
    renameSync(former, path);
    uuids.add(network.uuid);
    onPutBack?.(path, 'as before');
  }
  for (const path of lost.filter(isTorn)) {
    rmSync(path);
    onPutBack?.(path, 'gone');
  }
  // Of a mark it counts only that it is there.
  for (const { path, former } of formersIn(kept, autostart))
    if (typeOf(path) === undefined && existsSync(join(definitions, basename(path)))) renameSync(former, path);
}

/** The file is what a file system makes of a text that it was given and had not written yet. */
function isTorn(path: string): boolean {
  const bytes = readFileSync(path);
  return bytes.length === 0 || bytes.at(-1) === 0;
}

/** What is kept of the files of a folder. */
function formersIn(kept: readonly string[], folder: string): readonly { readonly path: string; readonly former: string }[] {
  const prefix = formerName(folder, '');
  return kept.flatMap((keeper) =>
    list(keeper)
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ path: join(folder, name.slice(prefix.length)), former: join(keeper, name) })),
  );
}

/** What a file is kept as: two folders may have files of the same name. */
export function formerName(folder: string, file: string): string {
  return `${basename(folder)}:${file}`;
}

function documentsIn(folder: string): readonly string[] {
  return filesOf(folder).filter((path) => isDocument(basename(path)));
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
