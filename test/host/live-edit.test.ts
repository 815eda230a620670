import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { worstDisturbance } from '../../src/plan/disturbance.ts';
import { pings } from '../support/pings.ts';

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
  v6: '',
  mtu: '',
  bridge: "stp='off'",
};

function document(change: Partial<typeof base>): string {
  const d = { ...base, ...change };
  return `<network><name>edit</name><uuid>6b1c2c2e-6c3b-4f57-8a4f-1f5bb0a4d6a1</uuid>${d.forward}
    <bridge name='vbe0' ${d.bridge}/><mac address='52:54:00:77:00:01'/>${d.mtu}${d.domain}${d.dns}${d.bandwidth}
    <ip address='192.168.77.1' netmask='255.255.255.0'><dhcp>${d.range}${d.hosts}</dhcp></ip>
    <ip family='ipv6' address='2001:db8:77::1' prefix='64'>${d.v6}</ip>${d.routes}${d.portgroups}</network>`;
}

function groupOf(limits: string): string {
  return `<portgroup name='a' default='yes'><bandwidth>${limits}</bandwidth></portgroup>`;
}

/** Edits that a guest must not notice, and what the plan may say that they do. */
const edits: readonly { readonly what: string; readonly change: Partial<typeof base>; readonly worst: 'none' | 'dns-dhcp-pause' }[] = [
  { what: 'a wider DHCP range', change: { range: "<range start='192.168.77.10' end='192.168.77.199'/>" }, worst: 'dns-dhcp-pause' },
  {
    what: 'DHCPv6 beside router advertisements',
    change: { v6: "<dhcp><range start='2001:db8:77::100' end='2001:db8:77::1ff'/></dhcp>" },
    worst: 'dns-dhcp-pause',
  },
  { what: 'a fixed host', change: { hosts: "<host mac='52:54:00:77:00:0a' name='fixed' ip='192.168.77.201'/>" }, worst: 'none' },
  { what: 'a DNS record', change: { dns: "<dns><host ip='192.168.77.5'><hostname>five</hostname></host></dns>" }, worst: 'none' },
  { what: 'another domain', change: { domain: "<domain name='other.test' localOnly='yes'/>" }, worst: 'dns-dhcp-pause' },
  {
    what: 'a NAT port range',
    change: { forward: "<forward mode='nat'><nat><port start='2000' end='3000'/></nat></forward>" },
    worst: 'none',
  },
  { what: 'a forward device', change: { forward: "<forward mode='nat' dev='up0'/>" }, worst: 'none' },
  {
    what: 'a NAT address range, and NAT of IPv6',
    change: {
      forward: "<forward mode='nat' dev='up0'><nat ipv6='yes'><address start='203.0.113.1' end='203.0.113.1'/></nat></forward>",
    },
    worst: 'none',
  },
  { what: 'a static route', change: { routes: "<route address='10.77.0.0' prefix='16' gateway='192.168.77.2'/>" }, worst: 'none' },
  {
    what: 'a static IPv6 route',
    change: { routes: "<route family='ipv6' address='2001:db8:9::' prefix='48' gateway='2001:db8:77::2'/>" },
    worst: 'none',
  },
  { what: 'a portgroup', change: { portgroups: "<portgroup name='a' default='yes'/><portgroup name='b'/>" }, worst: 'none' },
  {
    what: 'the limit of the guests’ portgroup',
    change: { portgroups: groupOf("<inbound average='9000'/><outbound average='9000'/>") },
    worst: 'none',
  },
  {
    what: 'another limit of the guests’ portgroup',
    change: { portgroups: groupOf("<inbound average='7000' peak='9000'/><outbound average='8000' burst='900'/>") },
    worst: 'none',
  },
  { what: 'no limit of the guests’ portgroup', change: { portgroups: "<portgroup name='a' default='yes'/>" }, worst: 'none' },
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
    what: 'the limit towards guests in their portgroup instead',
    change: { bandwidth: '', portgroups: groupOf("<inbound average='9000'/>") },
    worst: 'none',
  },
  { what: 'no limit', change: { portgroups: "<portgroup name='a' default='yes'/>" }, worst: 'none' },
  { what: 'a smaller MTU of the bridge', change: { mtu: "<mtu size='1400'/>" }, worst: 'dns-dhcp-pause' },
  { what: 'spanning tree', change: { bridge: "stp='on' delay='2'" }, worst: 'none' },
  { what: 'a MAC table that is managed', change: { bridge: "stp='on' delay='2' macTableManager='libvirt'" }, worst: 'none' },
  { what: 'a MAC table that is learned', change: { bridge: "stp='on' delay='2'" }, worst: 'none' },
];

