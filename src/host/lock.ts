import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtnetError } from '../base/errors.ts';
import { spawnError } from './command.ts';
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
    mkdirSync(runDir, { recursive: true, mode: 0o755 });
    const release = await flock(path, Math.max(timeoutMs - (Date.now() - began), 0));
    const previous = await readText(path);
    const holder: LockHolder = {
      pid: process.pid,
      command: process.argv.slice(1).join(' '),
      purpose,
      since: new Date().toISOString(),
      token: TOKEN,
    };
    writeFileSync(path, `${JSON.stringify(holder)}\n`);
    return {
      undisturbed: (previous ?? '') === '' || parseHolder(previous)?.token === TOKEN,
      [Symbol.asyncDispose]: async () => {
        await release();
        releaseTurn();
      },
    };
  } catch (error) {
    releaseTurn();
    throw error;
  }
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

function cannotLock(path: string, words: string): VirtnetError {
  return new VirtnetError({ code: 'VNH001', message: `cannot lock '${path}': ${words.trim()}`, details: { path, stderr: words } });
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
