import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { FORWARDS_NAMESPACE } from '../../src/forwards/forward.ts';
import { worstDisturbance } from '../../src/plan/disturbance.ts';
import { sh } from '../support/driver-documents.ts';
import { ask, serve } from '../support/packets/ask.ts';
import { pings } from '../support/pings.ts';

/** The host has 203.0.113.1 and 2001:db8:1::1 outside; guests one and two are of network `fw`, three of `other`. All answer on port 7777. */
const driver = await openDriver();
const servers: ChildProcess[] = [];

const forward = (rest: string, inner = ''): string => `<forward ${rest}>${inner}</forward>`;
const WEB = forward("proto='tcp' port='7001' to='web' to-port='7777'");
const FORWARDS = [
  WEB,
  forward("proto='udp' port='7001' to='52:54:00:79:00:0B' to-port='7777'"),
  forward("proto='udp' port='7001' to='2001:db8:79::b' to-port='7777'"),
  forward("proto='udp' port='7770' end='7780' to='192.168.79.11'"),
  forward("proto='tcp' address='203.0.113.1' port='7002' to='web' to-port='7777'", "<source address='198.51.100.0/24'/>"),
  forward("proto='tcp' port='7003' to='web' to-port='7777'", "<source address='198.51.100.7'/><source address='203.0.113.0/30'/>"),
];

function document(forwards: readonly string[], mode = "<forward mode='nat'><nat ipv6='yes'/></forward>", name = 'fw', n = 79): string {
  const hex = String(n);
  return `<network><name>${name}</name><metadata><v:forwards xmlns:v='${FORWARDS_NAMESPACE}'>${forwards.join('')}</v:forwards></metadata>${mode}
    <bridge name='vb${name}' stp='off'/><mac address='52:54:00:${hex}:00:01'/>
    <ip address='192.168.${hex}.1' netmask='255.255.255.0'><dhcp><host mac='52:54:00:${hex}:00:0b' name='web' ip='192.168.${hex}.11'/></dhcp></ip>
    <ip family='ipv6' address='2001:db8:${hex}::1' prefix='64'><dhcp><host name='web' ip='2001:db8:${hex}::b'/></dhcp></ip></network>`;
}

async function plug(network: string, netns: string, n: number, host: string): Promise<void> {
  sh(`ip netns add ${netns}; ip -n ${netns} link set lo up`);
  await driver.attach(network, { owner: { name: netns }, attachment: { type: 'netns', netns } });
  sh(`ip -n ${netns} addr add 192.168.${String(n)}.${String(parseInt(host, 16))}/24 dev eth0; ip -n ${netns} link set eth0 up
      ip -n ${netns} addr add 2001:db8:${String(n)}::${host}/64 dev eth0 nodad
      ip -n ${netns} route add default via 192.168.${String(n)}.1; ip -n ${netns} -6 route add default via 2001:db8:${String(n)}::1`);
  servers.push(await serve(netns));
}

/** Whether frames between guests pass the packet rules too, where the kernel has br_netfilter (Docker turns it on). */
function bridgeNetfilter(on: boolean): boolean {
  const there = existsSync('/proc/sys/net/bridge');
  const value = on ? '1' : '0';
  if (there) sh(`sysctl -qw net.bridge.bridge-nf-call-iptables=${value} net.bridge.bridge-nf-call-ip6tables=${value}`);
  return there;
}

