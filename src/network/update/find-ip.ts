import type { Result } from '../../base/diagnostic.ts';
import type { Ip } from '../ip.ts';
import type { Network } from '../network.ts';
import { done, refusal, refuse } from './refusal.ts';

/** The family that an `<ip>` has by its address. */
export function familyOf(ip: Ip): 'ipv4' | 'ipv6' {
  return ip.address.includes(':') ? 'ipv6' : 'ipv4';
}

function servesDhcp(ip: Ip): boolean {
  return ip.dhcp !== undefined && ip.dhcp.ranges.length + ip.dhcp.hosts.length > 0;
}

/**
 * The index of the `<ip>` that a DHCP entry belongs to: the one at `parentIndex` (from 0 over all of them), or, for a negative index,
 * the first that serves DHCP, else the first IPv4 one, else the first IPv6 one (VNE007).
 */
export function findIp(network: Network, parentIndex: number): Result<number> {
  const { ips, name } = network;
  if (parentIndex >= 0) {
    if (parentIndex < ips.length) return done(parentIndex);
    return refuse(
      refusal(
        'VNE007',
        `network '${name}' has no ip element at index ${String(parentIndex)}`,
        55,
        `couldn't update dhcp host entry - no <ip> element found at index ${String(parentIndex)} in network '${name}'`,
        ips.length === 0 ? 'give the network an ip element first' : `use an index from 0 to ${String(ips.length - 1)}`,
      ),
    );
  }
  for (const fits of [servesDhcp, (ip: Ip) => familyOf(ip) === 'ipv4', () => true]) {
    const index = ips.findIndex(fits);
    if (index >= 0) return done(index);
  }
  return refuse(
    refusal(
      'VNE007',
      `network '${name}' has no ip element`,
      55,
      `couldn't update dhcp host entry - no <ip> element found in network '${name}'`,
      'give the network an ip element first',
    ),
  );
}

/** Refuses to start DHCP on a subnet while another one of its family has it (VNE008). */
export function checkSingleDhcp(network: Network, index: number): Result<void> {
  const target = network.ips[index];
  if (!target) return done(undefined);
  const family = familyOf(target);
  const serving = network.ips.findIndex((ip) => familyOf(ip) === family && servesDhcp(ip));
  if (serving < 0 || serving === index) return done(undefined);
  const label = family === 'ipv4' ? 'IPv4' : 'IPv6';
  return refuse(
    refusal(
      'VNE008',
      `ip ${String(serving)} (${network.ips[serving]?.address ?? ''}) of network '${network.name}' serves DHCP for ${label} already`,
      55,
      `dhcp is supported only for a single ${label} address on each network`,
      `use parent index ${String(serving)}`,
    ),
  );
}

/** The network with its `<ip>` at an index changed. */
export function withIp(network: Network, index: number, change: (ip: Ip) => Ip): Network {
  return { ...network, ips: network.ips.map((ip, i) => (i === index ? change(ip) : ip)) };
}

/** Lists of the `<dhcp>` of an `<ip>` changed; a `<dhcp>` that ends up empty goes. */
export function withDhcp(ip: Ip, change: Partial<Pick<NonNullable<Ip['dhcp']>, 'hosts' | 'ranges'>>): Ip {
  const dhcp = { ranges: [], hosts: [], ...ip.dhcp, ...change };
  if (dhcp.ranges.length + dhcp.hosts.length > 0 || dhcp.bootp !== undefined) return { ...ip, dhcp };
  const { dhcp: _gone, ...rest } = ip;
  return rest;
}
