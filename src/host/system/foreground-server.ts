import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnvironment, spawnError, type CommandResult } from '../tools/command.ts';
import { readText, replaceText } from './small-files.ts';

/** How long a dnsmasq may take until it says that it has started, in milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Starts a dnsmasq where no process may change its groups: in a user namespace without a second user (what `virtnet sandbox` makes for
 * those who are not root) it cannot become anybody, and only its `--no-daemon` leaves that out. What the daemon does itself otherwise is
 * done here: it runs on without this process, its words go to a file, and its pid file is written once it says that it has started.
 */
export async function startInForeground(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  files: { readonly folder: string; readonly pid: string },
): Promise<CommandResult> {
  const [tool, ...args] = argv;
  const words = `${files.folder}/words`;
  const log = openSync(words, 'w', 0o644);
  try {
    const child = spawn(tool, [...args, '--no-daemon'], {
      env: cleanEnvironment(environment),
      stdio: ['ignore', log, log],
      detached: true,
      cwd: '/',
    });
    let ended: { readonly code: number | null; readonly error?: Error } | undefined;
    child.on('error', (error) => (ended = { code: null, error }));
    child.on('exit', (code) => (ended ??= { code }));
    for (const began = performance.now(); performance.now() - began < PATIENCE_MS; await sleep(5)) {
      const said = readText(words) ?? '';
      if (ended?.error) throw spawnError(tool, ended.error);
      if (ended) return { argv, ...(ended.code === null ? {} : { code: ended.code }), timedOut: false, stdout: '', stderr: said };
      if (/^dnsmasq: started, /m.test(said)) {
        child.unref();
        replaceText(files.pid, `${String(child.pid ?? 0)}\n`);
        return { argv, code: 0, timedOut: false, stdout: '', stderr: '' };
      }
    }
    child.kill('SIGKILL');
    return { argv, timedOut: true, stdout: '', stderr: readText(words) ?? '' };
  } finally {
    closeSync(log);
  }
}

/** In a user namespace that somebody without privileges made, setgroups(2) is denied, and there is nobody else to become. */
export function keepsItsGroups(): boolean {
  try {
    return readFileSync('/proc/self/setgroups', 'utf8').trim() === 'deny';
  } catch {
    return false; // a kernel without user namespaces
  }
}
