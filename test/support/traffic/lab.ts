import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { AttachRequest, NetworkDriver } from '../../../src/driver/driver.ts';
import { plugGuest, type GuestKind, type TrafficGuest } from './guest.ts';

const exec = promisify(execFile);
const sh = async (command: string): Promise<string> => (await exec('sh', ['-c', command], { maxBuffer: 16 << 20 })).stdout;

/** A direction as the guest sees it: `in` is what it receives. */
export type Way = 'in' | 'out';

/** One flow of a guest to or from the outside. */
export interface Flow {
  readonly guest: number;
  readonly way: Way;
  readonly protocol: 'tcp' | 'udp';
  /** TCP connections in parallel. */
  readonly streams?: number;
  /** UDP: bits a second that the sender sends. */
  readonly udpRate?: string;
}

interface Interval {
  readonly sum: { readonly start: number; readonly end: number; readonly bytes: number; readonly omitted?: boolean };
}

/** What arrived, second by second, in bytes of payload. */
export type Seconds = readonly number[];

/** Guests behind a network and an outside host with iperf3 servers; runs flows through the network. */
export interface TrafficLab {
  /** Plugs guest `n` (1 to 9): behind a router of the subnet, or by macvtap beside the outside host. */
  plug(n: number, network: string, kind: GuestKind, request?: Partial<AttachRequest>): Promise<TrafficGuest>;
  flow(flow: Flow, seconds: number): Promise<Seconds>;
  end(): Promise<void>;
}

export const OUTSIDE = '203.0.113.2';

/**
 * Makes the machine's side: namespace `outside` behind `up0`. Guests of `subnet` (its first three bytes) are reached by way of the host,
 * those of a macvtap over `up0` stand beside the outside host.
 */
export async function trafficLab(driver: NetworkDriver, subnet: string): Promise<TrafficLab> {
  await sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip address add 203.0.113.1/24 dev up0; ip link set up0 up
    ip -n outside link set lo up; ip -n outside address add ${OUTSIDE}/24 dev eth0; ip -n outside link set eth0 up
    ip -n outside route add ${subnet}.0/24 via 203.0.113.1`);
  const guests: TrafficGuest[] = [];
  // An iperf3 server has one client at a time.
  const port = (guest: number, way: Way): number => 5200 + guest * 2 + (way === 'in' ? 1 : 0);
  const serve = (n: number) => {
    const child = spawn('ip', ['netns', 'exec', 'outside', 'iperf3', '-s', '-J', '-p', String(n)], { stdio: 'ignore' });
    child.unref();
    return child;
  };
  const servers: ReturnType<typeof serve>[] = [];
  return {
    async plug(n, network, kind, request) {
      servers.push(serve(port(n, 'in')), serve(port(n, 'out')));
      const where =
        kind === 'macvtap' ? { address: `203.0.113.1${String(n)}/24` } : { address: `${subnet}.1${String(n)}/24`, gateway: `${subnet}.1` };
      const guest = await plugGuest(driver, network, n, kind, { ...where, ...(request && { request }) });
      guests.push(guest);
      await sh(`ip netns exec ${guest.netns} ping -q -c 1 -W 5 ${OUTSIDE}`);
      return guest;
    },
    async flow({ guest, way, protocol, streams = 1, udpRate = '40M' }, seconds) {
      const options = [
        `-c ${OUTSIDE} -p ${String(port(guest, way))} -t ${String(seconds)} -i 1 -J --get-server-output`,
        way === 'in' ? '-R' : '',
        // Newer versions count whole blocks of what has arrived: one of the usual 128 KiB is a tenth of a measurement.
        protocol === 'udp' ? `-u -b ${udpRate} -l 1400` : `-P ${String(streams)} -l 8K`,
      ].join(' ');
      const text = await sh(`ip netns exec g${String(guest)} iperf3 ${options}`);
      const answer = JSON.parse(text) as { intervals: readonly Interval[]; server_output_json?: { intervals: readonly Interval[] } };
      // The receiver knows what arrived.
      const intervals = way === 'in' ? answer.intervals : (answer.server_output_json?.intervals ?? []);
      return intervals.map(({ sum }) => sum.bytes);
    },
    async end() {
      for (const server of servers) server.kill();
      for (const guest of guests) guest.end();
      await sh(['outside', ...guests.map(({ netns }) => netns)].map((name) => `ip netns delete ${name}`).join('; ')).catch(() => undefined);
    },
  };
}

/** Bytes of payload in some of the seconds. */
export function bytesIn(seconds: Seconds, from: number, to: number): number {
  return seconds.slice(from, to).reduce((sum, bytes) => sum + bytes, 0);
}
