import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtnetError } from '../../base/errors.ts';
import { isPermissionText, notInstalled, toolError } from '../tools/command.ts';
import { LockKeeper, NOT_FREE, type FlockAnswer } from './flock.ts';
import { LockRequests, askFor } from './lock-requests.ts';
import { makeFolders } from '../system/make-folders.ts';
import { PROCESS_TOKEN, toolsEnded } from '../tools/orphans.ts';
import { readText } from '../system/small-files.ts';
import { systemWords } from '../system/system-words.ts';
import { takeTurn } from './turns.ts';

/** Who holds the lock, as written into its file. */
export interface LockHolder {
  readonly pid: number;
  readonly command: string;
  readonly purpose: string;
  /** ISO 8601. */
  readonly since: string;
  /** Of one process and no other, also where process numbers repeat (containers). */
  readonly token: string;
}

/** A lock that is held. */
export interface HeldLock extends AsyncDisposable {
  /** Nobody else has held it since this process held it last: what this process looked at while it waited is still true of our own. */
  readonly undisturbed: boolean;
  /** Waits until what the holder before had started has ended, where that one was killed: it may still be changing the host. */
  readonly formerEnded: () => Promise<void>;
}

/** Milliseconds to wait for what a killed holder left running: longer than any of its tools takes that does not hang. */
const FORMER_MS = 5000;

/** A lock that this process keeps until another one asks for it. */
interface Kept {
  readonly keeper: LockKeeper;
  /** What it was last taken for. */
  readonly purpose: string;
  readonly requests: LockRequests;
  /** The file whose lock it is: one that was removed and is there again is another one. */
  readonly inode: bigint | undefined;
  /** Since when no caller needs it, as `performance.now()` says; undefined while one has it. */
  readonly idleSince: number | undefined;
}

const kept = new Map<string, Kept>();

/** Changes that follow one another without a pause let others who asked have the lock this often at least, in milliseconds. */
const LONGEST_KEPT_MS = 250;

export interface LockOptions {
  /** Milliseconds to wait for it. */
  readonly timeoutMs: number;
  /**
   * Keeps the lock when it is needed no more, so long at least (milliseconds) and then until another process asks for it: a change that follows
   * costs no exchange with the shell that holds it. Only for a process whose event loop is never blocked for long: it is the loop that gives
   * the lock back. By default it is given back at once.
   */
  readonly keepMs?: number | undefined;
  /** Told once, after a second, when another process has it still: who that is, as far as the lock's file says. */
  readonly onWait?: ((holder: LockHolder | undefined) => void) | undefined;
}

/** Milliseconds that nobody needs to hear about. */
const PATIENCE_MS = 1000;

/**
 * Takes the lock of a run folder, and of the networks that its files are about: first among the callers of this process, then among processes
 * (flock(2) on a file that stays; a kill leaves no lock behind).
 * @throws VirtnetError VNH004 naming the holder when it is not free in time.
 */
export async function takeLock(runDir: string, purpose: string, { timeoutMs, keepMs, onWait }: LockOptions): Promise<HeldLock> {
  const path = lockPath(runDir);
  const began = performance.now();
  const releaseTurn = await takeTurn(path, timeoutMs);
  if (!releaseTurn) throw held(path);
  let keeper: LockKeeper | undefined;
  const patience = onWait && setTimeout(() => onWait(readHolder(path)), PATIENCE_MS);
  try {
    const ours = await stillKept(path, keepMs);
    const ourKeeper = (keeper = ours?.keeper ?? (await flock(path, Math.max(timeoutMs - (performance.now() - began), 0))));
    const inode = ours?.inode ?? (keepMs === undefined ? undefined : inodeOf(path));
    const previous = ours?.purpose === purpose ? undefined : (readText(path) ?? '');
    const undisturbed = ours !== undefined || isOwn(previous ?? '');
    if (previous !== undefined) writeHolder(path, purpose, previous);
    const free = async (): Promise<void> => {
      if (keepMs === undefined) await giveBack(path, ourKeeper);
      else keep(path, { keeper: ourKeeper, purpose, inode }, keepMs);
      releaseTurn();
    };
    return new OwnLock(undisturbed, previous ?? '', free);
  } catch (error) {
    if (keeper) await giveBack(path, keeper);
    releaseTurn();
    throw error;
  } finally {
    clearTimeout(patience);
  }
}

/** The lock as this process has it. (A class, for V8 makes an object literal with a method of a symbol's name slowly.) */
class OwnLock implements HeldLock {
  readonly undisturbed: boolean;
  readonly #former: string;
  readonly #free: () => Promise<void>;

  /** @param former the text of the lock's file that says who had it before; empty where that was this process. */
  constructor(undisturbed: boolean, former: string, free: () => Promise<void>) {
    this.undisturbed = undisturbed;
    this.#former = former;
    this.#free = free;
  }

