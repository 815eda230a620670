import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { connect } from '../../src/driver/connect.ts';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';

/** The real firewalld on a system bus of its own, both in the namespaces of the test and with copies of their configuration. */

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const folder = mkdtempSync(join(tmpdir(), 'firewalld-'));
const patience = { timeout: 30_000, interval: 100 };
const isThere = existsSync('/usr/sbin/firewalld') && existsSync('/usr/bin/dbus-daemon');
/** In a user namespace the bus cannot become its own user. */
const isRoot = /^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'));

const document = (name: string, bridge: string, third: number): string => `<network><name>${name}</name><forward mode='nat'/>${bridge}
  <ip address='192.168.${String(third)}.1' prefix='24'><dhcp><range start='192.168.${String(third)}.10' end='192.168.${String(third)}.99'/></dhcp></ip></network>`;

describe.skipIf(!isThere || !isRoot)('a reload of firewalld (without firewalld, or without being root, this is skipped)', () => {
  const services: ChildProcess[] = [];
  let daemon: Virtnetd;
  let driver: NetworkDriver;

  const service = (file: string, ...args: readonly string[]): void => void services.push(spawn(file, args, { stdio: 'ignore' }));
  const zoneOf = (dev: string): string => sh(`firewall-cmd --get-zone-of-interface=${dev} 2>/dev/null || true`).trim();

  beforeAll(async () => {
    mkdirSync('/run/dbus', { recursive: true });
    service('dbus-daemon', '--system', '--nofork', '--nopidfile', '--nosyslog');
    await vi.waitUntil(() => existsSync('/run/dbus/system_bus_socket'), patience);
    cpSync('/etc/firewalld', join(folder, 'etc'), { recursive: true });
    service('firewalld', '--nofork', '--nopid', '--log-file', join(folder, 'log'), '--system-config', join(folder, 'etc'));
    await vi.waitUntil(() => sh('firewall-cmd --state 2>/dev/null || true').trim() === 'running', patience);
    daemon = await startVirtnetd({ folder: join(folder, 'virtnetd') });
    driver = await connect({ runDir: join(folder, 'virtnetd', 'run') });
    await driver.up([
      document('zoned', "<bridge name='vbz0' stp='off' zone='trusted'/>", 91),
      document('plain', "<bridge name='vbp0' stp='off'/>", 92),
    ]);
    sh('ip netns add g; ip netns add late');
    await driver.attach('zoned', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
    sh('ip -n g address add 192.168.91.5/24 dev eth0; ip -n g link set eth0 up; ip netns exec g ping -c 1 -W 10 192.168.91.1');
  }, 120_000);
  afterAll(async () => {
    await driver[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    for (const child of services.reverse()) child.kill();
  });

  test('the bridge is in its zone again, which is logged; a guest pings on, and a new one gets its address', async () => {
    expect(zoneOf('vbz0')).toBe('trusted');
    const ping = spawn('ip', ['netns', 'exec', 'g', 'ping', '-i', '0.05', '192.168.91.1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    ping.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const answers = (): number => out.split(' bytes from ').length - 1;
    await vi.waitUntil(() => answers() > 5, patience);

    sh('firewall-cmd --reload');
    // An event of the kernel's may have asked for the look before firewalld's did.
    await vi.waitUntil(() => /mended what others changed.*create zone vbz0/.test(daemon.log()), patience);
    expect(zoneOf('vbz0')).toBe('trusted');
    expect(zoneOf('vbp0')).not.toBe('trusted');
    expect((await driver.diff()).steps).toEqual([]);
    expect(daemon.log()).not.toContain('cannot mend');

    const before = answers();
    await vi.waitUntil(() => answers() > before + 5, patience);
    ping.kill('SIGINT');
    await driver.attach('zoned', { owner: { name: 'late' }, attachment: { type: 'netns', netns: 'late' } });
    const told = sh('ip -n late link set eth0 up; ip netns exec late udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1');
    expect(told).toMatch(/lease of 192\.168\.91\.\d+ obtained/);
  }, 120_000);
});
