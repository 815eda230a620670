import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { signal } from '../../src/host/system/process-table.ts';
import { attachGuest, isolated, nat, sh } from '../support/driver-documents.ts';
import { runChild } from '../support/driver-process.ts';
import { dnsmasqs, hostSnapshot } from '../support/host-snapshot.ts';
import { isRoot } from '../support/root.ts';

const driver = await openDriver();
const config = process.env['VIRTNET_CONFIG_DIR'] ?? '';

afterAll(() => driver[Symbol.asyncDispose]());
beforeEach(async () => {
  await driver.up([nat, isolated]);
});
afterEach(async () => {
  const running = (await driver.list()).filter((n) => n.active).map((n) => n.name);
  if (running.length > 0) await driver.stopAll(running);
});

const conf = (uuid: string): string => join(process.env['VIRTNET_RUN_DIR'] ?? '', 'dnsmasq', uuid, 'conf');
const NAT = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const ISOLATED = '7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11';

/** Kills every dnsmasq, and waits for their ends; a helper process ends by itself with its server, perhaps first. */
function killServers(): void {
  for (const { pid } of dnsmasqs()) signal(pid, 'SIGKILL');
  while (dnsmasqs().length > 0) sh('sleep 0.01');
}

function stopServers(): void {
  for (const { pid } of dnsmasqs()) {
    signal(pid, 'SIGSTOP');
    // It stops when it is its turn to run.
    sh(`while grep -q '^State:.[^T]' /proc/${String(pid)}/status; do sleep 0.01; done`);
  }
}

