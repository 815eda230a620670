import type { CompleteNetwork } from '../network/complete.ts';
import type { Network } from '../network/network.ts';

/**
 * Narrows to what a compile needs.
 * @throws TypeError for a network without uuid, or a managed one without bridge name: completing it is the caller's business.
 */
export function complete(network: Network): CompleteNetwork {
  if (network.uuid === undefined) throw new TypeError(`network '${network.name}' has no uuid yet`);
  return network as CompleteNetwork;
}

/** The bridge of a network: its own in managed modes, the host's in mode bridge; undefined for pools. */
export function bridgeOf(network: Network): string | undefined {
  return network.bridge?.name;
}