/** Who pings whom: guests each other and the outside, by both families. */
const targets = new Map([
  ['one to the other guest', '192.168.77.22'],
  ['one by IPv6', '2001:db8:77::22'],
  ['two to the outside', '203.0.113.2'],
  ['two by IPv6', '2001:db8:1::2'],
]);

describe('a live edit', () => {
  let driver: NetworkDriver;
  beforeAll(async () => {
    run(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0; ip link set up0 up
         ip addr add 2001:db8:1::1/64 dev up0 nodad; ip -n outside addr add 2001:db8:1::2/64 dev eth0 nodad
         ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up
         ip -n outside -6 route add 2001:db8:77::/64 via 2001:db8:1::1; ip netns add one; ip netns add two`);
    driver = await openDriver();
    await driver.up([document({})]);
    for (const [i, netns] of ['one', 'two'].entries()) {
      await driver.attach('edit', { owner: { name: netns }, attachment: { type: 'netns', netns } });
      run(`ip -n ${netns} addr add 192.168.77.${String(21 + i)}/24 dev eth0; ip -n ${netns} link set eth0 up
           ip -n ${netns} addr add 2001:db8:77::${String(21 + i)}/64 dev eth0 nodad
           ip -n ${netns} route add default via 192.168.77.1; ip -n ${netns} -6 route add default via 2001:db8:77::1`);
    }
    for (const [from, target] of targets) run(`ip netns exec ${from.split(' ')[0] ?? ''} ping -c 1 -w 10 ${target}`);
  }, 60_000);
  afterAll(async () => {
    await driver.stop('edit');
    await driver[Symbol.asyncDispose]();
  });

  it('of ranges, hosts, names, NAT, device, routes, portgroups or limits loses no packet between guests or to the outside', async () => {
    const running = [...targets].map(([from, target]) => pings(from.split(' ')[0] ?? '', target, 2000));
    let change: Partial<typeof base> = {};
    const worst: Record<string, string> = {};
    for (const edit of edits) {
      await sleep(400);
      change = { ...change, ...edit.change };
      // Nobody is in a portgroup that is new.
      const { plan, applied } = await driver.up([document(change)]);
      expect(applied, edit.what).toBe(edit.what !== 'a portgroup');
      worst[edit.what] = worstDisturbance(plan.steps);
    }
    const counts = await Promise.all(running.map((ping) => ping.end()));
    expect(worst).toEqual(Object.fromEntries(edits.map((e) => [e.what, e.worst])));
    for (const { sent } of counts) expect(sent).toBeGreaterThanOrEqual(2000);
    expect(counts.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
    expect((await driver.diff('edit')).steps).toEqual([]);
  }, 60_000);

  it('keeps each guest on its own link', () => {
    for (const netns of ['one', 'two']) expect(run(`ip -n ${netns} -o link show eth0`)).toContain('LOWER_UP');
  });

  it('of limits on a bridge of the host loses no packet between its ports, and none of the host’s while a limit is there', async () => {
    run('ip link add brh type bridge; ip addr add 10.78.0.1/24 dev brh; ip link set brh up');
    const hosted = (limits: string): string =>
      `<network><name>hosted</name><forward mode='bridge'/><bridge name='brh'/>${limits}</network>`;
    const limited = (average: number): string => hosted(`<bandwidth><inbound average='${String(average)}'/></bandwidth>`);
    await driver.up([hosted('')]);
    for (const [i, netns] of ['one', 'two'].entries()) {
      await driver.attach('hosted', { owner: { name: `${netns}-1` }, attachment: { type: 'netns', netns, guestDev: 'eth1' } });
      run(`ip -n ${netns} addr add 10.78.0.${String(11 + i)}/24 dev eth1; ip -n ${netns} link set eth1 up`);
    }
    run('ip netns exec one ping -c 1 -w 10 10.78.0.12; ip netns exec one ping -c 1 -w 10 10.78.0.1');
    const between = pings('one', '10.78.0.12');
    await driver.up([limited(9000)]);
    const toHost = pings('two', '10.78.0.1');
    for (const average of [8000, 7000, 9000]) await driver.up([limited(average)]);
    const ofHost = await toHost.end();
    await driver.up([hosted('')]);
    const ofPorts = await between.end();
    expect([ofHost.lost, ofPorts.lost]).toEqual([0, 0]);
    expect(Math.min(ofHost.sent, ofPorts.sent)).toBeGreaterThan(20);
    await driver.stop('hosted');
    run('ip link del brh');
  });
});
