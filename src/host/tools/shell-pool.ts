import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { OURS } from './orphans.ts';
import { keepAlive } from './keep-alive.ts';

/** A command for a shell of the pool. */
export interface ShellRequest {
  readonly argv: readonly [string, ...string[]];
  /** Added to the shell's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the command reads on stdin. */
  readonly input: string;
  /** Milliseconds before the command is killed. */
  readonly timeoutMs: number;
  /** See `CommandOptions`. */
  readonly gathered?: boolean | undefined;
}

export interface ShellResult {
  readonly code?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Reads requests and runs them one after another. Words come a line each and are only ever expanded as "$word": nothing in them is
 * evaluated. `exec` leaves the shell's own commands out.
 */
const LOOP = `
become() {
  while [ "$vars" -gt 0 ]; do export "$1"; shift; vars=$((vars - 1)); done
  exec "$@"
}
while IFS= read -r mark; do
  IFS= read -r how; IFS= read -r input; IFS= read -r vars; IFS= read -r words
  set --
  while [ "$words" -gt 0 ]; do IFS= read -r word; set -- "$@" "$word"; words=$((words - 1)); done
  out=
  if [ "$how" = gathered ]; then out=$(become "$@" <"$input"); else (become "$@" <"$input"); fi
  printf '%s\\n%s %s\\n' "$out" "$mark" "$?"
  printf '\\n%s\\n' "$mark" >&2
done`;

/** How many shells a process keeps at most; what is asked for beside that many at once is started directly. */
export const SHELLS_AT_MOST = 6;

/**
 * A lasting shell that starts commands for this process. Starting one costs a Node process 1 to 5 ms in which nothing else runs, for the
 * kernel copies the page tables of the whole heap; the shell has nearly none.
 */
class Shell {
  readonly path: string;
  gone = false;
  #busy = false;
  /** Without pipes where this process can have no more files; an 'error' tells. */
  readonly #child: ChildProcess;
  #out = '';
  #err = '';
  #settle: ((ended: boolean) => void) | undefined;

  constructor(env: Record<string, string>) {
    this.path = env['PATH'] ?? '';
    // A group of its own: a command that must be killed is killed with its shell.
    this.#child = spawn('/bin/sh', ['-c', LOOP, 'virtnet'], {
      env: { ...env, ...OURS.variables },
      stdio: 'pipe',
      cwd: '/',
      detached: OURS.detached,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#settle?.(false);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#settle?.(false);
    });
    this.#child.stdin?.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', () => this.#end());
    this.#child.on('close', () => this.#end());
    keepAlive(this.#child, false);
  }

  get free(): boolean {
    return !this.#busy && !this.gone;
  }

  /**
   * Undefined when the shell could not be started or went away before it was asked, or when there is no room for the input; one that goes away later takes its
   * command along, as a signal would.
   */
  run(request: ShellRequest): Promise<ShellResult | undefined> {
    const input = request.input === '' ? undefined : unlinkedFile(request.input);
    if (input === 'no room') return Promise.resolve(undefined);
    this.#busy = true;
    keepAlive(this.#child, true);
    const mark = randomBytes(12).toString('hex');
    const vars = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
    const words = [...vars, ...request.argv];
    return new Promise((resolve) => {
      const finish = (result: ShellResult | undefined): void => {
        clearTimeout(timer);
        if (input !== undefined) closeSync(input);
        this.#settle = undefined;
        this.#out = this.#err = '';
        this.#busy = false;
        keepAlive(this.#child, false);
        resolve(result);
      };
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        this.kill();
      }, request.timeoutMs);
      const end = new RegExp(`\\n${mark} (\\d+)\\n$`);
      this.#settle = (ended) => {
        // stderr's mark is the last to be written: a long output is searched once, not with each of its pieces.
        const code = this.#err.endsWith(`\n${mark}\n`) ? end.exec(this.#out.slice(-mark.length - LONGEST_END)) : undefined;
        if (code)
          finish({
            ...exit(Number(code[1])),
            timedOut: false,
            stdout: this.#out.slice(0, -code[0].length),
            stderr: this.#err.slice(0, -mark.length - 2),
          });
        else if (ended && this.#child.pid === undefined) finish(undefined);
        else if (ended) finish({ signal: 'SIGKILL', timedOut, stdout: this.#out, stderr: this.#err });
      };
      if (this.gone) finish(undefined);
      else
        this.#child.stdin?.write(
          [
            mark,
            request.gathered === true ? 'gathered' : 'direct',
            input === undefined ? '/dev/null' : `/proc/${String(process.pid)}/fd/${String(input)}`,
            vars.length,
            words.length,
            ...words,
          ]
            .map((line) => `${String(line)}\n`)
            .join(''),
        );
    });
  }

  /** Ends the shell and the command that it runs. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.gone) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL'); // its group is not there yet, or not any more
    }
  }

  #end(): void {
    this.gone = true;
    this.#settle?.(true);
  }
}

const shells: Shell[] = [];

/**
 * Runs a command by a shell of the pool. Undefined when it has to be started directly: a word with a line break, too many at once, no
 * room for its input, a program that is not there (whose error the direct start tells), a shell that had gone or that there can be none of.
 */
export async function runByShell(request: ShellRequest, env: Record<string, string>): Promise<ShellResult | undefined> {
  if ([...request.argv, ...Object.values(request.env)].some((word) => word.includes('\n') || word.includes('\0'))) return undefined;
  const shell = freeShell(env);
  if (!shell) return undefined;
  const result = await shell.run(request);
  return result?.code === NOT_FOUND || result?.code === NOT_EXECUTABLE ? undefined : result;
}

/** Characters around the mark at the end of an output: two line ends, a blank and an exit code of up to three digits. */
const LONGEST_END = 6;

/** Exit codes of a shell that could not run a command (POSIX, 2.8.2 Exit Status for Commands). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

function freeShell(env: Record<string, string>): Shell | undefined {
  for (const shell of [...shells]) if (shell.gone || shell.path !== env['PATH']) retire(shell);
  const free = shells.find((shell) => shell.free);
  if (free) return free;
  if (shells.length >= SHELLS_AT_MOST) return undefined;
  const made = new Shell(env);
  shells.push(made);
  return made;
}

function retire(shell: Shell): void {
  if (!shell.gone && !shell.free) return; // it goes when its command has ended
  shells.splice(shells.indexOf(shell), 1);
  shell.kill();
}

/** A file without a name that holds the text: it is gone with this process. A folder that is full or cannot be written has no room. */
function unlinkedFile(text: string): number | 'no room' {
  const path = join(tmpdir(), `.virtnet-${String(process.pid)}-${randomBytes(6).toString('hex')}`);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    return fd;
  } catch {
    if (fd !== undefined) closeSync(fd);
    return 'no room';
  }
}

/** A shell tells of a command that a signal ended by 128 and its number. */
function exit(code: number): { readonly code: number } | { readonly signal: string } {
  const signal = code > 128 ? Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] : undefined;
  return signal === undefined ? { code } : { signal };
}
