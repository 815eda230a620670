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
 * The limits of a network on its bridge (its own, or the host's in mode bridge), with the guaranteed shares of its guests. Undefined
 * when there is nothing to limit.
 */
export function compileNetworkShaping(network: CompleteNetwork, dev: string, ports: readonly PortRecord[]): ShapingResource | undefined {
  const inbound = limit(network.bandwidth?.inbound);
  const outbound = limit(network.bandwidth?.outbound);
  if (!inbound && !outbound) return undefined;
  const floors = ports.flatMap(({ port }) => {
    const floor = port.bandwidth?.inbound?.floor;
    return inbound && floor && port.classId !== undefined ? [{ classId: port.classId, mac: port.mac, floor }] : [];
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
