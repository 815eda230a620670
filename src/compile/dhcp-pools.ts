import { parseIp } from '../inet/index.ts';
import type { Dhcp } from '../network/dhcp.ts';
import type { Network } from '../network/network.ts';
import { addressedIps, type AddressedIp } from './subnets.ts';

/** A subnet that serves addresses. */
export interface DhcpPool {
  readonly addressed: AddressedIp;
  readonly dhcp: Dhcp;
}

/** The subnets whose `<dhcp>` has ranges or hosts, IPv4 before IPv6: at most one of each family, the first. */
export function servedDhcp(network: Network): readonly DhcpPool[] {
  const pools = addressedIps(network).flatMap((addressed): readonly DhcpPool[] => {
    const { dhcp } = addressed.ip;
    return dhcp && dhcp.ranges.length + dhcp.hosts.length > 0 ? [{ addressed, dhcp }] : [];
  });
  return (['ipv4', 'ipv6'] as const).flatMap((family) => pools.filter(({ addressed }) => addressed.subnet.family === family).slice(0, 1));
}

/** How many addresses the ranges of these pools hold, both ends counted. */
export function dhcpPoolSize(pools: readonly DhcpPool[]): number {
  let size = 0n;
  for (const range of pools.flatMap(({ dhcp }) => dhcp.ranges)) {
    const start = parseIp(range.start);
    const end = parseIp(range.end);
    if (start && end && end.value >= start.value) size += end.value - start.value + 1n;
  }
  // dnsmasq reads the limit as a C int.
  return Number(size > 2147483647n ? 2147483647n : size);
}

/** How many fixed hosts these pools have. */
export function dhcpHostCount(pools: readonly DhcpPool[]): number {
  return pools.reduce((count, { dhcp }) => count + dhcp.hosts.length, 0);
}
