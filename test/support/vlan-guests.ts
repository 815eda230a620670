import type { PortRecord } from '../../src/compile/port.ts';
import { netnsPort } from './ports.ts';

/** Guests of each kind of VLAN. */
export const vlanGuests: readonly PortRecord[] = [
  netnsPort(1, 'a10', { vlan: { trunk: false, tags: [{ id: 10 }] } }),
  netnsPort(2, 'b20', { vlan: { trunk: false, tags: [{ id: 20 }] } }),
  netnsPort(3, 'trunk', { vlan: { trunk: true, tags: [{ id: 10 }, { id: 20 }] } }),
  netnsPort(4, 'untag', { vlan: { trunk: true, tags: [{ id: 10, nativeMode: 'untagged' }, { id: 20 }] } }),
  netnsPort(5, 'tag', { vlan: { trunk: true, tags: [{ id: 20 }, { id: 10, nativeMode: 'tagged' }] } }),
];

/** How an untagged broadcast of each of them arrives at the others on a switch that keeps IEEE 802.1Q. */
export const vlanBroadcasts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  a10: { trunk: 'vlan 10', untag: 'untagged', tag: 'vlan 10' },
  b20: { trunk: 'vlan 20', untag: 'vlan 20', tag: 'vlan 20' },
  trunk: {}, // without a native VLAN its untagged frames belong nowhere
  untag: { a10: 'untagged', trunk: 'vlan 10', tag: 'vlan 10' },
  tag: { a10: 'untagged', trunk: 'vlan 10', untag: 'untagged' },
};
