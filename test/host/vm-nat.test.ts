import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { Guest, tapDevice, whyNoGuests } from '../vm/guest.ts';

const reason = whyNoGuests();
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });

const LIMIT_KIB = 512;
const xml = (more: { readonly dhcp?: string; readonly dns?: string } = {}): string => `<network>
  <name>lab</name>
  <forward mode='nat'/>
  <bridge name='virbr7'/>
  <domain name='lab.test' localOnly='yes'/>
  ${more.dns ?? ''}
  <ip address='10.77.0.1' netmask='255.255.255.0'>
    <dhcp><range start='10.77.0.10' end='10.77.0.99'/>${more.dhcp ?? ''}</dhcp>
  </ip>
  <portgroup name='fast' default='yes'/>
  <portgroup name='slow'><bandwidth><inbound average='${String(LIMIT_KIB)}' burst='64'/></bandwidth></portgroup>
</network>`;

const names = ['alpha', 'beta', 'gamma'] as const;
const mac = (i: number): string => `52:54:00:00:77:0${String(i + 1)}`;

describe.skipIf(reason !== undefined)(`machines on a NAT network${reason === undefined ? '' : ` (${reason})`}`, () => {
  const driver = openDriver();
  const guests: Guest[] = [];
  const address: string[] = [];
  const server = createServer((_, response) => response.end(Buffer.alloc(4 * 1024 * 1024)));
  const command = resolve('node_modules/.cache/virtnet-run', `vm-nat-${String(process.pid)}.mjs`);

  beforeAll(async () => {
    // The outside: a host that has no route back to the guests, so that only translated packets get an answer.
    sh('ip netns add outside; ip link add uplink0 type veth peer name eth0 netns outside; ip address add 203.0.113.1/24 dev uplink0');
    sh('ip link set uplink0 up; ip -n outside address add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up');
    mkdirSync(resolve(command, '..'), { recursive: true });
    buildSync({ entryPoints: ['src/cli/main.ts'], outfile: command, bundle: true, packages: 'external', platform: 'node', format: 'esm' });
    const virtnet = await driver;
    await virtnet.up([xml()]);
    const booting = names.map(async (name, i) => {
      const { port } = await virtnet.attach('lab', {
        attachment: { type: 'tap' },
        mac: mac(i),
        owner: { name },
        ...(name === 'gamma' ? { portgroup: 'slow' } : {}),
      });
      if (port.attachment.type !== 'tap') throw new Error('no tap');
      return Guest.boot({ name, network: tapDevice(port.attachment.dev, mac(i)) });
    });
    guests.push(...(await Promise.all(booting)));
    await new Promise<void>((done) => server.listen(8077, done));
  }, 240_000);

  afterAll(async () => {
    for (const guest of guests) await guest[Symbol.asyncDispose]();
    server.close();
    rmSync(command, { force: true });
    const virtnet = await driver;
    await virtnet.stop('lab');
    for (const name of names) await virtnet.detach('lab', name);
    await virtnet[Symbol.asyncDispose]();
    expect(
      sh('ip -br link')
        .trim()
        .split('\n')
        .map((line) => line.split(/[\s@]/)[0]),
    ).toEqual(['lo', 'uplink0']);
  });

  const guest = (name: (typeof names)[number]): Guest => guests[names.indexOf(name)] as Guest;

  /** Pings while something happens; gives how many of the echoes came back. */
  async function pinging(
    from: Guest,
    to: string,
    work: () => Promise<void>,
  ): Promise<{ readonly sent: number; readonly received: number }> {
    await from.run(`ping -i 0.1 ${to} >/tmp/ping 2>&1 & echo $! >/tmp/pid`);
    await sleep(500);
    await work();
    await sleep(500);
    await from.run('kill -INT $(cat /tmp/pid); sleep 1');
    const { output } = await from.run('tail -n 3 /tmp/ping');
    const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) packets received/.exec(output) ?? [];
    return { sent: Number(sent), received: Number(received) };
  }

  test('lease an address each, under their names', async () => {
    for (const [i, name] of names.entries()) {
      const got = await guest(name).run(
        `ip link set eth0 up; udhcpc -i eth0 -n -q -t 20 -T 1 -x hostname:${name} -s /usr/share/udhcpc/default.script && cat /tmp/lease`,
        60_000,
      );
      const ip = got.output.split('\n').at(-1) ?? '';
      expect(ip, got.output).toMatch(/^10\.77\.0\.[1-9]\d$/);
      address[i] = ip;
    }
    const leases = await (await driver).leases('lab');
    expect(
      leases
        .map((lease) => ({ mac: lease.mac, ip: lease.ip, hostname: lease.hostname }))
        .sort((a, b) => ((a.mac ?? '') < (b.mac ?? '') ? -1 : 1)),
    ).toEqual(names.map((name, i) => ({ mac: mac(i), ip: address[i], hostname: name })));
  }, 120_000);

  test("resolve one another's names and reach one another by them", async () => {
    expect(await guest('alpha').run('ping -c 3 -i 0.2 -w 10 beta')).toMatchObject({
      code: 0,
      output: expect.stringContaining(address[1] ?? '') as unknown,
    });
    expect(await guest('beta').run('nslookup alpha.lab.test')).toMatchObject({
      code: 0,
      output: expect.stringContaining(address[0] ?? '') as unknown,
    });
  });

  test('reach the outside, which does not know their addresses', async () => {
    expect(await guest('alpha').run('ping -c 3 -i 0.2 -w 10 203.0.113.2')).toMatchObject({ code: 0 });
    expect(sh('ip netns exec outside ping -c 1 -W 1 10.77.0.10 2>&1 || true')).toContain('unreachable');
  });

  test("hold to their portgroup's rate", async () => {
    const kibPerSecond = async (name: (typeof names)[number]): Promise<number> => {
      const { output } = await guest(name).run(
        'a=$(cut -d" " -f1 /proc/uptime); wget -q -O /dev/null http://10.77.0.1:8077/ || exit 1; b=$(cut -d" " -f1 /proc/uptime); echo "$a $b"',
        60_000,
      );
      const [from = 0, to = 0] = output.split(' ').map(Number);
      return 4096 / (to - from);
    };
    const slow = await kibPerSecond('gamma');
    const fast = await kibPerSecond('beta');
    console.log(`gamma ${slow.toFixed(0)} KiB/s of ${String(LIMIT_KIB)}, beta ${fast.toFixed(0)} KiB/s`);
    expect(slow).toBeGreaterThan(LIMIT_KIB * 0.5);
    expect(slow).toBeLessThan(LIMIT_KIB * 1.1);
    expect(fast).toBeGreaterThan(LIMIT_KIB * 1.5);
  }, 120_000);

  test('lose no packet while the network is edited under them', async () => {
    const virtnet = await driver;
    const { sent, received } = await pinging(guest('alpha'), address[1] ?? '', async () => {
      const host = `<host mac='${mac(1)}' name='beta' ip='${address[1] ?? ''}'/>`;
      await virtnet.update('lab', { section: 'ip-dhcp-host', command: 'add-last', parentIndex: -1, fragment: host, affect: 'live+config' });
      const dns = `<dns><host ip='10.77.0.200'><hostname>printer</hostname></host></dns>`;
      const { plan } = await virtnet.up([xml({ dhcp: host, dns })]);
      expect(plan.steps.map((s) => s.disturbance)).not.toContain('unplug');
      await virtnet.setPortBandwidth('lab', (await virtnet.ports('lab'))[2]?.port.uuid ?? '', { inbound: { average: 2 * LIMIT_KIB } });
    });
    expect(sent).toBeGreaterThan(5);
    // The last one may still be under way when ping is told to stop.
    expect(sent - received).toBeLessThanOrEqual(1);
    expect(await guest('alpha').run('nslookup printer.lab.test')).toMatchObject({
      code: 0,
      output: expect.stringContaining('10.77.0.200') as unknown,
    });
  }, 60_000);

  test('lose no packet while virtnet is killed amid a change and started again', async () => {
    const { sent, received } = await pinging(guest('alpha'), address[1] ?? '', async () => {
      for (const [i, afterMs] of [250, 350, 450, 550, 700].entries()) {
        const dns = `<dns><host ip='10.77.0.${String(201 + i)}'><hostname>printer</hostname></host></dns>`;
        writeFileSync('/run/tmp/lab.xml', xml({ dns }));
        const child = spawn('node', [command, 'up', '/run/tmp/lab.xml'], { stdio: 'ignore' });
        const gone = new Promise((resolve) => child.once('exit', resolve));
        await sleep(afterMs);
        child.kill('SIGKILL');
        await gone;
      }
      await (await driver).repair();
      expect((await (await driver).diff()).steps).toEqual([]);
    });
    expect(sent).toBeGreaterThan(5);
    // The last one may still be under way when ping is told to stop.
    expect(sent - received).toBeLessThanOrEqual(1);
  }, 60_000);

  test('are on the wire again when the network was stopped and started under them', async () => {
    const virtnet = await driver;
    const before = sh('cat /sys/class/net/virbr7/address');
    const flags = (): string => sh('for d in /sys/class/net/vnet*/brport; do echo $d; cat $d/isolated $d/learning $d/unicast_flood; done');
    const was = flags();
    await virtnet.stop('lab');
    expect(sh('ls /sys/class/net')).toContain('vnet0');
    expect(await guest('alpha').run(`ping -c 1 -w 1 ${address[1] ?? ''}`)).toMatchObject({ code: 1 });
    await virtnet.start('lab');
    expect(await guest('alpha').run(`ping -c 1 -w 5 ${address[1] ?? ''}`)).toMatchObject({ code: 0 });
    expect(sh('cat /sys/class/net/virbr7/address')).toBe(before);
    expect(flags()).toBe(was);
    expect(await guest('beta').run('udhcpc -i eth0 -n -q -t 10 -T 1 -s /usr/share/udhcpc/default.script && cat /tmp/lease')).toMatchObject({
      code: 0,
      output: expect.stringContaining(address[1] ?? '') as unknown,
    });
    expect(await guest('gamma').run('ping -c 2 -w 10 203.0.113.2')).toMatchObject({ code: 0 });
  }, 60_000);
});
