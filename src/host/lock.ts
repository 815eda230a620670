import { spawn } from 'node:child_process';
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
}

const tails = new Map<string, Promise<void>>();

/**
 * Takes the lock of this network namespace: first among the callers of this process, then among processes (flock(2) on a file that stays,
 * held by a coprocess that ends with this process, so that a kill leaves no lock behind).
 * @throws VirtnetError VNH004 naming the holder when it is not free in time.
 */
export async function takeLock(runDir: string, purpose: string, timeoutMs: number): Promise<AsyncDisposable> {
  const { ino } = await stat('/proc/self/ns/net');
  const path = `${runDir}/lock.${String(ino)}`;
  const began = Date.now();
  const releaseTurn = await takeTurn(path, timeoutMs);
  try {
    await mkdir(runDir, { recursive: true, mode: 0o755 });
    const release = await flock(path, Math.max(timeoutMs - (Date.now() - began), 0));
    const holder: LockHolder = { pid: process.pid, command: process.argv.slice(1).join(' '), purpose, since: new Date().toISOString() };
    await writeFile(path, `${JSON.stringify(holder)}\n`);
    return {
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

/** Runs `flock FILE cat`: cat echoes a line once the lock is held, and lets go when its stdin closes, which it does when this process ends. */
function flock(path: string, timeoutMs: number): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const wait = (timeoutMs / 1000).toFixed(3);
    const argv = ['--exclusive', '--timeout', wait, '--conflict-exit-code', '75', '--no-fork', path, 'cat'];
    const child = spawn('flock', argv, { env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
    let stderr = '';
    const closed = new Promise<number | null>((done) => child.on('close', done));
    child.on('error', (error) => {
      reject(spawnError('flock', error));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.write('held\n');
    child.stdout.once('data', () => {
      resolve(async () => {
        child.stdin.end();
        await closed;
      });
    });
    void closed.then(async (code) => {
      reject(
        code === 75
          ? await held(path)
          : new VirtnetError({
              code: 'VNH001',
              message: `cannot lock '${path}': ${stderr.trim()}`,
              details: { path, exitCode: code, stderr },
            }),
      );
    });
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
