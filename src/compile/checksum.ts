import type { CompleteNetwork } from '../network/complete.ts';
import type { Capabilities } from './facts.ts';
import type { ChecksumResource } from './host-state.ts';

/**
 * DHCP answers leave the bridge with their checksums filled in, as under libvirt. The kernel leaves a checksum to the device, and a guest's
 * device is a pipe that leaves it to the reader; a DHCP client that reads frames and checks them itself (old dhclient) drops the answer.
 * Every managed network has it, so that whatever answers on the bridge is understood, and an edit never takes it away.
 *
 * libvirt differs: where the kernel has no such action it refuses to start a network at all (11.3, nftables backend). Clients of this age
 * know that a checksum may be open, so the network runs without.
 */
export function compileChecksum(network: CompleteNetwork, bridge: string, { csum }: Capabilities): readonly ChecksumResource[] {
  return csum ? [{ kind: 'checksum', owner: { network: network.uuid }, dev: bridge }] : [];
}
