import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Why there can be no firewalld here, or undefined. */
export const whyNoFirewalld = ['firewalld', 'dbus-daemon', 'busctl'].flatMap((command) =>
  has(command) ? [] : `${command} is not installed`,
)[0];

/** A system bus of this test's own in its /run, which ends with it. */
export async function systemBus(): Promise<ChildProcess> {
  sh('mkdir -p /run/dbus');
  const bus = spawn('dbus-daemon', ['--system', '--nofork', '--nopidfile'], { stdio: 'ignore' });
  await untilItWorks('busctl --acquired --no-pager list');
  return bus;
}

/** A firewalld with its defaults, on such a bus and in this network namespace. The zones of libvirt's packages lie in `defaults` if they are to be known. */
export async function firewalld(defaults = withoutLibvirt()): Promise<ChildProcess> {
  sh('mount -t tmpfs tmpfs /etc/firewalld; mount -t tmpfs tmpfs /var/log');
  const daemon = spawn('firewalld', ['--nofork', '--nopid', '--default-config', defaults], { stdio: 'ignore' });
  await untilItWorks('firewall-cmd --state');
  return daemon;
}

/** A copy of firewalld's defaults without what libvirt's packages add to them. */
export function withoutLibvirt(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firewalld-'));
  sh(`cp -r /usr/lib/firewalld/. ${folder}; rm -f ${folder}/*/libvirt*`);
  return folder;
}

/** Whether libvirt's packages brought their zones. */
export const hasLibvirtZones = existsSync('/usr/lib/firewalld/zones/libvirt-routed.xml');

/** Waits until a command ends well, for half a minute at most. */
export async function untilItWorks(command: string): Promise<void> {
  for (let i = 0; i < 300 && spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status !== 0; i++) await sleep(100);
  execFileSync('sh', ['-c', command], { stdio: 'ignore' });
}
