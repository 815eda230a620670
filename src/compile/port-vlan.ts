import type { Vlan } from '../network/vlan.ts';
import type { BridgePortResource, OvsPortResource } from './host-state.ts';

/**
 * A guest's VLANs as filter of a Linux bridge port: one access tag is pvid and untagged; a trunk's tags stay on the frames, and its
 * native VLAN is the pvid, untagged unless `nativeMode='tagged'`.
 */
export function bridgePortVlan(vlan: Vlan): NonNullable<BridgePortResource['vlan']> {
  const native = vlan.tags.find((tag) => tag.nativeMode !== undefined);
  const ids = [...new Set(vlan.tags.map((tag) => tag.id))];
  if (!vlan.trunk) {
    const id = ids[0] ?? 1;
    return { pvid: id, untagged: id, tagged: [] };
  }
  if (!native) return { tagged: ids };
  if (native.nativeMode === 'tagged') return { pvid: native.id, tagged: ids };
  return { pvid: native.id, untagged: native.id, tagged: ids.filter((id) => id !== native.id) };
}

/** A guest's VLANs as columns of an Open vSwitch port. */
export function ovsPortVlan(vlan: Vlan): Pick<OvsPortResource, 'tag' | 'trunks' | 'vlanMode'> {
  const native = vlan.tags.find((tag) => tag.nativeMode !== undefined);
  const ids = [...new Set(vlan.tags.map((tag) => tag.id))];
  if (!vlan.trunk) return { ...(ids[0] !== undefined && { tag: ids[0] }), trunks: [], vlanMode: 'access' };
  if (!native) return { trunks: ids, vlanMode: 'trunk' };
  return { tag: native.id, trunks: ids, vlanMode: native.nativeMode === 'tagged' ? 'native-tagged' : 'native-untagged' };
}
