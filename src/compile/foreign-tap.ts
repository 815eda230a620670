import { linkAlias } from './conflicts.ts';
import type { HostFacts, LinkFact } from './facts.ts';
import type { PortRecord } from './port.ts';

/**
 * The taps of guests that somebody else makes and plugs (libvirt's QEMU driver), by port uuid. Such a tap carries the guest's MAC with the
 * first byte 0xfe (libvirt's virNetDevTapCreateInBridgePort), it is none of ours, and it is on the network's bridge or on none. Two loose
 * taps of one MAC are left alone: one of them is a guest of another network.
 */
export function foreignTaps(network: string, ports: Iterable<PortRecord>, links: HostFacts['links']): ReadonlyMap<string, string> {
  const wanted = [...ports].filter(isForeign);
  const found = new Map<string, string>();
  if (wanted.length === 0) return found;
  const isOurBridge = (name: string): boolean => links.get(name)?.alias === linkAlias(network);
  const taps = tapsByMac(links.values());
  for (const { port } of wanted) {
    const all = taps.get(`fe${port.mac.slice(2)}`) ?? [];
    const plugged = all.find(({ master }) => master !== undefined && isOurBridge(master));
    const loose = all.filter(({ master }) => master === undefined);
    const tap = plugged ?? (loose.length === 1 ? loose[0] : undefined);
    if (tap) found.set(port.uuid, tap.name);
  }
  return found;
}

/** True for a guest on the network's own bridge whose tap virtnet did not make. */
export function isForeign({ port, attachment }: PortRecord): boolean {
  return attachment.type === 'none' && port.plug?.type === 'network';
}

function tapsByMac(links: Iterable<LinkFact>): ReadonlyMap<string, readonly LinkFact[]> {
  const taps = new Map<string, LinkFact[]>();
  for (const link of links) {
    if (link.type !== 'tun' || link.mac === undefined || link.alias?.startsWith('virtnet:') === true) continue;
    const same = taps.get(link.mac);
    if (same) same.push(link);
    else taps.set(link.mac, [link]);
  }
  return taps;
}
