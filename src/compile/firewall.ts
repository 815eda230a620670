import { assertNever } from '../base/errors.ts';
import { forwardsOf } from '../forwards/document.ts';
import type { PortForward } from '../forwards/forward.ts';
import type { Family } from '../inet/index.ts';
import { isManaged, type Network } from '../network/network.ts';
import type { Nat } from '../network/forward.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import { FORWARDED, type MapName } from './firewall-base.ts';
import { forwardParts, masqueradeHairpin } from './forward-rules.ts';
import type { FirewallResource } from './host-state.ts';
import { limit } from './shaping.ts';
import { addressedIps, hasFamily, nftPrefix, type AddressedIp } from './subnets.ts';

/** Ports that masquerading picks from when the document gives none: libvirt leaves the reserved ones to the host's own services. */
const NAT_PORTS = { start: 1024, end: 65535 } as const;

type Way = 'limit' | 'to' | 'from' | 'nat';
const WAYS = ['limit', 'to', 'from', 'nat'] as const;
const MAP: Readonly<Record<Way, MapName>> = { limit: 'limit_from', to: 'to_guest', from: 'from_guest', nat: 'nat_from' };

/** True for the networks that have packet rules: open ones and those on a bridge of the host only for a limit on what guests send. */
export function hasRules(network: Network): boolean {
  return guards(network) || (network.bridge?.name !== undefined && limitRules(network, network.bridge.name).length > 0);
}

/** True where packets are let through or refused. */
function guards(network: Network): boolean {
  const { mode } = network.forward;
  return mode === 'none' || mode === 'nat' || mode === 'route';
}

/** The name of one of a network's chains in table `inet virtnet`. */
function chainName(uuid: string, way: Way): string {
  return `${chainPrefix(uuid)}${way}`;
}

function chainPrefix(uuid: string): string {
  return `n_${uuid.replaceAll('-', '_')}_`;
}

/**
 * The packet rules of a nat, route or isolated network, in nft's own listing form (`nft -s list`), so that what the kernel holds
 * compares as text. Meaning as libvirt's (nftables backend of 11.3): guests of one bridge reach one another; what enters the bridge
 * from elsewhere must be an answer or forwarded (nat), go to the subnet (route), or is rejected; what leaves must come from the subnet,
 * through the forward device where one is given. IPv6 under nat is routed unless `<nat ipv6='yes'>`.
 *
 * libvirt differs: it translates by source address alone, so also what the host itself sends from the bridge's address.
 */
export function compileFirewall(network: CompleteNetwork, bridge: string): FirewallResource | undefined {
  if (!hasRules(network)) return undefined;
  const { forwards } = forwardsOf(network);
  const chains = { ...guardChains(network, bridge, forwards), limit: limitRules(network, bridge) };
  const ways = WAYS.filter((way) => chains[way].length > 0);
  const forwarding = forwardParts(chainPrefix(network.uuid), forwards);
  return {
    kind: 'firewall',
    owner: { network: network.uuid },
    chains: [...ways.map((way) => ({ name: chainName(network.uuid, way), rules: chains[way] })), ...forwarding.chains],
    elements: [
      ...ways.map((way) => ({ map: MAP[way], key: bridge, verdict: `jump ${chainName(network.uuid, way)}` })),
      // A forward would lead its guests into another network, though no answer comes back.
      ...(network.forward.mode === 'none' ? [{ map: 'isolated', key: bridge, verdict: 'accept' } as const] : []),
      ...forwarding.elements,
    ],
  };
}

function guardChains(
  network: CompleteNetwork,
  bridge: string,
  forwards: readonly PortForward[],
): Readonly<Record<Exclude<Way, 'limit'>, readonly string[]>> {
  if (!guards(network)) return { to: [], from: [], nat: [] };
  const ips = addressedIps(network);
  return {
    to: [`iifname ${quote(bridge)} accept`, ...ips.flatMap((ip) => acceptTo(network, ip)), ...rejects(network)],
    from: [...ips.flatMap((ip) => acceptFrom(network, ip)), ...rejects(network)],
    nat: [...(forwards.length > 0 ? [masqueradeHairpin(quote(bridge))] : []), ...natRules(network, ips)],
  };
}

/** Bytes of the largest packet that a guest hands over (IP's total length). */
const SEGMENT = 64 * 1024;

/**
 * The network's outbound limit: what its guests send beyond it, to the host or through it, is dropped, as by the policer that libvirt
 * puts on the bridge. Frames between guests do not count (with br_netfilter they pass the forward hook as well).
 *
 * Not a queue on a helper device: where br_netfilter is on, a frame that is led through one after the bridge has seen it loses its
 * connection tracking, and with it the translation of its source. nft's bucket holds one second of the rate and `burst` on top, together what
 * libvirt's holds (without a burst in the document as many KiB as the rate has kB), and where guests' frames wait in a queue (shaping.ts)
 * a segment more: a queue whose bucket is all but empty lets a whole one go.
 */
