import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { VirtnetError } from '../../base/errors.ts';
import { OURS } from './orphans.ts';
import { runByShell } from './shell-pool.ts';

/** How a finished command ended. `code` is absent where a signal ended it. */
export interface CommandResult {
  readonly argv: readonly string[];
  readonly code?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to the command's stdin, which is then closed. */
  readonly input?: string;
  /** Milliseconds before the command is killed; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Added to the clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The output comes when the command has ended, without line breaks at its end: for a tool that writes it word by word (nft does), each of
   * which would wake this process.
   */
  readonly gathered?: boolean;
}

/** Tools by the Debian package that has them, for the hint of VNH002. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  bridge: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  flock: 'util-linux',
  unshare: 'util-linux',
  busctl: 'systemd',
  'ovs-vsctl': 'openvswitch-switch',
  'firewall-cmd': 'firewalld',
  'iptables-legacy-save': 'iptables',
  'ip6tables-legacy-save': 'iptables',
  vdptool: 'lldpad',
  socat: 'socat',
  modprobe: 'kmod',
};

/** The environment of every command: no locale of the caller's, a PATH that has the sbin folders. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: searchPath(process.env['PATH'] ?? ''), LC_ALL: 'C', ...extra };
}

let searched = { of: '', path: '' };

/** Folders that this user may not look into are left out: for one of these execvp(3) says EACCES of a program that is nowhere. */
function searchPath(given: string): string {
  if (searched.path !== '' && searched.of === given) return searched.path;
  const folders = [...given.split(':'), '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const path = folders.filter((folder) => folder !== '' && !isClosed(folder)).join(':');
  searched = { of: given, path };
  return path;
}

function isClosed(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

/** True when a program of this name would be found. */
export function isInstalled(tool: string): boolean {
  return (cleanEnvironment()['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(`${folder}/${tool}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The error of a program that could not be started at all. */
export function spawnError(tool: string, error: Error): VirtnetError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return notInstalled(tool, error);
  return new VirtnetError({ code: 'VNH001', message: `'${tool}' could not be started: ${error.message}`, details: { tool }, cause: error });
}

/** VNH002, with the package that has the program where it is known. */
export function notInstalled(tool: string, cause?: Error): VirtnetError {
  const name = packages[tool];
  return new VirtnetError({
    code: 'VNH002',
    message: `the program '${tool}' is not installed`,
    hint: name === undefined ? `install '${tool}'` : `apt-get install ${name}`,
    details: { tool, ...(name === undefined ? {} : { package: name }) },
    ...(cause && { cause }),
  });
}

/** True for the words that the tools use when the kernel says EPERM or EACCES. */
export function isPermissionText(stderr: string): boolean {
  return /Operation not permitted|Permission denied|\(you must be root\)/.test(stderr);
}

/** The error for words of a tool: VNH003 where they say that a privilege is missing, else VNH001. */
export function toolError(tool: string, stderr: string, details: Readonly<Record<string, unknown>>, hint?: string): VirtnetError {
  const words = stderr.trim();
  if (isPermissionText(words) && process.geteuid?.() !== 0)
    return new VirtnetError({
      code: 'VNH003',
      message: `no permission to change the network (${tool}: ${words.split('\n')[0] ?? ''})`,
      hint: 'run as root, or try it in `virtnet sandbox`',
      details: { ...details, stderr },
    });
  return new VirtnetError({
    code: 'VNH001',
    message: `${tool}: ${words === '' ? 'failed without a word' : words}`,
    ...(hint === undefined ? {} : { hint }),
    details: { ...details, stderr },
  });
}

/**
 * Runs a program and waits for its end; a non-zero exit is a result, not an error. No word of it is ever evaluated by a shell.
 * @throws VirtnetError VNH002 when it is not installed.
 */
export async function tryRun(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<CommandResult> {
  const { env = {}, input = '', timeoutMs = TIMEOUT_MS, gathered } = options;
  const request = { argv, env, input, timeoutMs, gathered };
  const result = await runByShell(request, cleanEnvironment());
  return result === undefined ? runDirectly(argv, options) : { argv, ...result };
}

const TIMEOUT_MS = 30_000;

function runDirectly(argv: readonly [string, ...string[]], options: CommandOptions): Promise<CommandResult> {
  const [tool, ...args] = argv;
  return new Promise((resolve, reject) => {
    // Where this process can have no more files it has no pipes, and an 'error'.
    const child: ChildProcess = spawn(tool, args, {
      env: cleanEnvironment({ ...options.env, ...OURS.variables }),
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
      detached: OURS.detached,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? TIMEOUT_MS);
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => undefined); // a command that ends before it has read its input says why on stderr
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(spawnError(tool, error));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        argv,
        ...(code === null ? {} : { code }),
        ...(signal === null ? {} : { signal }),
        timedOut,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    child.stdin?.end(options.input ?? '');
  });
}

/**
 * Runs a program without a shell; gives what it printed.
 * @throws VirtnetError VNH001 (it failed: argv, exit code and stderr in the details), VNH002 (not installed), VNH003 (no permission).
 */
export async function run(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<CommandResult> {
  const result = await tryRun(argv, options);
  if (result.code === 0) return result;
  throw commandError(result);
}

/** The error of a command that ended badly. */
export function commandError(result: CommandResult): VirtnetError {
  const tool = result.argv[0] ?? '';
  const words = result.timedOut ? `no answer in time${result.stderr === '' ? '' : ` (${result.stderr.trim()})`}` : result.stderr;
  return toolError(tool, words, {
    argv: result.argv,
    exitCode: result.code ?? null,
    ...(result.signal === undefined ? {} : { signal: result.signal }),
  });
}
