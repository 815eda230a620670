/**
 * What a packet costs by the number of networks, from a guest through its NAT network to an outside host: round trips (ping), small UDP
 * packets and a TCP stream (iperf3), with the rules of 1 and of 500 networks loaded, and with libvirt's own rules for 500 networks, laid out
 * one network after another as its nftables backend does. The cost is processor time of who sends: a packet that goes from one namespace to another
 * passes all rules on its sender's account, and who else uses the machine does not change that. All three in each of many short rounds, each
 * round beginning with another one, and what counts is the median of the ratios within the rounds.
 * Run it with `npm run bench:packets [-- ROUNDS]`, as root; it makes its own namespaces.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileNetwork, compileShared } from '../src/compile/compile.ts';
import { hostState } from '../src/compile/host-state.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import type { Network } from '../src/network/network.ts';
import { diff } from '../src/plan/diff.ts';
import { benchFolder, least, median, print } from './measure.ts';
import { benchNetwork } from './networks.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const PINGS = 5000;
const MANY = 500;
const folder = benchFolder();
const host = linuxHost({ paths: { runDir: join(folder, 'run'), stateDir: join(folder, 'state'), leaseScript: '/bin/true' } });
const ip = (lines: string): void => void execFileSync('ip', ['-batch', '-'], { input: `${lines}\n` });

/** A command in the guest's namespace; its output. */
const inGuest = (...argv: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', 'guest', ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const OUTSIDE = '203.0.113.2';
/** Bytes; with headers a small packet, whose cost is that of its way. */
const SMALL = 64;
const FLOW_SECONDS = 1;

/** Microseconds of processor time for a packet (a round trip, a megabyte of TCP), each averaged over many. */
interface Costs {
  readonly roundTrip: number;
  readonly udp: number;
  readonly tcp: number;
}

const measures = { roundTrip: 'a round trip', udp: 'a UDP packet', tcp: 'a megabyte by TCP' } as const;

function costs(): Costs {
  // bash tells the processor time of what it has waited for in milliseconds.
  const time = inGuest('bash', '-c', `TIMEFORMAT='%U %S'; { time ping -f -q -c ${String(PINGS)} ${OUTSIDE} >/dev/null; } 2>&1`);
  const [user = NaN, system = NaN] = time.trim().split(' ').map(Number);
  const flow = ['iperf3', '-J', '-c', OUTSIDE, '-t', String(FLOW_SECONDS)];
  const udp = endOf(inGuest(...flow, '-u', '-b', '0', '-l', String(SMALL)));
  const tcp = endOf(inGuest(...flow));
  const micros = ({ cpu_utilization_percent: cpu }: FlowEnd, seconds: number): number => seconds * cpu.host_total * 1e4;
  return {
    roundTrip: ((user + system) * 1e6) / PINGS,
    udp: micros(udp, udp.sum.seconds) / udp.sum.packets,
    tcp: micros(tcp, tcp.sum_sent.seconds) / (tcp.sum_sent.bytes / 1e6),
  };
}

interface FlowEnd {
  /** Of the sender, by UDP. */
  readonly sum: { readonly seconds: number; readonly packets: number };
  readonly sum_sent: { readonly seconds: number; readonly bytes: number };
  /** 100 is one processor. */
  readonly cpu_utilization_percent: { readonly host_total: number };
}

function endOf(report: string): FlowEnd {
  return (JSON.parse(report) as { readonly end: FlowEnd }).end;
}

/** Loads the rules of these networks (their bridges need not exist: rules name interfaces) and takes them away again. */
async function withRules<T>(networks: readonly Network[], work: () => T): Promise<T> {
  const facts = await host.facts();
  const rules = networks.flatMap((network) => {
    const result = compileNetwork({ network, ports: [], facts: { ...facts, links: new Map() } });
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    return result.value.filter((r) => r.kind === 'firewall');
  });
  const desired = hostState([...compileShared(networks), ...rules]);
  await host.execute(diff(desired, hostState([])));
  try {
    return work();
  } finally {
    await host.execute(diff(hostState([]), desired));
  }
}

/** libvirt's rules for these networks, as `nft list ruleset` shows them beside a libvirtd 11.3; their bridges must exist. */
function withLibvirtRules<T>(networks: readonly Network[], work: () => T): T {
  const chains = { cross: '', input: '', output: '', nat: '' };
  for (const n of networks) {
    const bridge = n.bridge?.name ?? '';
    const subnet = `${(n.ips[0]?.address ?? '').replace(/\d+$/, '0')}/24`;
    const leaving = `ip saddr ${subnet} ip daddr != ${subnet}`;
    chains.cross += `iif "${bridge}" oif "${bridge}" accept\n`;
    chains.input += `oif "${bridge}" ip daddr ${subnet} ct state established,related accept\noif "${bridge}" reject\n`;
    chains.output += `ip saddr ${subnet} iif "${bridge}" accept\niif "${bridge}" reject\n`;
    chains.nat +=
      `ip saddr ${subnet} ip daddr 224.0.0.0/24 return\nip saddr ${subnet} ip daddr 255.255.255.255 return\n` +
      `meta l4proto tcp ${leaving} masquerade to :1024-65535\nmeta l4proto udp ${leaving} masquerade to :1024-65535\n${leaving} masquerade\n`;
  }
  const file = join(folder, 'libvirt.nft');
  writeFileSync(
    file,
    `table ip libvirt_network {
chain guest_cross { ${chains.cross} }
chain guest_input { ${chains.input} }
chain guest_output { ${chains.output} }
chain forward { type filter hook forward priority filter; jump guest_cross; jump guest_input; jump guest_output; }
chain guest_nat { type nat hook postrouting priority srcnat; ${chains.nat} }
}\n`,
  );
  execFileSync('nft', ['-f', file]);
  try {
    return work();
  } finally {
    execFileSync('nft', ['delete', 'table', 'ip', 'libvirt_network']);
  }
}

/** Tries again for a while: a server needs a moment to listen. */
async function inTime(work: () => unknown): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      work();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(100);
    }
  }
}

