import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';

/** Packets that may not pass are sent all the time, 1,000 and more a second, while rules come, change and go: not one arrives. */
const driver = await openDriver();
const PORT = 9999;

const nat = (inner = '', forward = 'nat'): string =>
  `<network><name>guarded</name>${forward && `<forward mode='${forward}'>${inner}</forward>`}<bridge name='vbg' stp='off'/>
    <mac address='52:54:00:0a:0a:01'/><ip address='10.61.0.1' netmask='255.255.255.0'/></network>`;
const closed = (forward = '', domain = 'closed.test'): string =>
  `<network><name>closed</name>${forward}<bridge name='vbi' stp='off'/><mac address='52:54:00:0a:0b:01'/><domain name='${domain}'/>
    <ip address='10.62.0.1' netmask='255.255.255.0'/><ip family='ipv6' address='2001:db8:62::1' prefix='64'/></network>`;
const other = (inner = ''): string =>
  `<network><name>other</name><forward mode='nat'>${inner}</forward><bridge name='vbo' stp='off'/>
    <ip address='10.63.0.1' netmask='255.255.255.0'/></network>`;

/** Sends datagrams from a namespace to each address in turn until it is told to stop; then prints how many, by address. */
const SEND = `use strict; use Socket qw(:DEFAULT getaddrinfo AI_NUMERICHOST); use Time::HiRes 'usleep';
  my ($more, %sent) = (1); $SIG{TERM} = sub { $more = 0 };
  my @to = map { my ($e, $a) = getaddrinfo($_, ${String(PORT)}, { flags => AI_NUMERICHOST, socktype => SOCK_DGRAM }); socket(my $s, $a->{family}, SOCK_DGRAM, 0) or die $!; [$s, $a->{addr}, $_] } @ARGV;
  while ($more) { for (@to) { $sent{$_->[2]}++ if defined send($_->[0], 'x', 0, $_->[1]) } usleep(200) }
  print join(' ', map { $sent{$_} // 0 } @ARGV);`;

function sending(netns: string, ...to: readonly string[]): () => Promise<readonly number[]> {
  const child = spawn('ip', ['netns', 'exec', netns, 'perl', '-e', SEND, ...to], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
    return out.split(' ').map(Number);
  };
}

/** Datagrams that have arrived in a namespace. */
const arrived = (netns: string): number => Number(/packets (\d+)/.exec(sh(`ip netns exec ${netns} nft list counter inet seen hits`))?.[1]);

async function plug(network: string, netns: string, subnet: string): Promise<void> {
  sh(`ip netns add ${netns}`);
  await driver.attach(network, { owner: { name: netns }, attachment: { type: 'netns', netns } });
  sh(
    `ip -n ${netns} address add ${subnet}.11/24 dev eth0; ip -n ${netns} link set eth0 up; ip -n ${netns} route add default via ${subnet}.1`,
  );
}

function count(netns: string): void {
  sh(
    `ip netns exec ${netns} nft 'table inet seen { counter hits { }; chain in { type filter hook prerouting priority raw; udp dport ${String(PORT)} counter name hits; }; }'`,
  );
}

describe('while rules change', () => {
  beforeAll(async () => {
    sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip link set up0 up; ip -n outside link set eth0 up
      ip address add 203.0.113.1/24 dev up0; ip -n outside address add 203.0.113.2/24 dev eth0
      ip address add 2001:db8:1::1/64 dev up0 nodad; ip -n outside address add 2001:db8:1::2/64 dev eth0 nodad
      for n in 61 62; do ip -n outside route add 10.$n.0.0/24 via 203.0.113.1; done; ip -n outside -6 route add 2001:db8:62::/64 via 2001:db8:1::1`);
    await driver.up([nat(), closed()]);
    await plug('guarded', 'one', '10.61.0');
    await plug('closed', 'two', '10.62.0');
    sh('ip -n two address add 2001:db8:62::11/64 dev eth0 nodad; ip -n two -6 route add default via 2001:db8:62::1');
    for (const netns of ['outside', 'one', 'two']) count(netns);
    // Nobody has to ask for its neighbour first: after a stop that would take a second.
    for (const gateway of ['10.62.0.1', '2001:db8:62::1'])
      sh(`ip -n two neigh replace ${gateway} lladdr 52:54:00:0a:0b:01 dev eth0 nud permanent`);
    sh('ip netns exec outside ping -q -c 1 -w 10 203.0.113.1; ip netns exec outside ping -q -c 1 -w 10 2001:db8:1::1');
  });
  afterAll(async () => {
    await driver.stopAll((await driver.list()).filter(({ active }) => active).map(({ name }) => name));
    await driver[Symbol.asyncDispose]();
  });

  test('no datagram passes that may not: to guests behind NAT, out of an isolated network and into it', async () => {
    const stops = [
      sending('outside', '10.61.0.11', '10.62.0.11', '2001:db8:62::11'),
      sending('two', '203.0.113.2', '10.61.0.11', '2001:db8:1::2'),
    ];
    // Of another network.
    await driver.up([other()]);
    await driver.up([other("<nat><port start='4000' end='5000'/></nat>")]);
    await driver.stop('other');
    // Of the networks themselves: translation, mode, services, what somebody did to a chain.
    await driver.up([nat("<nat><port start='4000' end='5000'/></nat>")]);
    await driver.up([nat("<nat><address start='203.0.113.40' end='203.0.113.50'/></nat>"), closed('', 'shut.test')]);
    await driver.up([nat('', '')]);
    await driver.up([nat("<interface dev='up0'/>")]);
    sh("nft delete element inet virtnet nat_from '{ vbg }'");
    await driver.repair();
    await driver.up([nat()]);
    // Of networks that stop and start again, with their guests plugged.
    for (let i = 0; i < 5; i++) {
      await driver.stopAll(['guarded', 'closed']);
      await driver.up([nat(), closed()]);
    }
    const sent = (await Promise.all(stops.map((stop) => stop()))).flat();
    expect(Object.fromEntries(['outside', 'one', 'two'].map((netns) => [netns, arrived(netns)]))).toEqual({ outside: 0, one: 0, two: 0 });
    for (const n of sent) expect(n).toBeGreaterThan(500);
  });

  test('and they would arrive: with rules that let them pass, they do', async () => {
    await driver.up([nat('', 'open'), closed("<forward mode='route'/>")]);
    const stops = [sending('outside', '10.61.0.11', '2001:db8:62::11'), sending('two', '203.0.113.2')];
    await expect.poll(() => ['outside', 'one', 'two'].map((netns) => arrived(netns) > 10), { timeout: 10_000 }).toEqual([true, true, true]);
    for (const stop of stops) await stop();
  });
});
