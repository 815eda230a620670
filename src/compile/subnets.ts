import { classPrefix, formatIp, formatSubnet, netmaskToPrefix, parseIp, network as subnetNetwork, type Subnet } from '../inet/index.ts';
import type { Ip } from '../network/ip.ts';
import { isManaged, type Network } from '../network/network.ts';
import type { Route } from '../network/route.ts';

/** An `<ip>` with its numbers: the bridge's own address with the prefix length in use, and where it stands (from 1). */
export interface AddressedIp {
  readonly ip: Ip;
  /** Keeps the host bits: it is the bridge's address. */
  readonly subnet: Subnet;
  /** Place among all `<ip>` elements, from 1. */
  readonly index: number;
}

/** The address and prefix length that an `<ip>` means; undefined when its netmask has holes or the address is none. */
export function subnetOfIp(ip: Pick<Ip, 'address' | 'netmask' | 'prefix'>): Subnet | undefined {
  const address = parseIp(ip.address);
  if (!address) return undefined;
  // prefix='0' counts as not given, as in libvirt.
  const prefix = ip.netmask !== undefined ? netmaskToPrefix(ip.netmask) : ip.prefix || classPrefix(address);
  return prefix === undefined ? undefined : { ...address, prefix };
}

/** The destination of a static route. Without prefix or netmask an all-zero address is the default route, any other a host route. */
export function subnetOfRoute(route: Route): Subnet | undefined {
  const address = parseIp(route.address);
  if (!address) return undefined;
  const whole = address.family === 'ipv4' ? 32 : 128;
  const prefix = route.netmask !== undefined ? netmaskToPrefix(route.netmask) : (route.prefix ?? (address.value === 0n ? 0 : whole));
  return prefix === undefined ? undefined : subnetNetwork({ ...address, prefix });
}

const addressed = new WeakMap<readonly Ip[], readonly AddressedIp[]>();

/** All usable `<ip>` elements of one network with their numbers, in document order. Networks are immutable, so each is read once. */
export function addressedIps(network: Network): readonly AddressedIp[] {
  let known = addressed.get(network.ips);
  if (!known) {
    known = network.ips.flatMap((ip, i) => {
      const subnet = subnetOfIp(ip);
      return subnet ? [{ ip, subnet, index: i + 1 }] : [];
    });
    addressed.set(network.ips, known);
  }
  return known;
}

/** True when the network has an address of this family. Addresses in a model are canonical: a colon makes it IPv6. */
export function hasFamily(network: Network, family: 'ipv4' | 'ipv6'): boolean {
  return network.ips.some((ip) => ip.address.includes(':') === (family === 'ipv6'));
}

/** True when the host forwards packets of this family for the network: it is nat, routed or open, and has an address of the family. */
export function forwardsFamily(network: Network, family: 'ipv4' | 'ipv6'): boolean {
  return isManaged(network) && network.forward.mode !== 'none' && hasFamily(network, family);
}

/** The subnet with its host bits cleared, as nft lists a match on it: a host without prefix length. */
export function nftPrefix(subnet: Subnet): string {
  const whole = subnet.prefix === (subnet.family === 'ipv4' ? 32 : 128);
  return whole ? formatIp(subnet) : formatSubnet(subnetNetwork(subnet));
}