  async formerEnded(): Promise<void> {
    const former = parseHolder(this.#former);
    if (former) await toolsEnded(former, FORMER_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#free();
  }
}

/** Gives a lock back that is only kept. */
export async function freeKeptLock(runDir: string): Promise<void> {
  const path = lockPath(runDir);
  const ours = kept.get(path);
  if (ours?.idleSince !== undefined) await giveBack(path, ours.keeper);
}

function lockPath(runDir: string): string {
  return `${runDir}/lock`;
}

/** Calls of one process about one lock have one `keepMs`. */
function keep(path: string, lock: Pick<Kept, 'keeper' | 'purpose' | 'inode'>, keepMs: number): void {
  const giveUp = (): void => {
    const ours = kept.get(path);
    if (ours?.idleSince === undefined || ours.requests.since === undefined) return;
    const left = ours.idleSince + keepMs - performance.now();
    if (left > 0)
      setTimeout(giveUp, left).unref(); // a process that ends gives it back by that
    else void giveBack(path, lock.keeper);
  };
  const requests = kept.get(path)?.requests ?? new LockRequests(path, giveUp);
  kept.set(path, { ...lock, requests, idleSince: performance.now() });
  giveUp();
}

/** The lock where this process has it still, unless others have waited for too long. Only called with the turn of this process. */
async function stillKept(path: string, keepMs = 0): Promise<Kept | undefined> {
  const ours = kept.get(path);
  if (!ours) return undefined;
  kept.set(path, { ...ours, idleSince: undefined });
  const isOverdue = performance.now() - (ours.requests.since ?? Infinity) > LONGEST_KEPT_MS;
  if (!isOverdue && !ours.keeper.gone && inodeOf(path) === ours.inode) return ours;
  if (isOverdue) await sleep((ours.idleSince ?? 0) + keepMs - performance.now());
  await giveBack(path, ours.keeper);
  return undefined;
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

async function giveBack(path: string, keeper: LockKeeper): Promise<void> {
  kept.get(path)?.requests.close();
  kept.delete(path);
  await keeper.free();
}

/** @throws VirtnetError VNH003 where this user may not, VNH001 otherwise. */
function makeFolder(runDir: string): void {
  try {
    makeFolders(runDir, 0o755);
  } catch (error) {
    throw cannotLock(runDir, systemWords(error));
  }
}

/**
 * Writes over a text that is there, and blanks what is left of it: on a full disk the room that the file has is enough.
 * @throws VirtnetError VNH001.
 */
function writeOver(path: string, text: string, previous: string): void {
  try {
    const fd = openSync(path, 'r+');
    try {
      writeSync(fd, text.trimEnd().padEnd(Buffer.byteLength(previous) - 1) + '\n', 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw cannotLock(path, systemWords(error));
  }
}

function writeHolder(path: string, purpose: string, previous: string): void {
  const holder: LockHolder = {
    pid: process.pid,
    command: process.argv.slice(1).join(' '),
    purpose,
    since: new Date().toISOString(),
    token: PROCESS_TOKEN,
  };
  writeOver(path, `${JSON.stringify(holder)}\n`, previous);
}

function isOwn(holder: string): boolean {
  return holder === '' || parseHolder(holder)?.token === PROCESS_TOKEN;
}

const keepers = new Map<string, LockKeeper>();

/** Files of locks that this process waits for. */
const awaited = new Set<string>();

/** A lock that another process has. */
export interface AwaitedLock {
  /** As far as the lock's file says. */
  readonly holder?: LockHolder | undefined;
}

/** The lock where a change of this process waits for it. */
export function awaitedLock(runDir: string): AwaitedLock | undefined {
  const path = lockPath(runDir);
  return awaited.has(path) ? { holder: readHolder(path) } : undefined;
}

/** Only called with the turn of this process, so that one keeper a file is enough. @throws VirtnetError VNH001, VNH002, VNH004. */
async function flock(path: string, timeoutMs: number): Promise<LockKeeper> {
  if (path.includes('\n')) throw cannotLock(path, 'its name has a line break');
  makeFolder(dirname(path));
  const known = keepers.get(path);
  const keeper = known === undefined || known.gone ? new LockKeeper() : known;
  keepers.set(path, keeper);
  let answer: FlockAnswer;
  awaited.add(path);
  const asked = askFor(path);
  try {
    answer = await keeper.take(path, timeoutMs);
  } catch (error) {
    throw cannotLock(path, error instanceof Error ? error.message : String(error));
  } finally {
    asked();
    awaited.delete(path);
  }
  if (answer.code === NOT_FREE) throw held(path);
  if (answer.code === 127) throw notInstalled('flock');
  if (answer.code !== 0) throw cannotLock(path, answer.stderr);
  return keeper;
}

/** @param words the system's, or those of the shell that opens the file (`virtnet-lock: 5: cannot create PATH: Read-only file system`). */
function cannotLock(path: string, words: string): VirtnetError {
  const reason = words.trim().replace(/^virtnet-lock: .*: /, '');
  if (isPermissionText(reason) && process.geteuid?.() !== 0) return toolError('lock', `cannot lock '${path}': ${reason}`, { path });
  return new VirtnetError({
    code: 'VNH001',
    message: `cannot lock '${path}': ${reason}`,
    hint: 'no change is made without the lock: make its folder writable, or name another one in VIRTNET_RUN_DIR',
    details: { path },
  });
}

function held(path: string): VirtnetError {
  const holder = readHolder(path);
  const who = holder === undefined ? 'another virtnet' : `process ${String(holder.pid)} (${holder.command}) since ${holder.since}`;
  return new VirtnetError({
    code: 'VNH004',
    message: `another change of this host's networks is under way: ${who}`,
    hint: 'wait for it to end, then try again',
    details: { path, ...(holder === undefined ? {} : { holder }) },
  });
}

function readHolder(path: string): LockHolder | undefined {
  try {
    return parseHolder(readText(path) ?? '');
  } catch {
    return undefined; // not to be read by this user
  }
}

function parseHolder(text: string): LockHolder | undefined {
  if (text === '') return undefined; // what the error costs is much beside a change of documents
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return undefined; // just being written
  }
}
