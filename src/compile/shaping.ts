import type { Bandwidth, BandwidthRate } from '../network/bandwidth.ts';
import { isManaged, type Network } from '../network/network.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { ShapingResource } from './host-state.ts';
import type { PortRecord } from './port.ts';
import type { Report } from './report.ts';

/** A limit that limits. */
type Limit = Omit<BandwidthRate, 'floor'> & { readonly average: number };

/** 100 Gbit/s. nft counts rates up to half as much again (a product of 64 bits in nft_limit.c), and no queue on one processor sends more. */
const FASTEST = 12_500_000;
/** Seconds of a rate in KiB that a burst can be: tc counts it as time, in 32 bits of 64 ns (274.8 s), and begins anew beyond. */
const LONGEST = 267;
/** KiB in 32 bits of bytes. */
const LARGEST = 4_194_303;

/** The most that may go out at once at a rate, in KiB. */
export function largestBurst(average: number): number {
  return Math.min(Math.max(Math.floor(average), 1) * LONGEST, LARGEST);
}

/**
 * What the kernel can count of a limit. libvirt takes an average of 0 for none, and a direction without average is not shaped; it gives tc
 * every number, and tc keeps what is left over of a large one.
 */
export function limit(rate: BandwidthRate | undefined): Limit | undefined {
  if (!rate?.average) return undefined;
  const { peak, burst } = rate;
  const average = Math.min(rate.average, FASTEST);
  return {
    average,
    ...(peak ? { peak: Math.min(peak, FASTEST) } : {}),
    ...(burst ? { burst: Math.min(burst, largestBurst(average)) } : {}),
  };
}

/** Warns of numbers that `limit` cuts (VNC005). */
export function checkLimits(bandwidth: Bandwidth | undefined, where: string, report: Report): void {
  for (const way of ['inbound', 'outbound'] as const) {
    const rate = bandwidth?.[way];
    const kept = limit(rate);
    for (const name of ['average', 'peak', 'burst'] as const) {
      const wanted = rate?.[name];
      const most = kept?.[name];
      if (wanted === undefined || most === undefined || wanted <= most) continue;
      report.warn({
        code: 'VNC005',
        message:
          name === 'burst'
            ? `${way} burst ${String(wanted)} is more than the kernel counts at this average: ${String(most)} is used`
            : `${way} ${name} ${String(wanted)} is more than the kernel limits: ${String(most)} is used`,
        path: `${where}/bandwidth/${way}/@${name}`,
        found: String(wanted),
        hint: `write at most ${String(most)}`,
      });
    }
  }
}

/**
 * The limit of what a network's guests get, on its bridge (its own, or the host's in mode bridge), with their guaranteed shares, and on a
 * bridge of its own the queue in which what they send waits. Undefined when there is none. A packet rule (firewall.ts) limits what does
 * not come by that queue.
 */
export function compileNetworkShaping(network: CompleteNetwork, dev: string, ports: readonly PortRecord[]): ShapingResource | undefined {
  const inbound = limit(network.bandwidth?.inbound);
  const outbound = outboundQueue(network);
  if (!inbound && !outbound) return undefined;
  const floors = ports.flatMap(({ port }) => {
    const floor = port.bandwidth?.inbound?.floor;
    return floor && port.classId !== undefined ? [{ classId: port.classId, mac: port.mac, floor: Math.min(floor, FASTEST) }] : [];
  });
  return {
    kind: 'shaping',
    owner: { network: network.uuid },
    dev,
    ...(inbound && { inbound }),
    ...(outbound && { outbound }),
    floors: floors.toSorted((a, b) => a.classId - b.classId),
  };
}

/** The rate of a network's queue for what its guests send. libvirt's policer knows no peak, and lets pass a second's worth without a burst. */
function outboundQueue(network: Network): BandwidthRate | undefined {
  const rate = isManaged(network) ? limit(network.bandwidth?.outbound) : undefined;
  return rate && { average: rate.average, burst: rate.burst ?? Math.min(rate.average, LARGEST) };
}

/** True where what a network's guests send waits in a queue of the network's. */
export function hasOutboundQueue(network: Network): boolean {
  return outboundQueue(network) !== undefined;
}

/** Where a guest's frames to the network wait, when the network limits what its guests send. */
export function outboundVia(network: CompleteNetwork): ShapingResource['via'] {
  const { bridge, mac } = network;
  return outboundQueue(network) && bridge?.name !== undefined && mac !== undefined ? { bridge: bridge.name, mac } : undefined;
}

/** The limits of one guest on its device. A floor is the network's business and not repeated here. */
export function compilePortShaping(
  owner: { readonly network: string; readonly port: string },
  dev: string,
  bandwidth: { readonly inbound?: BandwidthRate; readonly outbound?: BandwidthRate } | undefined,
  via?: ShapingResource['via'],
): ShapingResource | undefined {
  const inbound = limit(bandwidth?.inbound);
  const outbound = limit(bandwidth?.outbound);
  if (!inbound && !outbound && !via) return undefined;
  const sends = outbound ? { outbound } : via && { via };
  return { kind: 'shaping', owner, dev, ...(inbound && { inbound }), ...sends, floors: [] };
}
