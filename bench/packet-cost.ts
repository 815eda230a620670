/**
 * What a packet costs by the number of networks: round trips from a guest through its NAT network to an outside host, with the rules of 1
 * and of 500 networks loaded, and with the rules of 500 networks laid out one after another (as libvirt's nftables backend does).
 * Run it with `npm run bench:packets`, as root; it makes its own namespaces.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileNetwork, compileShared } from '../src/compile/compile.ts';
import { hostState } from '../src/compile/host-state.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import type { Network } from '../src/network/network.ts';
import { diff } from '../src/plan/diff.ts';
import { benchNetwork } from './networks.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const PINGS = 4000;
const MANY = 500;
const folder = mkdtempSync(join(tmpdir(), 'virtnet-bench-'));
const host = linuxHost({ paths: { runDir: join(folder, 'run'), stateDir: join(folder, 'state'), leaseScript: '/bin/true' } });
const ip = (lines: string): void => void execFileSync('ip', ['-batch', '-'], { input: `${lines}\n` });

/** Microseconds of one round trip, averaged over a flood of pings. */
function roundTrip(): number {
  const started = process.hrtime.bigint();
  execFileSync('ip', ['netns', 'exec', 'guest', 'ping', '-f', '-q', '-c', String(PINGS), '203.0.113.2'], { stdio: 'ignore' });
  return Number(process.hrtime.bigint() - started) / 1000 / PINGS;
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

/** The same meaning, one network after another in three chains. */
function withLinearRules<T>(networks: readonly Network[], work: () => T): T {
  const chains = { cross: '', input: '', output: '', nat: '' };
  for (const n of networks) {
    const bridge = n.bridge?.name ?? '';
    const subnet = `${(n.ips[0]?.address ?? '').replace(/\d+$/, '0')}/24`;
    chains.cross += `iifname "${bridge}" oifname "${bridge}" accept\n`;
    chains.input += `oifname "${bridge}" ip daddr ${subnet} ct state established,related accept\noifname "${bridge}" reject\n`;
    chains.output += `ip saddr ${subnet} iifname "${bridge}" accept\niifname "${bridge}" reject\n`;
    chains.nat += `ip saddr ${subnet} ip daddr != ${subnet} masquerade\n`;
  }
  const file = join(folder, 'linear.nft');
  writeFileSync(
    file,
    `table ip linear {
chain cross { ${chains.cross} }
chain input { ${chains.input} }
chain output { ${chains.output} }
chain forward { type filter hook forward priority filter; jump cross; jump input; jump output; }
chain nat { type nat hook postrouting priority srcnat; ${chains.nat} }
}\n`,
  );
  execFileSync('nft', ['-f', file]);
  try {
    return work();
  } finally {
    execFileSync('nft', ['delete', 'table', 'ip', 'linear']);
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const networks = Array.from({ length: MANY }, (_, n) => benchNetwork(n));
  // The guest's network is the last one: the worst place in a layout that is walked from the front.
  const own = networks[MANY - 1] as Network;
  const bridge = own.bridge?.name ?? '';
  const gateway = own.ips[0]?.address ?? '';
  ip(`netns add guest
netns add outside
link add ${bridge} type bridge
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
  const rows = { one: [] as number[], many: [] as number[], linear: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await withRules([own], roundTrip);
    const many = await withRules(networks, roundTrip);
    const linear = withLinearRules(networks, roundTrip);
    if (round === 0) continue;
    rows.one.push(one);
    rows.many.push(many);
    rows.linear.push(linear);
    process.stderr.write(`round ${String(round)} of ${String(ROUNDS)}\n`);
  }
  const print = (label: string, values: readonly number[]): void => {
    const ratio = median(values) / median(rows.one);
    process.stdout.write(`${label.padEnd(40)} ${median(values).toFixed(1)} us a round trip, ${ratio.toFixed(2)} times one network's\n`);
  };
  print('verdict maps, 1 network', rows.one);
  print(`verdict maps, ${String(MANY)} networks`, rows.many);
  print(`one after another, ${String(MANY)} networks`, rows.linear);
} finally {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