const virtnet = (...words: readonly string[]): string =>
  execFileSync('bin/virtnet', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** socat in a namespace. `say` sends a line and gives what comes back, what socat says, or `ended`. */
function talk(netns: string, to: string, from = '-'): { readonly say: (line: string) => Promise<string>; readonly end: () => void } {
  const child = spawn('ip', ['netns', 'exec', netns, 'socat', from, to], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = (): Promise<string> =>
    new Promise((resolve) => {
      child.once('close', () => resolve('ended'));
      for (const stream of [child.stdout, child.stderr]) stream.once('data', (data: Buffer) => resolve(data.toString()));
    });
  return {
    say: (line) => {
      const answer = said();
      child.stdin.write(`${line}\n`);
      return answer;
    },
    end: () => child.kill(),
  };
}

const rules = (): string => sh('nft list ruleset');

beforeAll(async () => {
  bridgeNetfilter(false);
  // Without a limit each refusal comes at once.
  sh('sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0');
  sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip link set up0 up; ip -n outside link set eth0 up
      ip addr add 203.0.113.1/24 dev up0; ip -n outside addr add 203.0.113.2/24 dev eth0; ip link set lo up
      ip addr add 2001:db8:1::1/64 dev up0 nodad; ip -n outside addr add 2001:db8:1::2/64 dev eth0 nodad
      ip -n outside route add 192.168.79.0/24 via 203.0.113.1; ip -n outside -6 route add default via 2001:db8:1::1`);
  await driver.up([document(FORWARDS), document([], "<forward mode='nat'/>", 'other', 80)]);
  await plug('fw', 'one', 79, 'b');
  await plug('fw', 'two', 79, 'c');
  await plug('other', 'three', 80, 'd');
  // Neighbours are known from here on, so that no first packet waits for one.
  for (const address of ['203.0.113.1', '2001:db8:1::1']) sh(`ip netns exec outside ping -q -c 1 -w 10 ${address}`);
}, 60_000);

afterAll(async () => {
  for (const server of servers) server.kill();
  await driver.stopAll((await driver.list()).filter(({ active }) => active).map(({ name }) => name));
  await driver[Symbol.asyncDispose]();
});

describe('port forwards', () => {
  it('lead from outside to the guest, which sees who asks, and nothing else does', async () => {
    expect(
      await ask('outside', [
        'tcp 203.0.113.1 7001',
        'udp 203.0.113.1 7001',
        'tcp 2001:db8:1::1 7001',
        'udp 2001:db8:1::1 7001',
        'udp 203.0.113.1 7777',
        'tcp 203.0.113.1 7002',
        'tcp 203.0.113.1 7003',
        'tcp 2001:db8:1::1 7003',
        'tcp 203.0.113.1 7777',
        'tcp 192.168.79.11 7777',
        'tcp 192.168.79.12 7777',
        'tcp 2001:db8:79::b 7777',
      ]),
    ).toEqual({
      'tcp 203.0.113.1 7001': '203.0.113.2',
      'udp 203.0.113.1 7001': '203.0.113.2',
      'tcp 2001:db8:1::1 7001': '2001:db8:1::2',
      'udp 2001:db8:1::1 7001': '2001:db8:1::2',
      // A range keeps its ports.
      'udp 203.0.113.1 7777': '203.0.113.2',
      // Not for this source; for this one; for no source of this family.
      'tcp 203.0.113.1 7002': 'refused',
      'tcp 203.0.113.1 7003': '203.0.113.2',
      'tcp 2001:db8:1::1 7003': 'refused',
      // Not forwarded, and past the forwards.
      'tcp 203.0.113.1 7777': 'refused',
      'tcp 192.168.79.11 7777': 'refused',
      'tcp 192.168.79.12 7777': 'refused',
      'tcp 2001:db8:79::b 7777': 'refused',
    });
  });

  it('lead from the host itself by its addresses, but not by those of loopback', async () => {
    expect(
      await ask(undefined, [
        'tcp 203.0.113.1 7001',
        'udp 203.0.113.1 7001',
        'tcp 2001:db8:1::1 7001',
        'tcp 127.0.0.1 7001',
        'tcp ::1 7001',
      ]),
    ).toEqual({
      'tcp 203.0.113.1 7001': '203.0.113.1',
      'udp 203.0.113.1 7001': '203.0.113.1',
      'tcp 2001:db8:1::1 7001': '2001:db8:1::1',
      'tcp 127.0.0.1 7001': 'refused',
      'tcp ::1 7001': 'refused',
    });
  });

  it("lead from guests of the same network and of others by the host's address", async () => {
    const both = ['tcp 203.0.113.1 7001', 'udp 203.0.113.1 7001', 'tcp 2001:db8:1::1 7001'];
    const seen = {
      'tcp 203.0.113.1 7001': '192.168.79.1',
      'udp 203.0.113.1 7001': '192.168.79.1',
      'tcp 2001:db8:1::1 7001': '2001:db8:79::1',
    };
    // Of the same network: as the host, so that the answer comes back by it. The guest itself, too.
    expect(await ask('two', both)).toEqual(seen);
    expect(await ask('one', both)).toEqual(seen);
    // With br_netfilter the bridge itself carries it over, and brings the answer back.
    if (bridgeNetfilter(true))
      expect(await ask('two', both)).toEqual({
        'tcp 203.0.113.1 7001': '192.168.79.12',
        'udp 203.0.113.1 7001': '192.168.79.12',
        'tcp 2001:db8:1::1 7001': '2001:db8:79::c',
      });
    expect(await ask('three', both.slice(0, 2))).toEqual({
      'tcp 203.0.113.1 7001': '192.168.79.1',
      'udp 203.0.113.1 7001': '192.168.79.1',
    });
    bridgeNetfilter(false);
  });

  it('lead no guest of an isolated network out of it', async () => {
    await driver.up([document([], '', 'alone', 81)]);
    await plug('alone', 'four', 81, 'e');
    const asked = ['tcp 203.0.113.1 7001', 'udp 203.0.113.1 7001', 'tcp 2001:db8:1::1 7001', 'udp 2001:db8:1::1 7001'];
    expect(await ask('four', asked)).toEqual(Object.fromEntries(asked.map((line) => [line, 'refused'])));
    await driver.stop('alone');
    await driver.undefine('alone');
  });

  it('come back with a repair after a flush of all rules, and after one was taken out', async () => {
    for (const damage of ['flush ruleset', "delete element inet virtnet forward_ip '{ 0.0.0.0/0 . tcp . 7001 }'"]) {
      sh(`nft ${damage}`);
      expect(await ask('outside', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': 'refused' });
      expect((await driver.diff()).steps.map(({ kind }) => kind)).toContain('firewall');
      await driver.repair();
      expect(await ask('outside', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': '203.0.113.2' });
      expect((await driver.diff()).steps).toEqual([]);
    }
  });

  it('come and go while the network runs, and no other packet is lost', async () => {
    const others = [pings('two', '203.0.113.2', 200), pings('two', '192.168.79.11', 200)];
    const { plan } = await driver.up([document([forward("proto='tcp' port='7004' to='web' to-port='7777'")])]);
    expect(worstDisturbance(plan.steps)).toBe('none');
    expect(await ask('outside', ['tcp 203.0.113.1 7001', 'tcp 203.0.113.1 7004'])).toEqual({
      'tcp 203.0.113.1 7001': 'refused',
      'tcp 203.0.113.1 7004': '203.0.113.2',
    });
    await driver.up([document([])]);
    expect(await ask('outside', ['tcp 203.0.113.1 7004'])).toEqual({ 'tcp 203.0.113.1 7004': 'refused' });
    expect(rules()).not.toMatch(/dnat ip6? to/);
    for (const other of others) expect(await other.end()).toMatchObject({ lost: 0 });
  });

  it('that go end what is under way through them, and leave the others alone', async () => {
    const stay = forward("proto='tcp' port='7009' to='web' to-port='7006'");
    const go = ['tcp', 'udp'].map((proto) => forward(`proto='${proto}' port='7008' to='web' to-port='7007'`));
    await driver.up([document([stay, ...go])]);
    const echoes = ['TCP-LISTEN:7006', 'TCP-LISTEN:7007', 'UDP-LISTEN:7007'].map((listen) => talk('one', `${listen},fork`, 'PIPE'));
    await expect.poll(() => sh('ip netns exec one ss -lntu')).toMatch(/(:700[67] [^]*){3}/);
    const talks = ['TCP:203.0.113.1:7009', 'TCP:203.0.113.1:7008', 'UDP:203.0.113.1:7008'].map((to) => talk('outside', to));
    for (const one of talks) expect(await one.say('before')).toBe('before\n');
    await driver.up([document([stay])]);
    expect(await talks[0]?.say('after')).toBe('after\n');
    expect(await talks[1]?.say('after')).toMatch(/^ended$|Connection reset by peer/); // by a reset, of which socat says nothing before 1.8
    expect(await talks[2]?.say('after')).toContain('Connection refused');
    for (const one of [...talks, ...echoes]) one.end();
  });

  it('whose sources change end what comes from those who are no longer among them', async () => {
    const from = (port: number, ...sources: readonly string[]): string =>
      forward(
        `proto='tcp' port='${String(port)}' to='web' to-port='${String(port)}'`,
        sources.map((s) => `<source address='${s}'/>`).join(''),
      );
    await driver.up([document([from(7010), from(7011)])]);
    const echoes = [7010, 7011].map((port) => talk('one', `TCP-LISTEN:${String(port)},fork`, 'PIPE'));
    await expect.poll(() => sh('ip netns exec one ss -lnt')).toMatch(/(:701[01] [^]*){2}/);
    const talks = [7010, 7011].map((port) => talk('outside', `TCP:203.0.113.1:${String(port)}`));
    for (const one of talks) expect(await one.say('before')).toBe('before\n');
    await driver.up([document([from(7010, '198.51.100.0/24', '203.0.113.2'), from(7011, '198.51.100.0/24')])]);
    expect(await talks[0]?.say('after')).toBe('after\n');
    expect(await talks[1]?.say('after')).toMatch(/^ended$|Connection reset by peer/);
    for (const one of [...talks, ...echoes]) one.end();
  });

  it("follow the element that virsh's net-metadata sets, which is refused where it cannot be", async () => {
    const set = (inner: string): Promise<void> =>
      driver.setMetadata('fw', 'element', `<forwards>${inner}</forwards>`, { key: 'v', uri: FORWARDS_NAMESPACE, affect: 'live+config' });
    await set(WEB);
    expect(await ask('outside', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': '203.0.113.2' });
    await expect(set(forward("proto='tcp' port='7001' to='nobody'"))).rejects.toMatchObject({ code: 'VNF001', libvirt: { code: 27 } });
    const remove = { command: 'delete', section: 'ip-dhcp-host', parentIndex: -1, affect: 'live+config' } as const;
    const fragment = "<host mac='52:54:00:79:00:0b' name='web' ip='192.168.79.11'/>";
    // The IPv6 address alone would be left: still a guest.
    await driver.update('fw', { ...remove, fragment });
    expect(await ask('outside', ['tcp 203.0.113.1 7001', 'tcp 2001:db8:1::1 7001'])).toEqual({
      'tcp 203.0.113.1 7001': 'refused',
      'tcp 2001:db8:1::1 7001': '2001:db8:1::2',
    });
    const last = { ...remove, parentIndex: 1, fragment: "<host name='web' ip='2001:db8:79::b'/>" };
    await expect(driver.update('fw', last)).rejects.toMatchObject({ code: 'VNF001' });
    expect((await driver.diff()).steps).toEqual([]);
  });

  it('are added and removed by the command, in the running network and the stored one, and shown as data', async () => {
    await driver.up([document([])]);
    expect(virtnet('forward', 'fw', 'add', '7005:web:7777')).toContain('fw forwards 7005/tcp to web port 7777\n');
    virtnet('forward', 'fw', 'add', '203.0.113.1:7006:192.168.79.11:7777/udp', '--source', '203.0.113.0/24,198.51.100.7', '--live');
    const web = { proto: 'tcp', port: 7005, end: 7005, to: 'web', toPort: 7777 };
    const added = [
      { ...web, family: 'ipv4', target: '192.168.79.11' },
      { ...web, family: 'ipv6', target: '2001:db8:79::b' },
      {
        ...{ family: 'ipv4', proto: 'udp', address: '203.0.113.1', port: 7006, end: 7006 },
        ...{ to: '192.168.79.11', target: '192.168.79.11', toPort: 7777, sources: ['203.0.113.0/24', '198.51.100.7'] },
      },
    ];
    const forwards = (...words: readonly string[]): unknown => (JSON.parse(virtnet(...words, '--json')) as { forwards: unknown }).forwards;
    expect(forwards('show', 'fw')).toEqual(added);
    expect(forwards('forward', 'fw')).toEqual(added);
    expect(forwards('forward', 'fw', '--config')).toEqual(added.slice(0, 2));
    expect(await ask('outside', ['tcp 203.0.113.1 7005', 'tcp 2001:db8:1::1 7005', 'udp 203.0.113.1 7006'])).toEqual({
      'tcp 203.0.113.1 7005': '203.0.113.2',
      'tcp 2001:db8:1::1 7005': '2001:db8:1::2',
      'udp 203.0.113.1 7006': '203.0.113.2',
    });
    virtnet('forward', 'fw', 'remove', '7005');
    expect(await ask('outside', ['tcp 203.0.113.1 7005'])).toEqual({ 'tcp 203.0.113.1 7005': 'refused' });
    expect(forwards('forward', 'fw', '--config')).toEqual([]);
  });

  it('of a routed network lead to it too', async () => {
    await driver.up([document([WEB], "<forward mode='route'/>")]);
    expect(await ask('outside', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': '203.0.113.2' });
    expect(await ask('two', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': '192.168.79.1' });
  });

  it('are one to a port: two networks cannot have the same, and a program that is hidden is told of', async () => {
    const claim = document(
      [forward("proto='tcp' address='203.0.113.1' port='7000' end='7009' to='web'")],
      "<forward mode='nat'/>",
      'other',
      80,
    );
    await expect(driver.up([claim])).rejects.toMatchObject({ code: 'VNC015' });
    expect(await driver.warnings()).toEqual([]);
    const program = createServer().listen(7001, '0.0.0.0');
    await once(program, 'listening');
    expect(await driver.warnings()).toMatchObject([{ code: 'VNC015', severity: 'warning', source: 'fw' }]);
    program.close();
  });

  it('go with their network', async () => {
    await driver.stopAll(['fw', 'other']);
    expect(rules()).toBe('');
    expect(await ask('outside', ['tcp 203.0.113.1 7001'])).toEqual({ 'tcp 203.0.113.1 7001': 'refused' });
  });
});
