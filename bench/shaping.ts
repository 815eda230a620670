/**
 * What the limits do to traffic: two guests on a bridge with a limit, iperf3 against the host, TCP and UDP, both directions.
 *   sh scripts/isolated.sh node scripts/run-ts.mjs bench/shaping.ts [SECONDS]
 * Prints KiB a second and the ratio to what the limit allows (average x time + burst).
 */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { hostState, type Resource } from '../src/compile/host-state.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import { diff } from '../src/plan/diff.ts';

const exec = promisify(execFile);
const sh = async (command: string): Promise<string> => (await exec('sh', ['-c', command])).stdout;
const seconds = Number(process.argv[2] ?? 5);
const network = 'b5a1c0de-0000-4000-8000-000000000001';
const owner = { network };
const host = linuxHost({ paths: { runDir: '/run/bench', stateDir: '/run/bench', leaseScript: '/bin/true' } });
const average = 1000;

async function reach(resources: readonly Resource[]): Promise<void> {
  const desired = hostState(resources);
  await host.execute(diff(desired, await host.observe({ networks: 'all', desired })));
}

function guest(n: number): readonly Resource[] {
  const port = { network, port: `c0ffee00-0000-4000-8000-00000000000${String(n)}` };
  const peer = { netns: `g${String(n)}`, name: 'eth0', mac: `52:54:00:00:00:0${String(n)}` };
  return [
    { kind: 'link', owner: port, name: `vnet${String(n)}`, spec: { type: 'veth', peer } },
    { kind: 'bridge-port', owner: port, dev: `vnet${String(n)}`, bridge: 'virbr0', isolated: false, learning: true, unicastFlood: true },
    { kind: 'link-up', owner: port, dev: `vnet${String(n)}` },
  ];
}

const base: readonly Resource[] = [
  {
    kind: 'link',
    owner,
    name: 'virbr0',
    mac: '52:54:00:00:00:aa',
    spec: { type: 'bridge', stp: false, forwardDelay: 0, vlanFiltering: false },
  },
  { kind: 'address', owner, dev: 'virbr0', address: '10.9.0.254/24' },
  { kind: 'link-up', owner, dev: 'virbr0' },
  ...guest(1),
  ...guest(2),
];

interface IperfEnd {
  readonly end: {
    readonly sum_received?: { readonly bytes: number; readonly seconds: number };
    readonly sum?: { readonly bytes: number; readonly lost_percent: number };
  };
}

/** Bytes that arrived in one run from or to a guest. */
async function iperf(n: number, options: string): Promise<number> {
  const text = await sh(`ip netns exec g${String(n)} iperf3 -J -c 10.9.0.254 -p ${String(5200 + n)} -t ${String(seconds)} ${options}`);
  const { end } = JSON.parse(text) as IperfEnd;
  const udp = end.sum;
  return options.includes('-u') && udp ? udp.bytes * (1 - udp.lost_percent / 100) : (end.sum_received?.bytes ?? 0);
}

function line(what: string, bytes: number, burst: number): void {
  const allowed = average * seconds + burst;
  console.log(
    `${what.padEnd(44)} ${(bytes / 1000 / seconds).toFixed(0).padStart(6)} kB/s   ${(bytes / 1000 / allowed).toFixed(2)} of what is allowed`,
  );
}

await sh('mkdir -p /run/netns; ip netns add g1; ip netns add g2');
const servers = [1, 2].map((n) => spawn('iperf3', ['-s', '-p', String(5200 + n)], { stdio: 'ignore' }));
await reach(base);
for (const n of [1, 2]) await sh(`ip -n g${String(n)} address add 10.9.0.${String(n)}/24 dev eth0`);
for (const burst of [0, 500]) {
  const rate = { average, ...(burst > 0 ? { burst } : {}) };
  await reach([...base, { kind: 'shaping', owner, dev: 'virbr0', inbound: rate, outbound: rate, floors: [] }]);
  for (const [way, flag] of [
    ['inbound', '-R'],
    ['outbound', ''],
  ] as const) {
    await new Promise((resolve) => setTimeout(resolve, 1500)); // lets the bucket fill
    line(`tcp ${way}, burst ${String(burst)} KiB`, await iperf(1, flag), burst);
    line(`udp ${way}, burst ${String(burst)} KiB`, await iperf(1, `${flag} -u -b 40M -l 1400`), 0);
  }
}
for (const [way, flag] of [
  ['inbound', '-R'],
  ['outbound', ''],
] as const)
  for (const flows of [1, 4]) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const both = await Promise.all([iperf(1, flag), iperf(2, `${flag} -P ${String(flows)}`)]);
    line(`tcp ${way}, guest 1 of two (1 flow)`, both[0], 0);
    line(`tcp ${way}, guest 2 of two (${String(flows)} flows)`, both[1], 0);
  }
await reach([]);
for (const server of servers) server.kill();
await host[Symbol.asyncDispose]();
