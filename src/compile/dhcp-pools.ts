import { bitsOf } from '../inet/index.ts';
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

/** How many addresses the subnets of these pools have: more leases can never be. */
export function addressCount(pools: readonly DhcpPool[]): number {
  const count = pools.reduce((sum, { addressed: { subnet } }) => sum + (1n << BigInt(bitsOf(subnet.family) - subnet.prefix)), 0n);
  return Number(count > MOST_LEASES ? MOST_LEASES : count);
}

/** dnsmasq reads the limit as a C int. */
const MOST_LEASES = 2147483647n;
