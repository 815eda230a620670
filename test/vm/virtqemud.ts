import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { patiently, PATIENCE_MS, waitedFor } from '../support/patience.ts';
import { Guest } from './guest.ts';
import { whyNoLibvirtGuests, whyNoQemuDriver } from './libvirt-guest.ts';

/** Why `test/oracle/virtqemud` cannot run here; undefined when it can. */
export function whyNoVirtqemud(): string | undefined {
  if (spawnSync('sh', ['-c', 'command -v libvirtd && command -v tcc']).status !== 0)
    return 'libvirtd or tcc is missing: sh scripts/setup.sh oracle';
  return whyNoQemuDriver();
}

/** libvirt's QEMU driver as a daemon in the namespaces of the test. Its machines outlive it. */
export interface Virtqemud extends AsyncDisposable {
  /** Ends it and waits until it has. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts it and waits until it serves qemu:///system. Its networks are those of whoever listens at /run/libvirt/virtnetworkd-sock. */
export async function startVirtqemud(): Promise<Virtqemud> {
  const child: ChildProcess = spawn('test/oracle/virtqemud', { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const began = Date.now();
  // A virsh that cannot connect yet takes long in an emulated machine, and from the daemon's start.
  const serves = (): boolean =>
    existsSync('/run/libvirt/virtqemud-sock') && spawnSync('virsh', ['-c', 'qemu:///system', 'uri'], { timeout: PATIENCE_MS }).status === 0;
  while (!serves()) {
    if (child.exitCode !== null) throw new Error(`virtqemud ended with ${String(child.exitCode)}:\n${log}`);
    if (Date.now() - began > PATIENCE_MS) throw new Error(waitedFor('virtqemud to serve', log));
    await sleep(50);
  }
  const end = (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    return patiently(`the end of virtqemud after ${signal}`, ended, () => log);
  };
  return {
    end,
    async [Symbol.asyncDispose]() {
      const limit = { encoding: 'utf8', timeout: PATIENCE_MS } as const;
      for (const name of execFileSync('virsh', ['-c', 'qemu:///system', 'list', '--name'], limit).split('\n'))
        if (name.trim() !== '') spawnSync('virsh', ['-c', 'qemu:///system', 'destroy', name.trim()], limit);
      await end();
    },
  };
}

/** Why virt-install(1) cannot boot a machine here; undefined when it can. */
export function whyNoVirtInstall(): string | undefined {
  if (spawnSync('sh', ['-c', 'command -v virt-install']).status !== 0) return 'virt-install is missing: sh scripts/setup.sh oracle';
  return whyNoLibvirtGuests() ?? whyNoVirtqemud();
}

/** Ends the machine with the process that stands for it. */
const INSTALL = `name=$1; shift
virt-install --connect qemu:///system --virt-type qemu --name "$name" "$@" >&2 || exit
trap 'virsh -c qemu:///system destroy "$name"; exit' TERM
while :; do sleep 60 & wait; done`;

/** Boots a machine by virt-install(1); `network` is the value of its `--network`. */
export function bootByVirtInstall(name: string, network: string): Promise<Guest> {
  return Guest.boot({
    name,
    start: (boot) => {
      const system = ['--memory', '128', '--osinfo', 'detect=off,require=off', '--import', '--disk', 'none'];
      const devices = [
        '--graphics',
        'none',
        '--noautoconsole',
        '--serial',
        `file,path=${boot.console}`,
        '--serial',
        `unix,path=${boot.agent},mode=bind`,
      ];
      const start = ['--boot', `kernel=${boot.kernel},initrd=${boot.initrd},kernel_args=${boot.append}`];
      return spawn('sh', ['-c', INSTALL, 'sh', name, ...system, ...devices, ...start, '--network', network], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    },
  });
}