try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const networks = Array.from({ length: MANY }, (_, n) => benchNetwork(n));
  // The guest's network is the last one: the worst place in a layout that is walked from the front.
  const own = networks[MANY - 1] as Network;
  const bridge = own.bridge?.name ?? '';
  const gateway = own.ips[0]?.address ?? '';
  ip(`netns add guest
netns add outside
${networks.map((n) => `link add ${n.bridge?.name ?? ''} type bridge`).join('\n')}
addr add ${gateway}/24 dev ${bridge}
link set ${bridge} up
link add g0 type veth peer name eth0 netns guest
link set g0 master ${bridge} up
link add o0 type veth peer name eth0 netns outside
addr add 203.0.113.1/24 dev o0
link set o0 up`);
  for (const [ns, address, route] of [
    ['guest', gateway.replace(/\d+$/, '9'), `route add default via ${gateway}`],
    ['outside', '203.0.113.2', undefined],
  ] as const) {
    execFileSync('ip', ['-n', ns, '-batch', '-'], { input: `addr add ${address}/24 dev eth0\nlink set eth0 up\n${route ?? ''}\n` });
  }
  const server = spawn('ip', ['netns', 'exec', 'outside', 'iperf3', '-s'], { stdio: 'ignore' });
  try {
    await inTime(() => execFileSync('iperf3', ['-c', OUTSIDE, '-n', '1K'], { stdio: 'ignore' }));
    const layouts = {
      one: () => withRules([own], costs),
      many: () => withRules(networks, costs),
      libvirt: () => Promise.resolve(withLibvirtRules(networks, costs)),
    } as const;
    const names = ['one', 'many', 'libvirt'] as const;
    const rounds: Record<keyof typeof layouts, Costs>[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const found: Partial<Record<keyof typeof layouts, Costs>> = {};
      for (let i = 0; i < names.length; i++) {
        const name = names[(round + i) % names.length] ?? 'one';
        found[name] = await layouts[name]();
      }
      const { one, many, libvirt } = found;
      if (round > 0 && one && many && libvirt) rounds.push({ one, many, libvirt });
    }
    for (const measure of ['roundTrip', 'udp', 'tcp'] as const) {
      for (const [label, name] of [
        ['1 network', 'one'],
        [`${String(MANY)} networks`, 'many'],
        [`${String(MANY)} networks, libvirt's rules`, 'libvirt'],
      ] as const) {
        const values = rounds.map((r) => r[name][measure]);
        const ratio = median(rounds.map((r) => r[name][measure] / r.one[measure]));
        print(
          `${measures[measure]}, ${label}`,
          `least ${least(values).toFixed(2)}, median ${median(values).toFixed(2)} us; ${ratio.toFixed(2)} times one network's`,
        );
      }
    }
    print('load', readFileSync('/proc/loadavg', 'utf8').trim());
  } finally {
    server.kill();
  }
} finally {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
