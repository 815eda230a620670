import type { Bridge } from './bridge.ts';
import type { DhcpHost } from './dhcp-host.ts';
import type { DhcpRange } from './dhcp-range.ts';
import type { Forward } from './forward.ts';
import type { Ip } from './ip.ts';
import { isManaged, type Network } from './network.ts';

/** Parts of a network that are written as they are read, whatever else there is. */
const PARTS: ReadonlySet<string> = new Set<keyof Network>([
  'name',
  'uuid',
  'metadata',
  'forward',
  'bridge',
  'mtu',
  'mac',
  'ips',
  'routes',
  'portgroups',
  'dnsmasqOptions',
]);
const IP_PARTS: ReadonlySet<string> = new Set<keyof Ip>(['family', 'address', 'netmask', 'prefix', 'dhcp']);

/** Text that needs no escape and that no reader takes for anything else. */
const PLAIN = /^[\w.:%+-]+$/;

/**
 * True of a network of everyday parts which, read from a document and completed, is just what reading its written form gives: nothing in it
 * is left out there or said in another way. False says nothing. (`test/unit/plain-networks.test.ts` holds it to that.)
 */
export function isPlain(network: Network): boolean {
  for (const part in network) if (!PARTS.has(part)) return false;
  const { name, bridge, forward, ips, metadata, routes, portgroups, dnsmasqOptions } = network;
  const isBare = metadata.length + routes.length + portgroups.length + dnsmasqOptions.length === 0;
  return isBare && PLAIN.test(name) && isManaged(network) && isPlainBridge(bridge) && isPlainForward(forward) && ips.every(isPlainIp);
}

function isPlainBridge(bridge: Bridge | undefined): boolean {
  return bridge?.name !== undefined && PLAIN.test(bridge.name) && (bridge.zone === undefined || PLAIN.test(bridge.zone));
}

function isPlainForward({ interfaces, addresses, ...rest }: Forward): boolean {
  return interfaces.length + addresses.length === 0 && Object.keys(rest).length === 1;
}

function isPlainIp(ip: Ip): boolean {
  for (const part in ip) if (!IP_PARTS.has(part)) return false;
  const { dhcp } = ip;
  return dhcp === undefined || (dhcp.bootp === undefined && dhcp.ranges.every(isPlainRange) && dhcp.hosts.every(isPlainHost));
}

function isPlainRange({ lease }: DhcpRange): boolean {
  return lease === undefined;
}

function isPlainHost({ lease, mac, id, name }: DhcpHost): boolean {
  return lease === undefined && [mac, id, name].every((text) => text === undefined || PLAIN.test(text));
}
