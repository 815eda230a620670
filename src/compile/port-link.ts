import { assertNever } from '../base/errors.ts';
import type { EffectivePort } from '../interface/effective.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { LinkSpec } from './host-state.ts';
import type { Attachment } from './port.ts';

/** A guest's device as it is made: its name on the host and what kind of link it is. */
export interface PortLink {
  readonly dev: string;
  readonly spec: LinkSpec;
}

/**
 * The device that a port's attachment means; undefined where somebody else makes it. A macvtap needs the port's plug, which names the
 * pool device below it: without one there is nothing to make. libvirt sets a trusted guest's multicast filters as QEMU tells of them; here all
 * that is on the wire reaches such a guest, whose own filters choose.
 */
export function portLink(attachment: Attachment, port: NetworkPort, effective: EffectivePort): PortLink | undefined {
  switch (attachment.type) {
    case 'none':
    case 'hostdev':
      return undefined;
    case 'netns':
      return {
        dev: attachment.dev,
        spec: { type: 'veth', peer: { netns: attachment.netns, name: attachment.guestDev, mac: port.mac } },
      };
    case 'tap': {
      const { vnetHeader, multiQueue } = attachment;
      return { dev: attachment.dev, spec: { type: 'tap', vnetHeader, multiQueue, ...holders(attachment) } };
    }
    case 'macvtap': {
      if (port.plug?.type !== 'direct') return undefined;
      const mode = port.plug.mode === 'passthrough' ? 'passthru' : port.plug.mode;
      const allMulticast = effective.trustGuestRxFilters;
      return { dev: attachment.dev, spec: { type: 'macvtap', parent: port.plug.dev, mode, allMulticast, ...holders(attachment) } };
    }
    default:
      return assertNever(attachment);
  }
}

interface Holders {
  readonly user?: string;
  readonly group?: string;
}

function holders({ user, group }: Holders): Holders {
  return { ...(user !== undefined && { user }), ...(group !== undefined && { group }) };
}

/** True when a port is a port of an Open vSwitch bridge. */
export function isOvsPort(effective: EffectivePort): boolean {
  return effective.virtualport?.type === 'openvswitch';
}
