import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtnetError } from '../base/errors.ts';
import { cleanEnvironment, spawnError } from './command.ts';
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
  const { ino } = await stat('/proc/self/ns/net');
  const path = `${runDir}/lock.${String(ino)}`;
  const began = Date.now();
  const releaseTurn = await takeTurn(path, timeoutMs);
  try {
    await mkdir(runDir, { recursive: true, mode: 0o755 });
    const release = await flock(path, Math.max(timeoutMs - (Date.now() - began), 0));
    const previous = await readText(path);
    const holder: LockHolder = {
      pid: process.pid,
      command: process.argv.slice(1).join(' '),
      purpose,
      since: new Date().toISOString(),
      token: TOKEN,
    };
    await writeFile(path, `${JSON.stringify(holder)}\n`);
    return {
      undisturbed: (previous ?? '') === '' || parseHolder(previous)?.token === TOKEN,
      [Symbol.asyncDispose]: () => {
        release();
        releaseTurn();
        return Promise.resolve();
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

/**
 * Has flock(1) lock the file description that we hold open: the lock stays with it when flock has ended, and goes when we close it or end
 * in whatever way (Node opens files close-on-exec, so no child of ours carries it on).
 */
async function flock(path: string, timeoutMs: number): Promise<() => void> {
  const fd = openSync(path, 'a+', 0o644);
  try {
    const wait = (timeoutMs / 1000).toFixed(3);
    const child = spawn('flock', ['--exclusive', '--timeout', wait, '--conflict-exit-code', '75', '3'], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', fd],
      cwd: '/',
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve);
      child.on('error', (error) => {
        reject(spawnError('flock', error));
      });
    });
    if (code === 75) throw await held(path);
    if (code !== 0)
      throw new VirtnetError({
        code: 'VNH001',
        message: `cannot lock '${path}': ${stderr.trim()}`,
        details: { path, exitCode: code, stderr },
      });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return () => {
    closeSync(fd);
  };
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
