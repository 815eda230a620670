import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { leaseScriptPath } from '../../src/host/dnsmasq/lease-script.ts';
import { runChild } from '../support/driver-process.ts';
import { Guest, whyNoGuests } from '../vm/guest.ts';

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

  beforeAll(async () => {
    // The outside: a host that has no route back to the guests, so that only translated packets get an answer.
    sh('ip netns add outside; ip link add uplink0 type veth peer name eth0 netns outside; ip address add 203.0.113.1/24 dev uplink0');
    sh('ip link set uplink0 up; ip -n outside address add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up');
    process.env['LEASE_SCRIPT'] = leaseScriptPath();
    const virtnet = await driver;
    await virtnet.up([xml()]);
    // Each is started by the very words that the command prints.
    const words = names.map((name, i) => {
      const group = name === 'gamma' ? '--portgroup slow --isolated' : '';
      return sh(`bin/virtnet attach lab --tap --mac ${mac(i)} --owner ${name} ${group} --qemu 2>/run/tmp/attached`);
    });
    guests.push(...(await Promise.all(names.map((name, i) => Guest.boot({ name, network: (words[i] ?? '').trim() })))));
    await new Promise<void>((done) => server.listen(8077, done));
  }, 240_000);

  afterAll(async () => {
    for (const guest of guests) await guest[Symbol.asyncDispose]();
    server.close();
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
    let kills = 0;
    const { sent, received } = await pinging(guest('alpha'), address[1] ?? '', async () => {
      // Before the first step of a change and after each of them, until the change is through.
      for (let step = -1, killed = true; killed; step++) {
        const dns = `<dns><host ip='10.77.0.${String(210 + step)}'><hostname>printer</hostname></host></dns>`;
        const ports = `<nat><port start='1024' end='${String(60_000 + step)}'/></nat>`;
        const change = xml({ dns: `<bandwidth><inbound average='${String(90_000 + step)}'/></bandwidth>${dns}` }).replace(
          "<forward mode='nat'/>",
          `<forward mode='nat'>${ports}</forward>`,
        );
        ({ killed } = runChild('up', Math.max(step, 0), step < 0 ? 'before' : 'after', change));
        if (killed) kills++;
        await (await driver).repair();
      }
      expect((await (await driver).diff()).steps).toEqual([]);
    });
    expect(kills).toBeGreaterThan(2);
    expect(sent).toBeGreaterThan(5);
    // The last one may still be under way when ping is told to stop.
    expect(sent - received).toBeLessThanOrEqual(1);
  }, 60_000);

  test('are on the wire again when the network was stopped and started under them', async () => {
    const virtnet = await driver;
    const before = sh('cat /sys/class/net/virbr7/address');
    const flags = (): string => sh('for d in /sys/class/net/vnet*/brport; do echo $d; cat $d/isolated $d/learning $d/unicast_flood; done');
    const was = flags();
    expect(was).toMatch(/^1$/m); // gamma is isolated from others of its kind
    await virtnet.stop('lab');
    expect(sh('ls /sys/class/net')).toContain('vnet0');
    expect(await guest('alpha').run(`ping -c 1 -w 1 ${address[1] ?? ''}`)).toMatchObject({ code: 1 });
    const from = Date.now();
    await virtnet.start('lab');
    const started = Date.now();
    expect(await guest('alpha').run(`ping -c 1 -w 5 ${address[1] ?? ''}`)).toMatchObject({ code: 0 });
    const reached = Date.now();
    expect(sh('cat /sys/class/net/virbr7/address')).toBe(before);
    expect(flags()).toBe(was);
    expect(await guest('beta').run('udhcpc -i eth0 -n -q -t 10 -T 1 -s /usr/share/udhcpc/default.script && cat /tmp/lease')).toMatchObject({
      code: 0,
      output: expect.stringContaining(address[1] ?? '') as unknown,
    });
    const [up, ping, lease] = [started, reached, Date.now()].map((when) => String(when - from));
    console.log(`ms after a start began: it is up ${up ?? ''}, a guest reaches another ${ping ?? ''}, a lease is renewed ${lease ?? ''}`);
    expect(await guest('gamma').run('ping -c 2 -w 10 203.0.113.2')).toMatchObject({ code: 0 });
  }, 60_000);
});
