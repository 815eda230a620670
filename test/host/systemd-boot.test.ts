import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bundlePath } from '../support/virtnetd.ts';

/** An installation below a systemd that really boots: its units, sockets, hardening, restarts and boots. Skipped where nobody may mount, or systemd is not there. */

const SYSTEMD = '/lib/systemd/systemd';
const mayBoot =
  existsSync(SYSTEMD) &&
  existsSync('/dev/net/tun') &&
  spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t cgroup2 none $d && umount $d']).status === 0;
const XML = `<network><name>boot</name><uuid>0f0f0f0f-2222-4222-8333-000000000011</uuid><forward mode='nat'/><bridge name='vsd0'/>
  <ip address='10.94.1.1' prefix='24'><dhcp><range start='10.94.1.10' end='10.94.1.50'/></dhcp></ip></network>`;

const NSS_FOLDER = '/var/lib/libvirt/dnsmasq';

let work: string;
let init: ChildProcess | undefined;

/** The process of systemd, as this namespace sees it. */
function systemdPid(): number | undefined {
  const pid = String(init?.pid);
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
  return child !== '' && readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd' ? Number(child) : undefined;
}

/** Runs a shell line in the booted system and gives what it prints (stdout and stderr). */
function inside(line: string): string {
  const env = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', `LIBVIRT_DEFAULT_URI=network:///system`, 'SYSTEMD_PAGER='];
  const args = ['-t', String(systemdPid()), '-a', '-r', '-w', ...env, 'sh', '-c', `{ ${line}; } 2>&1`];
  return spawnSync('nsenter', args, { encoding: 'utf8', timeout: 60_000 }).stdout.trim();
}

async function boot(): Promise<void> {
  init = spawn('sh', ['test/support/systemd-boot.sh', work], { stdio: ['ignore', 'ignore', 'inherit'] });
  await vi.waitFor(() => expect(systemdPid()).toBeDefined(), { timeout: 20_000, interval: 200 });
  await vi.waitFor(() => expect(inside('systemctl is-system-running')).toMatch(/^(running|degraded)$/), { timeout: 60_000, interval: 500 });
}

