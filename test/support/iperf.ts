import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { NetworkDriver } from '../../src/driver/driver.ts';

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

/** Two guests behind a network and an outside host with iperf3 servers; runs flows through the network. */
export interface TrafficLab {
  up(document: string): Promise<void>;
  flow(flow: Flow, seconds: number): Promise<Seconds>;
  end(): Promise<void>;
}

export const GUESTS = 2;

/** Makes the machine's side: namespace `outside` behind `up0`, guests `g1` and `g2` plugged by the driver as soon as the network runs. */
export async function trafficLab(driver: NetworkDriver, name: string, subnet: string): Promise<TrafficLab> {
  await sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip address add 203.0.113.1/24 dev up0; ip link set up0 up
    ip -n outside link set lo up; ip -n outside address add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up
    ip -n outside route add ${subnet}.0/24 via 203.0.113.1
    for n in 1 2; do ip netns add g$n; ip -n g$n link set lo up; done`);
  // An iperf3 server has one client at a time.
  const port = (guest: number, way: Way): number => 5200 + guest * 2 + (way === 'in' ? 1 : 0);
  const servers = [port(1, 'in'), port(1, 'out'), port(2, 'in'), port(2, 'out')].map((n) => {
    const child = spawn('ip', ['netns', 'exec', 'outside', 'iperf3', '-s', '-J', '-p', String(n)], { stdio: 'ignore' });
    child.unref();
    return child;
  });
  let plugged = false;
  return {
    async up(document) {
      await driver.up([document]);
      if (plugged) return;
      plugged = true;
      for (let n = 1; n <= GUESTS; n++) {
        await driver.attach(name, {
          attachment: { type: 'netns', netns: `g${String(n)}`, guestDev: 'eth0' },
          mac: `52:54:00:00:00:0${String(n)}`,
          owner: { name: `g${String(n)}` },
        });
        await sh(
          `ip -n g${String(n)} address add ${subnet}.1${String(n)}/24 dev eth0; ip -n g${String(n)} route add default via ${subnet}.1`,
        );
        await sh(`ip netns exec g${String(n)} ping -q -c 1 -W 5 203.0.113.2`);
      }
    },
    async flow({ guest, way, protocol, streams = 1, udpRate = '40M' }, seconds) {
      const options = [
        `-c 203.0.113.2 -p ${String(port(guest, way))} -t ${String(seconds)} -i 1 -J --get-server-output`,
        way === 'in' ? '-R' : '',
        protocol === 'udp' ? `-u -b ${udpRate} -l 1400` : `-P ${String(streams)}`,
      ].join(' ');
      const text = await sh(`ip netns exec g${String(guest)} iperf3 ${options}`);
      const answer = JSON.parse(text) as { intervals: readonly Interval[]; server_output_json?: { intervals: readonly Interval[] } };
      // The receiver knows what arrived.
      const intervals = way === 'in' ? answer.intervals : (answer.server_output_json?.intervals ?? []);
      return intervals.map(({ sum }) => sum.bytes);
    },
    async end() {
      for (const server of servers) server.kill();
      await sh('ip netns delete outside; ip netns delete g1; ip netns delete g2').catch(() => undefined);
    },
  };
}

/** Bytes of payload in some of the seconds. */
export function bytesIn(seconds: Seconds, from: number, to: number): number {
  return seconds.slice(from, to).reduce((sum, bytes) => sum + bytes, 0);
}
