import { isSame } from '../../base/same.ts';
import type { DhcpHost } from '../../network/dhcp.ts';
import type { Network } from '../../network/network.ts';

/** The network, or the former one where they say the same: what was compiled and checked of that one still holds. */
export function unlessSame(network: Network, former: Network | undefined): Network {
  return former !== undefined && isSame(network, former) ? former : network;
}

/**
 * The network, with the former one's values for the fixed hosts that are in both, as far as they stand at the same place from the front or
 * from the end of their lists: what was found of a host before (that it can be written) need not be found again for 10,000 of them.
 */
export function keepHosts(network: Network, former: Network): Network {
  const ips = network.ips.map((ip, i) => {
    const before = former.ips[i];
    if (!ip.dhcp || !before?.dhcp || before.address !== ip.address) return ip;
    return { ...ip, dhcp: { ...ip.dhcp, hosts: keep(ip.dhcp.hosts, before.dhcp.hosts) } };
  });
  return { ...network, ips };
}

function keep(now: readonly DhcpHost[], before: readonly DhcpHost[]): readonly DhcpHost[] {
  const shorter = Math.min(now.length, before.length);
  let front = 0;
  while (front < shorter && isSame(now[front], before[front])) front++;
  let back = 0;
  while (back < shorter - front && isSame(now.at(-1 - back), before.at(-1 - back))) back++;
  return [...before.slice(0, front), ...now.slice(front, now.length - back), ...before.slice(before.length - back)];
}