async function powerOff(): Promise<void> {
  if (init === undefined || init.exitCode !== null) return;
  const ended = new Promise((resolve) => init?.once('exit', resolve));
  inside('systemctl start --no-block poweroff.target');
  const late = setTimeout(() => init?.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}

describe.skipIf(!mayBoot)('below systemd', { timeout: 90_000 }, () => {
  beforeAll(async () => {
    bundlePath();
    work = mkdtempSync(join(tmpdir(), 'boot-'));
    const up = join(work, 'layer', 'up');
    execFileSync('sh', ['scripts/install.sh'], { env: { ...process.env, DESTDIR: up, PREFIX: '/usr' } });
    // The machine's own choice of units is left out; Node is wherever this machine has it.
    const units = join(up, 'etc', 'systemd', 'system');
    mkdirSync(join(units, 'virtnetd.service.d'), { recursive: true });
    writeFileSync(
      join(units, 'virtnetd.service.d', 'node.conf'),
      `[Service]\nEnvironment=PATH=${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin VIRTNET_NSS_DIR=${NSS_FOLDER}\n`,
    );
    mkdirSync(join(up, NSS_FOLDER), { recursive: true });
    writeFileSync(join(up, 'etc', 'machine-id'), '0123456789abcdef0123456789abcdef\n');
    writeFileSync(join(up, 'network.xml'), XML);
    execFileSync('systemctl', ['--quiet', '--root', up, 'enable', 'virtnetd.socket', 'virtnetd-ro.socket', 'virtnetd-admin.socket'], {
      stdio: 'ignore',
    });
    renameSync(units, join(work, 'units'));
    await boot();
  }, 120_000);
  afterAll(async () => {
    await powerOff();
    const groups = 'find "$1"/cgroup/virtnet-boot-* -depth -type d -exec rmdir {} +; umount "$1/cgroup"';
    spawnSync('sh', ['-c', groups, 'sh', work], { stdio: 'inherit' });
    rmSync(work, { recursive: true, force: true });
  }, 60_000);

  test('the first call of a client starts it', () => {
    expect(inside('systemctl is-active virtnetd.service')).toBe('inactive');
    expect(inside('stat -c %a /run/libvirt/virtnetworkd-sock /run/libvirt/virtnetworkd-sock-ro /run/libvirt/virtnetworkd-admin-sock')).toBe(
      '600\n666\n600',
    );
    expect(inside('virsh -r net-list --all --name')).toBe('');
    expect(inside('systemctl is-active virtnetd.service')).toBe('active');
  });

  test('its hardening lets networks, taps, guests, DHCP and the files of NSS modules work', async () => {
    expect(inside('virsh net-define /network.xml && virsh net-start boot && virsh net-autostart boot')).toContain('marked as autostarted');
    expect(inside('ip netns add guest && virtnet attach boot --netns guest')).toContain('is on boot');
    expect(inside('virtnet attach boot --tap')).toContain('device vnet0');
    expect(inside('ip netns exec guest udhcpc -i eth0 -n -q -s /bin/true')).toContain('lease of 10.94.1.');
    const names = (): string => inside(`cat ${NSS_FOLDER}/vsd0.status ${NSS_FOLDER}/vsd0.macs`);
    await expect.poll(names).toMatch(/"ip-address": "10\.94\.1\.[^]*"domain": "guest"/);
    expect(inside('ip -n guest address add 10.94.1.9/24 dev eth0; ip netns exec guest ping -c 2 -W 2 10.94.1.1')).toContain(
      ' 0% packet loss',
    );
    expect(inside('nft list table inet virtnet')).toContain('vsd0');
    expect(inside('ps -o user= -p $(cat /run/virtnet/dnsmasq/*/pid)')).not.toBe('root');
    expect(inside('virtnet diff')).toContain('No changes');
  });

  test('a restart, a reload and a kill leave networks, dnsmasq and guests alone', async () => {
    const before = inside('cat /run/virtnet/dnsmasq/*/pid; virsh net-port-list boot; systemctl show -P MainPID virtnetd');
    inside('ip netns exec guest ping -i 0.02 10.94.1.1 >/run/pings 2>&1 & echo $! >/run/pings.pid');
    expect(inside('systemctl restart virtnetd && systemctl reload virtnetd')).toBe('');
    // The unit is of the type notify: the signal is sent when reload returns, and the daemon tells when it is done.
    await expect.poll(() => inside('systemctl is-active virtnetd'), { timeout: 10_000, interval: 100 }).toBe('active');
    inside('systemctl kill --signal=KILL --kill-whom=main virtnetd');
    await expect.poll(() => inside('systemctl is-active virtnetd'), { timeout: 30_000, interval: 300 }).toBe('active');
    const pings = inside('sleep 1; kill -INT $(cat /run/pings.pid); sleep 0.3; cat /run/pings'); // some come after a quick restart, too
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(pings) ?? [];
    expect(Number(sent)).toBeGreaterThan(15); // one each 20 ms, from before the first to after the last
    expect(Number(received)).toBeGreaterThanOrEqual(Number(sent) - 1); // the last one may be on its way
    const after = inside('cat /run/virtnet/dnsmasq/*/pid; virsh net-port-list boot; systemctl show -P MainPID virtnetd');
    expect(after.split('\n').slice(0, -1)).toEqual(before.split('\n').slice(0, -1));
    expect(after.split('\n').at(-1)).not.toBe(before.split('\n').at(-1));
  });

  test('the journal has one line a happening, with its level', () => {
    const entries = inside('journalctl --no-pager -o json -u virtnetd').split('\n');
    const fields = entries.map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string });
    expect(fields.filter(({ MESSAGE }) => MESSAGE.startsWith('network started network=boot')).map((f) => f.PRIORITY)).toEqual(['6']);
    expect(fields.some(({ MESSAGE }) => MESSAGE === 'ending; the networks go on')).toBe(true);
  });

  test('autostart is once a boot, and at the next boot again', async () => {
    expect(inside('virsh net-destroy boot && systemctl restart virtnetd && virsh net-list --name')).toBe('Network boot destroyed');
    await powerOff();
    await boot();
    expect(inside('virsh net-list --name --autostart')).toBe('boot');
    expect(inside('ip -br address show vsd0')).toContain('10.94.1.1/24');
  });
});