function limitRules(network: Network, bridge: string): readonly string[] {
  const outbound = limit(network.bandwidth?.outbound);
  if (!outbound) return [];
  const { average, burst } = outbound;
  const rate = average * 1000;
  const more = Math.max((burst ?? average) * 1024 - rate, 0) + (isManaged(network) ? SEGMENT : 0);
  const over = `limit rate over ${bytes(rate)}/second${more === 0 ? '' : ` burst ${bytes(more)}`}`;
  return [`oifname ${quote(bridge)} return`, `${over} drop`];
}

/** A number of bytes as nft lists it: in mbytes (MiB) or kbytes (KiB) when it is a whole number of them. */
function bytes(count: number): string {
  if (count % 2 ** 20 === 0) return `${String(count / 2 ** 20)} mbytes`;
  return count % 1024 === 0 ? `${String(count / 1024)} kbytes` : `${String(count)} bytes`;
}

/** How a family's packets get out of this network; undefined when they do not. */
function forwarding(network: Network, family: Family): 'nat' | 'route' | undefined {
  const { mode, nat } = network.forward;
  switch (mode) {
    case 'nat':
      return family === 'ipv4' || nat?.ipv6 === true ? 'nat' : 'route';
    case 'route':
      return 'route';
    case 'none':
    case 'open':
    case 'bridge':
    case 'private':
    case 'vepa':
    case 'passthrough':
    case 'hostdev':
      return undefined;
    default:
      return assertNever(mode);
  }
}

/** What may enter the bridge for one subnet. */
function acceptTo(network: Network, { subnet }: AddressedIp): readonly string[] {
  const how = forwarding(network, subnet.family);
  if (!how) return [];
  const from = device('iifname', network);
  const to = `${field(subnet.family)} daddr ${nftPrefix(subnet)}`;
  if (how === 'route') return [`${from}${to} accept`];
  // Answers, the most of what comes, are told apart by the first match.
  return [`${from}ct direction original ct status dnat ${to} jump ${FORWARDED}`, `${from}${to} ct state established,related accept`];
}

/** What may leave the bridge from one subnet. */
function acceptFrom(network: Network, { subnet }: AddressedIp): readonly string[] {
  if (!forwarding(network, subnet.family)) return [];
  return [`${device('oifname', network)}${field(subnet.family)} saddr ${nftPrefix(subnet)} accept`];
}

/** The rest is answered with port-unreachable; IPv6 only where the network knows of IPv6 at all. */
function rejects(network: Network): readonly string[] {
  const ipv6 = network.ipv6 === true || hasFamily(network, 'ipv6');
  return [ipv6 ? 'reject' : 'reject with icmp port-unreachable'];
}

/** Source translation for what leaves to another subnet; multicast and broadcast keep their source. */
function natRules(network: Network, ips: readonly AddressedIp[]): readonly string[] {
  const nat = network.forward.nat;
  return ips
    .filter(({ subnet }) => forwarding(network, subnet.family) === 'nat')
    .flatMap(({ subnet }) => {
      const ip = field(subnet.family);
      const out = device('oifname', network);
      const exempt = subnet.family === 'ipv4' ? '{ 224.0.0.0/24, 255.255.255.255 }' : 'ff02::/16';
      const leaving = `${out}${ip} saddr ${nftPrefix(subnet)} ${ip} daddr != ${nftPrefix(subnet)}`;
      const ports = `:${String(nat?.portStart ?? NAT_PORTS.start)}-${String(nat?.portEnd ?? NAT_PORTS.end)}`;
      return [
        `${out}${ip} saddr ${nftPrefix(subnet)} ${ip} daddr ${exempt} return`,
        `${leaving} meta l4proto { tcp, udp } ${translate(nat, subnet.family, ports)}`,
        `${leaving} ${translate(nat, subnet.family)}`,
      ];
    });
}

/** The statement that changes the source: to the given IPv4 range, else to the address of the device it leaves through. */
function translate(nat: Nat | undefined, family: Family, ports = ''): string {
  if (family === 'ipv4' && nat?.addressStart !== undefined) {
    const end = nat.addressEnd ?? nat.addressStart;
    const range = end === nat.addressStart ? end : `${nat.addressStart}-${end}`;
    return `snat ip to ${range}${ports}`;
  }
  return ports === '' ? 'masquerade' : `masquerade to ${ports}`;
}

/** The match on the forward device, with a blank after it; empty when the network has none. */
function device(key: 'iifname' | 'oifname', network: Network): string {
  const dev = network.forward.interfaces[0]?.dev;
  return dev === undefined || dev === '' ? '' : `${key} ${quote(dev)} `;
}

function field(family: Family): 'ip' | 'ip6' {
  return family === 'ipv4' ? 'ip' : 'ip6';
}

/** nft's string form of a device name. `checkBridgeName` and `deviceNameProblem` keep out what it cannot write. */
function quote(name: string): string {
  return `"${name}"`;
}
