import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtnetError } from '../base/errors.ts';
import { isPermissionText, spawnError, toolError } from './command.ts';
import { LockKeeper, NOT_FREE, type FlockAnswer } from './flock.ts';
import { readText } from './small-files.ts';

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
}

const TOKEN = randomUUID();

const tails = new Map<string, Promise<void>>();

/**
 * Takes the lock of this network namespace: first among the callers of this process, then among processes (flock(2) on a file that stays; a kill
 * leaves no lock behind).
 * @throws VirtnetError VNH004 naming the holder when it is not free in time.
 */
export async function takeLock(runDir: string, purpose: string, timeoutMs: number): Promise<HeldLock> {
  const { ino } = statSync('/proc/self/ns/net');
  const path = `${runDir}/lock.${String(ino)}`;
  const began = Date.now();
  const releaseTurn = await takeTurn(path, timeoutMs);
  try {
    makeFolder(runDir);
    const release = await flock(path, Math.max(timeoutMs - (Date.now() - began), 0));
    try {
      const previous = (await readText(path)) ?? '';
      const holder: LockHolder = {
        pid: process.pid,
        command: process.argv.slice(1).join(' '),
        purpose,
        since: new Date().toISOString(),
        token: TOKEN,
      };
      writeOver(path, `${JSON.stringify(holder)}\n`, previous);
      return {
        undisturbed: previous === '' || parseHolder(previous)?.token === TOKEN,
        [Symbol.asyncDispose]: async () => {
          await release();
          releaseTurn();
        },
      };
    } catch (error) {
      await release();
      throw error;
    }
  } catch (error) {
    releaseTurn();
    throw error;
  }
}

/** @throws VirtnetError VNH003 where this user may not, VNH001 otherwise. */
function makeFolder(runDir: string): void {
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o755 });
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

/** What the system says, in the words of the C library. */
function systemWords(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return /^E(ACCES|PERM):/.test(words) ? 'Permission denied' : (/^E[A-Z0-9]+: (.+?), [a-z]+/.exec(words)?.[1] ?? words);
}

/** Waits for the callers before us in this process. */
async function takeTurn(path: string, timeoutMs: number): Promise<() => void> {
  const before = tails.get(path) ?? Promise.resolve();
  let release = (): void => undefined;
  const mine = new Promise<void>((resolve) => {
    release = resolve;
  });
  const tail = before.then(() => mine);
  tails.set(path, tail);
  const timer = new AbortController();
  const free = await Promise.race([
    before.then(() => true),
    sleep(timeoutMs, false, { signal: timer.signal, ref: true }).catch(() => false),
  ]);
  timer.abort();
  if (free) return release;
  release(); // those behind us still wait for those before us
  throw await held(path);
}

const keepers = new Map<string, LockKeeper>();

/** Only called with the turn of this process, so that one keeper a file is enough. @throws VirtnetError VNH001, VNH002, VNH004. */
async function flock(path: string, timeoutMs: number): Promise<() => Promise<void>> {
  if (path.includes('\n')) throw cannotLock(path, 'its name has a line break');
  const known = keepers.get(path);
  const keeper = known === undefined || known.gone ? new LockKeeper() : known;
  keepers.set(path, keeper);
  let answer: FlockAnswer;
  try {
    answer = await keeper.take(path, timeoutMs);
  } catch (error) {
    throw cannotLock(path, error instanceof Error ? error.message : String(error));
  }
  if (answer.code === NOT_FREE) throw await held(path);
  if (answer.code === 127) throw spawnError('flock', Object.assign(new Error(answer.stderr), { code: 'ENOENT' }));
  if (answer.code !== 0) throw cannotLock(path, answer.stderr);
  return () => keeper.free();
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

async function held(path: string): Promise<VirtnetError> {
  const holder = parseHolder(await readText(path).catch(() => undefined));
  const who = holder === undefined ? 'another virtnet' : `process ${String(holder.pid)} (${holder.command}) since ${holder.since}`;
  return new VirtnetError({
    code: 'VNH004',
    message: `another change of this host's networks is under way: ${who}`,
    hint: 'wait for it to end, then try again',
    details: { path, ...(holder === undefined ? {} : { holder }) },
  });
}

function parseHolder(text: string | undefined): LockHolder | undefined {
  try {
    return JSON.parse(text ?? '') as LockHolder;
  } catch {
    return undefined; // just being written
  }
}