describe('damage by others', () => {
  const RULES = ['create firewall-base', `create firewall ${ISOLATED}`, `create firewall ${NAT}`];
  const ROUTE = 'create route 10.78.0.0/16 via 10.77.0.2 metric 1 on virbr7';
  const SERVERS = [`change dnsmasq ${ISOLATED}`, `change dnsmasq ${NAT}`];
  test.each<[string, () => unknown, readonly string[]]>([
    ['all rules flushed', () => sh('nft flush ruleset'), RULES],
    ['our table deleted', () => sh('nft delete table inet virtnet'), RULES],
    ['a rule of a network gone', () => sh(`nft flush chain inet virtnet n_${NAT.replaceAll('-', '_')}_to`), [`change firewall ${NAT}`]],
    // With its address goes the route by way of it.
    [
      'the bridge without its address',
      () => sh('ip address del 10.77.0.1/24 dev virbr7'),
      ['create address 10.77.0.1/24 on virbr7', ROUTE],
    ],
    // A device that is down has no routes and no IPv6.
    ['the bridge down', () => sh('ip link set virbr7 down'), ['create address fd77::1/64 on virbr7', 'create link-up virbr7', ROUTE]],
    [
      'the bridge deleted',
      () => sh('ip link del virbr8'),
      [
        'create link virbr8',
        ...['disable_ipv6', 'accept_ra', 'autoconf'].map((name) => `create sysctl net/ipv6/conf/virbr8/${name}`),
        'create address 10.88.0.1/24 on virbr8',
        'create link-up virbr8',
      ],
    ],
    [
      'forwarding off',
      () => sh('echo 0 > /proc/sys/net/ipv4/ip_forward'),
      ['change sysctl net/ipv4/ip_forward', 'change sysctl net/ipv4/conf/virbr7/forwarding'],
    ],
    ['limits off', () => sh('tc filter del dev virbr7 egress pref 70'), ['change shaping virbr7']],
    ['dnsmasq killed', killServers, SERVERS],
    ['dnsmasq stopped by a signal', stopServers, SERVERS],
    ['its conf edited by hand', () => appendFileSync(conf(NAT), 'log-queries\n'), [`change dnsmasq ${NAT}`]],
  ])('%s: diff names just that, repair mends it, and then there is nothing left to mend', async (_what, damage, named) => {
    const whole = hostSnapshot();
    damage();
    const steps = (await driver.diff()).steps.map((s) => `${s.op} ${s.key}`);
    expect(steps).toEqual(named);
    expect((await driver.repair()).plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(named);
    expect((await driver.diff()).steps).toEqual([]);
    expect(hostSnapshot()).toEqual(whole);
  });

  test.skipIf(!isRoot)('is not what processes of another user say of themselves', async () => {
    const who = ['--reuid', '65533', '--regid', '65533', '--clear-groups'];
    const say = (network: string): ChildProcess =>
      spawn('setpriv', [...who, 'sh', '-c', 'echo; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, VIRTNET_NETWORK: network },
      });
    const others = [NAT, NAT, NAT, '0d0d0d0d-0d0d-4d0d-8d0d-0d0d0d0d0d0d'].map(say);
    for (const other of others) if (other.stdout) await once(other.stdout, 'data');
    expect((await driver.diff()).steps.map((s) => `${s.op} ${s.key}`)).toEqual([]);
    for (const other of others) other.kill('SIGKILL');
  });

  test('leaves a plugged guest its link while it is mended', async () => {
    const { attachment } = await attachGuest(driver, 'nat', 'guest');
    const dev = 'dev' in attachment ? attachment.dev : '';
    const index = sh(`cat /sys/class/net/${dev}/ifindex`);
    sh('nft flush ruleset; ip address flush dev virbr7 scope global');
    await driver.repair();
    expect(sh(`cat /sys/class/net/${dev}/ifindex`)).toBe(index);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.detach('nat', 'guest');
    sh('ip netns del guest');
  });
});

describe('what is refused leaves the host as it was', () => {
  const third = (bridge: string, subnet: string): string =>
    `<network><name>third</name><bridge name='${bridge}'/><ip address='${subnet}.1' netmask='255.255.255.0'/></network>`;

  test.each([
    ['a bridge name that somebody else has', 'ip link add br9 type bridge', third('br9', '10.99.0'), { code: 'VNC003' }],
    [
      'a subnet that the host has',
      'ip link add br9 type bridge && ip address add 10.99.0.9/24 dev br9 && ip link set br9 up',
      third('br8', '10.99.0'),
      { code: 'VNC001', message: expect.stringContaining('br9') as string },
    ],
    ['a subnet that another network has', 'ip link add br9 type bridge', third('br8', '10.88.0'), { code: 'VNC001' }],
  ])('%s', async (_what, setUp, document, error) => {
    sh(setUp);
    const before = hostSnapshot();
    await expect(driver.up([document])).rejects.toMatchObject(error);
    expect(hostSnapshot()).toEqual(before);
    expect((await driver.list()).map((n) => n.name)).toEqual(['isolated', 'nat']);
    sh('ip link del br9');
  });

  test('a torn definition is told and keeps no other from running', async () => {
    mkdirSync(join(config, 'networks'), { recursive: true });
    const file = join(config, 'networks', 'torn.xml');
    writeFileSync(file, '<network><name>torn</na');
    expect((await driver.problems()).map((p) => p.code)).toEqual(['VND005']);
    await expect(driver.get('torn')).rejects.toMatchObject({
      code: 'VND005',
      libvirt: { code: 43, message: "no network with matching name 'torn'" },
    });
    await expect(driver.define('<network><name>torn</name></network>')).rejects.toMatchObject({ code: 'VND005' });
    expect(readFileSync(file, 'utf8')).toBe('<network><name>torn</na');
    expect(await driver.list()).toHaveLength(2);
    sh(`rm ${file}`);
  });
});

describe('two writers', () => {
  test('at once both get their way, one after the other', async () => {
    const before = hostSnapshot();
    const other = await openDriver();
    await Promise.all([driver.stop('nat'), other.stop('isolated')]);
    await Promise.all([other.start('nat'), driver.start('isolated')]);
    expect((await driver.diff()).steps).toEqual([]);
    expect(hostSnapshot()).toEqual(before);
    await other[Symbol.asyncDispose]();
  });

  test('see one another’s changes', async () => {
    runChild('stop', -1, 'before', 'nat');
    expect((await driver.get('nat')).active).toBe(false);
    runChild('up', -1, 'before', nat);
    expect((await driver.get('nat')).active).toBe(true);
  });
});
