import { spawn, type ChildProcess } from 'node:child_process';
import { cleanEnvironment } from '../tools/command.ts';
import { NOT_FREE } from './flock.ts';

/** Seconds in which a process that ends gives up what it held. */
const PATIENCE_S = 2;

const HOLD = `exec 9<"$1" && flock --exclusive --timeout ${String(PATIENCE_S)} --conflict-exit-code ${String(NOT_FREE)} 9 && exec cat`;

/**
 * Holds flock(2) of a file or folder that is there (nothing is written), for as long as this process lives or until the returned function is
 * called. Anybody who may read it may hold it too: good enough to tell of, not to rely on.
 * @param onTaken told when somebody else has it
 */
export function holdForUse(path: string, onTaken: () => void): () => void {
  // Without pipes where this process can have no more files.
  const child: ChildProcess = spawn('/bin/sh', ['-c', HOLD, 'virtnet-hold', path], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    detached: true,
  });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.on('exit', (code) => {
    if (code === NOT_FREE) onTaken();
  });
  child.unref();
  return () => void child.stdin?.destroy();
}
