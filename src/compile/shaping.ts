import type { BandwidthRate } from '../network/bandwidth.ts';
import { isManaged } from '../network/network.ts';
import type { CompleteNetwork } from './complete.ts';
import type { ShapingResource } from './host-state.ts';
import type { PortRecord } from './port.ts';

/** A limit that limits: libvirt takes an average of 0 for none, and a direction without average is not shaped. */
function limit(rate: BandwidthRate | undefined): (Omit<BandwidthRate, 'floor'> & { readonly average: number }) | undefined {
  if (!rate?.average) return undefined;
  const { average, peak, burst } = rate;
  return { average, ...(peak ? { peak } : {}), ...(burst ? { burst } : {}) };
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
    return floor && port.classId !== undefined ? [{ classId: port.classId, mac: port.mac, floor }] : [];
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
function outboundQueue(network: CompleteNetwork): BandwidthRate | undefined {
  const rate = isManaged(network) ? limit(network.bandwidth?.outbound) : undefined;
  return rate && { average: rate.average, burst: rate.burst ?? rate.average };
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
