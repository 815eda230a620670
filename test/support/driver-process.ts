import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { PATIENCE_MS, waitedFor } from './patience.ts';

const root = join(import.meta.dirname, '..', '..');
let bundle: string | undefined;

/** The file of driver-child.ts as Node runs it. */
function child(): string {
  if (bundle !== undefined) return bundle;
  // Test files run side by side, each with process numbers of its own.
  bundle = join(root, '.cache', `driver-child-${randomUUID()}.mjs`);
  const file = bundle;
  process.once('exit', () => {
    rmSync(file, { force: true });
  });
  buildSync({
    entryPoints: [join(import.meta.dirname, 'driver-child.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return bundle;
}

export interface ChildOutcome {
  readonly killed: boolean;
  /** Steps of the whole plan, where it lived. */
  readonly steps: number;
}

/** Runs one call of the driver in a process of its own that kills itself before or after a step. */
export function runChild(
  call: 'up' | 'stop' | 'attach' | 'detach' | 'repair',
  at: number,
  moment: 'before' | 'after',
  ...args: readonly string[]
): ChildOutcome {
  const limit = { timeout: PATIENCE_MS + 10_000, killSignal: 'SIGKILL' } as const; // it tells of a wait itself before that, where it can
  const result = spawnSync(process.execPath, [child(), call, String(at), moment, ...args], { encoding: 'utf8', ...limit });
  if (result.error)
    throw new Error(waitedFor(`a driver process: ${call}, ${moment} step ${String(at)}`, result.stderr), { cause: result.error });
  if (result.signal === 'SIGKILL') return { killed: true, steps: 0 };
  if (result.status !== 0) throw new Error(`driver process: ${result.stderr}`);
  return { killed: false, steps: Number(result.stdout) };
}

/** A process that reads the leases of a network again and again until it is killed. */
export function startDriverReader(network: string): ChildProcess {
  return spawn(process.execPath, [child(), 'read-leases', '-1', 'before', network], { stdio: 'ignore' });
}
