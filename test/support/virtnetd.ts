import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patiently, PATIENCE_MS, waitedFor } from './patience.ts';

/** A daemon from this tree in the namespaces of the test, with folders of its own. */
export interface Virtnetd extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Folder of the two sockets. */
  readonly sockets: string;
  readonly readWrite: string;
  readonly readOnly: string;
  /** What a client is given as its URI. */
  readonly uri: string;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Ends it (SIGTERM unless told otherwise) and resolves with its exit code, or the signal's name. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface VirtnetdOptions {
  /** Folders that outlive the daemon; made anew when absent. */
  readonly folder?: string;
  /** Where the sockets go; default below the folder. */
  readonly sockets?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

let built = false;

/** The daemon's bundle. Made anew when a source is younger than it, once a test file. */
export function bundlePath(root: string = process.cwd()): string {
  const bundle = join(root, 'dist', 'virtnetd.cjs');
  if (built || isFresh(root, bundle)) return bundle;
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs'), '--bundles'], { encoding: 'utf8' });
  if (status !== 0 || !existsSync(bundle)) throw new Error(`cannot build virtnetd: ${stderr}`);
  built = true;
  return bundle;
}

function isFresh(root: string, bundle: string): boolean {
  const mark = join(root, 'dist', '.bundled');
  if (!existsSync(bundle) || !existsSync(mark)) return false;
  return spawnSync('find', [join(root, 'src'), '-newer', mark], { encoding: 'utf8' }).stdout === '';
}

/** Starts the daemon, as a host does, and waits until it serves. */
export async function startVirtnetd(options: VirtnetdOptions = {}): Promise<Virtnetd> {
  bundlePath();
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'virtnetd-'));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755); // dnsmasq reads the fixed hosts as a user of its own
  const sockets = options.sockets ?? join(folder, 'sockets');
  const folders = ['--config-dir', join(folder, 'etc'), '--state-dir', join(folder, 'lib'), '--run-dir', join(folder, 'run')];
  const args = ['--libvirt-sockets', sockets, ...folders, ...(options.args ?? [])];
  const child = spawn(join(process.cwd(), 'bin', 'virtnetd'), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<number | string>((resolve) => void child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')));
  const readOnly = join(sockets, 'virtnetworkd-sock-ro');
  const began = Date.now();
  while (!log.includes('serving libvirt clients')) {
    if (child.exitCode !== null) throw new Error(`virtnetd ended with ${String(child.exitCode)}:\n${log}`);
    if (Date.now() - began > PATIENCE_MS) throw new Error(waitedFor('virtnetd to serve', log));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const readWrite = join(sockets, 'virtnetworkd-sock');
  const end = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    child.kill(signal);
    return patiently(`the end of virtnetd after ${signal}`, ended, () => log);
  };
  return {
    process: child,
    sockets,
    readWrite,
    readOnly,
    uri: `network+unix:///system?socket=${readWrite}`,
    log: () => log,
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The devices of the oracle's lab in the namespace of the test: eth1 (203.0.113.5/24), eth2, eth20 to eth24, an empty bridge br0. */
export function makeLab(): void {
  const lines = ['eth1', 'eth2', 'eth20', 'eth21', 'eth22', 'eth23', 'eth24'].flatMap((dev) => [
    `link add ${dev} type veth peer name p${dev}`,
    `link set ${dev} up`,
    `link set p${dev} up`,
  ]);
  const batch = [...lines, 'address add 203.0.113.5/24 dev eth1', 'link add br0 type bridge'].join('\n');
  const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: batch, encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot make the lab's devices: ${stderr}`);
}
