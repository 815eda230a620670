import type { BandwidthRate } from '../network/bandwidth.ts';
import type { CompleteNetwork } from './complete.ts';
import type { ShapingResource } from './host-state.ts';
import type { PortRecord } from './port.ts';

/** A limit that limits: libvirt takes an average of 0 for none, and a direction without average is not shaped. */
function limit(rate: BandwidthRate | undefined): Omit<BandwidthRate, 'floor'> | undefined {
  if (!rate?.average) return undefined;
  const { average, peak, burst } = rate;
  return { average, ...(peak ? { peak } : {}), ...(burst ? { burst } : {}) };
}

/**
 * The limit of what a network's guests get, on its bridge (its own, or the host's in mode bridge), with their guaranteed shares.
 * Undefined when there is none. What the guests send is limited by a packet rule (firewall.ts).
 */
export function compileNetworkShaping(network: CompleteNetwork, dev: string, ports: readonly PortRecord[]): ShapingResource | undefined {
  const inbound = limit(network.bandwidth?.inbound);
  if (!inbound) return undefined;
  const floors = ports.flatMap(({ port }) => {
    const floor = port.bandwidth?.inbound?.floor;
    return floor && port.classId !== undefined ? [{ classId: port.classId, mac: port.mac, floor }] : [];
  });
  return {
    kind: 'shaping',
    owner: { network: network.uuid },
    dev,
    inbound,
    floors: floors.toSorted((a, b) => a.classId - b.classId),
  };
}

/** The limits of one guest on its device. A floor is the network's business and not repeated here. */
export function compilePortShaping(
  owner: { readonly network: string; readonly port: string },
  dev: string,
  bandwidth: { readonly inbound?: BandwidthRate; readonly outbound?: BandwidthRate } | undefined,
): ShapingResource | undefined {
  const inbound = limit(bandwidth?.inbound);
  const outbound = limit(bandwidth?.outbound);
  if (!inbound && !outbound) return undefined;
  return { kind: 'shaping', owner, dev, ...(inbound && { inbound }), ...(outbound && { outbound }), floors: [] };
}
