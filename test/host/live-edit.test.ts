import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { worstDisturbance } from '../../src/plan/disturbance.ts';

const run = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });

/** The network before any edit. */
const base = {
  forward: "<forward mode='nat'/>",
  domain: "<domain name='lab.test'/>",
  dns: '',
  bandwidth: '',
  range: "<range start='192.168.77.10' end='192.168.77.99'/>",
  hosts: '',
  routes: '',
  portgroups: "<portgroup name='a' default='yes'/>",
};

function document(change: Partial<typeof base>): string {
  const d = { ...base, ...change };
  return `<network><name>edit</name><uuid>6b1c2c2e-6c3b-4f57-8a4f-1f5bb0a4d6a1</uuid>${d.forward}
    <bridge name='vbe0' stp='off'/><mac address='52:54:00:77:00:01'/>${d.domain}${d.dns}${d.bandwidth}
    <ip address='192.168.77.1' netmask='255.255.255.0'><dhcp>${d.range}${d.hosts}</dhcp></ip>
    <ip family='ipv6' address='2001:db8:77::1' prefix='64'/>${d.routes}${d.portgroups}</network>`;
}

/** Edits that a guest must not notice, and what the plan may say that they do. */
const edits: readonly { readonly what: string; readonly change: Partial<typeof base>; readonly worst: 'none' | 'dns-dhcp-pause' }[] = [
  { what: 'a wider DHCP range', change: { range: "<range start='192.168.77.10' end='192.168.77.199'/>" }, worst: 'dns-dhcp-pause' },
  { what: 'a fixed host', change: { hosts: "<host mac='52:54:00:77:00:0a' name='fixed' ip='192.168.77.201'/>" }, worst: 'none' },
  { what: 'a DNS record', change: { dns: "<dns><host ip='192.168.77.5'><hostname>five</hostname></host></dns>" }, worst: 'none' },
  { what: 'another domain', change: { domain: "<domain name='other.test' localOnly='yes'/>" }, worst: 'dns-dhcp-pause' },
  {
    what: 'a limit on the network',
    change: { bandwidth: "<bandwidth><inbound average='20000'/><outbound average='20000'/></bandwidth>" },
    worst: 'none',
  },
  {
    what: 'another limit',
    change: { bandwidth: "<bandwidth><inbound average='30000' peak='40000' burst='2000'/><outbound average='30000'/></bandwidth>" },
    worst: 'none',
  },
  {
    what: 'a NAT port range',
    change: { forward: "<forward mode='nat'><nat><port start='2000' end='3000'/></nat></forward>" },
    worst: 'none',
  },
  { what: 'a forward device', change: { forward: "<forward mode='nat' dev='up0'/>" }, worst: 'none' },
  { what: 'a static route', change: { routes: "<route address='10.77.0.0' prefix='16' gateway='192.168.77.2'/>" }, worst: 'none' },
  { what: 'a portgroup', change: { portgroups: "<portgroup name='a' default='yes'/><portgroup name='b'/>" }, worst: 'none' },
];

interface Ping {
  readonly sent: number;
  readonly received: number;
}

/** 2,000 pings from a guest, 5 ms apart (or as fast as the kernel's clock allows); counted from the summary of iputils ping. */
function ping(netns: string, target: string): { end: () => Promise<Ping> } {
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', '-q', '-i', '0.005', '-c', '2000', '-W', '2', target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    end: async () => {
      await ended;
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(out) ?? [];
      return { sent: Number(sent), received: Number(received) };
    },
  };
}

describe('a live edit', () => {
  let driver: NetworkDriver;
  beforeAll(async () => {
    run(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0; ip link set up0 up
         ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up; ip netns add one; ip netns add two`);
    driver = await openDriver();
    await driver.up([document({})]);
    for (const [i, netns] of ['one', 'two'].entries()) {
      await driver.attach('edit', { owner: { name: netns }, attachment: { type: 'netns', netns } });
      run(`ip -n ${netns} addr add 192.168.77.${String(21 + i)}/24 dev eth0; ip -n ${netns} link set eth0 up
           ip -n ${netns} route add default via 192.168.77.1`);
    }
    run('ip netns exec one ping -c 1 -W 5 192.168.77.22; ip netns exec one ping -c 1 -W 5 203.0.113.2');
  }, 60_000);
  afterAll(async () => {
    await driver.stop('edit');
    await driver[Symbol.asyncDispose]();
  });

  it('of ranges, hosts, names, limits, NAT, device, routes or portgroups loses no packet between guests or to the outside', async () => {
    const pings = [ping('one', '192.168.77.22'), ping('two', '203.0.113.2')];
    let change: Partial<typeof base> = {};
    const worst: Record<string, string> = {};
    for (const edit of edits) {
      await sleep(700);
      change = { ...change, ...edit.change };
      const { plan, applied } = await driver.up([document(change)]);
      expect(applied || edit.what === 'a portgroup', edit.what).toBe(true);
      worst[edit.what] = worstDisturbance(plan.steps);
    }
    const counts = await Promise.all(pings.map((p) => p.end()));
    expect(worst).toEqual(Object.fromEntries(edits.map((e) => [e.what, e.worst])));
    expect(counts).toEqual([
      { sent: 2000, received: 2000 },
      { sent: 2000, received: 2000 },
    ]);
    expect((await driver.diff('edit')).steps).toEqual([]);
  }, 60_000);

  it('keeps each guest on its own link', () => {
    for (const netns of ['one', 'two']) expect(run(`ip -n ${netns} -o link show eth0`)).toContain('LOWER_UP');
  });
});
