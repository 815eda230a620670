import type { Diagnostic } from '../base/diagnostic.ts';
import type { Bandwidth } from '../network/bandwidth.ts';
import { plugTypeOf } from './plug-type.ts';
import type { PortNetwork } from './effective.ts';

/** What `checkFloor` compares a wanted guarantee with. */
export interface FloorRequest {
  readonly network: PortNetwork;
  /** The guest's MAC address, for the message. */
  readonly mac: string;
  /** The merged bandwidth of the port. */
  readonly bandwidth: Bandwidth | undefined;
}

/** Refuses a guaranteed rate on a network that cannot give one (VNI205, libvirt 84). */
export function checkFloor({ network, mac, bandwidth }: FloorRequest): Diagnostic | undefined {
  if ((bandwidth?.inbound?.floor ?? 0) === 0) return undefined;
  const start = `Operation not supported: Invalid use of 'floor' on interface with MAC address ${mac} - `;
  if (plugTypeOf(network) !== 'network') {
    return {
      code: 'VNI205',
      severity: 'error',
      message: `floor needs a network with a bridge of its own; network '${network.name}' has forward mode '${network.forward.mode}'`,
      hint: 'remove floor, or plug the guest into a nat, route, open or isolated network',
      libvirt: {
        code: 84,
        message: `${start}'floor' is only supported for interface type 'network' with forward type 'nat', 'route', 'open' or none`,
      },
    };
  }
  if (network.bandwidth?.inbound !== undefined) return undefined;
  return {
    code: 'VNI205',
    severity: 'error',
    message: `floor needs an inbound limit on network '${network.name}', which has none to share out`,
    hint: "give the network <bandwidth><inbound average='...'/></bandwidth>",
    libvirt: { code: 84, message: `${start}network '${network.name}' has no inbound QoS set` },
  };
}

/**
 * Refuses a guaranteed rate that together with those already given (`others`, kB/s) exceeds the network's inbound peak, or its
 * average when it has no peak (VNI206, libvirt 55).
 */
export function checkOvercommit({ network, mac, bandwidth }: FloorRequest, others: Iterable<number>): Diagnostic | undefined {
  const floor = bandwidth?.inbound?.floor ?? 0;
  const inbound = network.bandwidth?.inbound;
  if (floor === 0 || inbound === undefined) return undefined;
  let sum = floor;
  for (const other of others) sum += other;
  const usesPeak = (inbound.peak ?? 0) > 0;
  const limit = usesPeak ? (inbound.peak ?? 0) : (inbound.average ?? 0);
  if (sum <= limit) return undefined;
  const kind = usesPeak ? 'peak' : 'average';
  return {
    code: 'VNI206',
    severity: 'error',
    message: `floor ${String(floor)} brings the guarantees on network '${network.name}' to ${String(sum)} kB/s, over its inbound ${kind} of ${String(limit)}`,
    hint: `ask for at most ${String(Math.max(0, limit - (sum - floor)))}, or raise the network's ${kind}`,
    found: String(sum),
    allowed: String(limit),
    libvirt: {
      code: 55,
      message: `Requested operation is not valid: Cannot plug '${mac}' interface into '${network.bridge?.name ?? ''}' because new combined inbound floor=${String(sum)} would overcommit ${kind}=${String(limit)} on network '${network.name}'`,
    },
  };
}
