import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { addressOf, bridgeOf, guests, inner, networks, outer, outsides, pairs, type Family, type Party } from './matrix.ts';

const here = import.meta.dirname;
export const sh = (script: string): string => execFileSync('sh', ['-ec', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** How long an answer may take before the packet counts as lost: TCP tries again after 1 s. */
const SECONDS = 3;
const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** One row of the matrix as it was seen. */
export interface Seen {
  readonly from: Party;
  readonly to: Party;
  readonly family: Family;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** The source address that the other side saw (`-` for ICMP, which does not say), `refused`, `unreachable` or `silent`. */
  readonly result: string;
}

/** Answers of ICMP are not limited here: a limit would turn refusals into silence. Ping needs no raw socket. */
const SYSCTLS = [
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv6.icmp.ratelimit=0',
  'net.ipv4.icmp_msgs_per_sec=100000',
  'net.ipv4.icmp_msgs_burst=100000',
  'net.ipv4.ping_group_range=0 2147483647',
];
const sysctls = SYSCTLS.map((s) => `sysctl -qw '${s}' 2>/dev/null || true`).join('\n');

/** Pool addresses on the outer subnet are nobody's on that link: the machine there is told that the host has them. */
function poolRoutes(n: number): string {
  const subnet = outer(n, 0, 'ipv4').replace(/0$/, '');
  const pools = networks.flatMap(({ natAddress }) => (natAddress?.startsWith(subnet) ? [natAddress] : []));
  return pools.map((pool) => `ip route add ${pool} via ${outer(n, 5, 'ipv4')}`).join('\n');
}

/** Makes the machines outside, each behind a device of this namespace. */
export function makeOutside(): void {
  sh(
    [
      sysctls,
      ...outsides.map(
        ({ name, dev, n }) => `
ip netns add ${name}
ip link show ${dev} >/dev/null 2>&1 && ip link delete ${dev}
ip link add ${dev} type veth peer name eth0 netns ${name}
ip address add ${outer(n, 5, 'ipv4')}/24 dev ${dev}
ip address add ${outer(n, 5, 'ipv6')}/64 dev ${dev} nodad
ip link set ${dev} up
ip netns exec ${name} sh -ec '
${sysctls.replaceAll("'", '"')}
ip link set lo up; ip link set eth0 up
ip address add ${outer(n, 9, 'ipv4')}/24 dev eth0
ip address add ${outer(n, 9, 'ipv6')}/64 dev eth0 nodad
ip route add default via ${outer(n, 5, 'ipv4')}
ip -6 route add default via ${outer(n, 5, 'ipv6')}
${poolRoutes(n)}'`,
      ),
    ].join('\n'),
  );
}

/** Plugs the guests into the bridges of the networks, which run already. */
export function makeGuests(): void {
  sh(
    guests
      .map(({ name, network, netns }) => {
        if (!network || netns === undefined) return '';
        const h = name.endsWith('.a') ? 11 : 12;
        const hasV6 = network.v6 || network.guestIpv6;
        return `
ip netns add ${netns}
ip link add v${netns} type veth peer name eth0 netns ${netns}
ip link set v${netns} master ${bridgeOf(network)} up
ip netns exec ${netns} sh -ec '
${sysctls.replaceAll("'", '"')}
ip link set lo up; ip link set eth0 up
ip address add ${inner(network, h, 'ipv4')}/24 dev eth0
ip route add default via ${inner(network, 1, 'ipv4')}
${hasV6 ? `ip address add ${inner(network, h, 'ipv6')}/64 dev eth0 nodad` : ''}
${network.v6 ? `ip -6 route add default via ${inner(network, 1, 'ipv6')}` : ''}'`;
      })
      .join('\n'),
  );
}

/** Where a command of a party runs. */
function inside(party: Party, ...command: string[]): readonly [string, ...string[]] {
  return party.netns === undefined ? [command[0] ?? '', ...command.slice(1)] : ['ip', 'netns', 'exec', party.netns, ...command];
}

/** Starts a server at every party; resolves once all listen. End them with `kill`. */
export async function startServers(): Promise<readonly ChildProcess[]> {
  const parties = new Map([...pairs.map(({ from }) => from), ...pairs.map(({ to }) => to)].map((p) => [p.name, p]));
  return Promise.all(
    [...parties.values()].map(
      (party) =>
        new Promise<ChildProcess>((resolve, reject) => {
          const [command, ...args] = inside(party, 'perl', join(here, 'echo.pl'));
          const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          child.stdout.once('data', () => {
            resolve(child);
          });
          child.once('exit', (code) => {
            reject(new Error(`server of ${party.name} ended with ${String(code)}`));
          });
        }),
    ),
  );
}

/** Sends every first packet of the matrix, all at once, and tells what came of each. */
export async function probe(): Promise<readonly Seen[]> {
  const senders = [...new Set(pairs.map(({ from }) => from))];
  return (await Promise.all(senders.map(probeFrom))).flat();
}

async function probeFrom(from: Party): Promise<readonly Seen[]> {
  const rows = pairs
    .filter((pair) => pair.from === from)
    .flatMap(({ to }) =>
      FAMILIES.flatMap((family) => {
        const address = addressOf(to, from, family);
        return address === undefined ? [] : PROTOCOLS.map((protocol) => ({ from, to, family, protocol, address }));
      }),
    );
  const input = rows.map(({ protocol, address }, i) => `${String(i)} ${protocol} ${address}\n`).join('');
  const [command, ...args] = inside(from, 'perl', join(here, 'probe.pl'), String(SECONDS));
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => (text += data));
    child.once('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`probe of ${from.name} ended with ${String(code)}`));
    });
    child.stdin.end(input);
  });
  const results = new Map(
    output
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  return rows.map(({ address: _, ...row }, i) => ({ ...row, result: results.get(String(i)) ?? 'missing' }));
}
