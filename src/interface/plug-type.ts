import { assertNever } from '../base/errors.ts';
import type { PortNetwork } from './effective.ts';
import type { Plug } from './plug.ts';

/** How ports of this network are realised: its own bridge, the host's, a macvtap device, or a PCI device. */
export function plugTypeOf(network: Pick<PortNetwork, 'forward' | 'bridge'>): Plug['type'] {
  const { mode } = network.forward;
  switch (mode) {
    case 'none':
    case 'nat':
    case 'route':
    case 'open':
      return 'network';
    case 'bridge':
      return network.bridge?.name === undefined ? 'direct' : 'bridge';
    case 'private':
    case 'vepa':
    case 'passthrough':
      return 'direct';
    case 'hostdev':
      return 'hostdev-pci';
    default:
      return assertNever(mode);
  }
}
