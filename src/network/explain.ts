import { parseIp } from '../inet/ip.ts';
import { classPrefix, formatSubnet, netmaskToPrefix, network as networkOf, parseSubnet } from '../inet/subnet.ts';
import type { BandwidthRate } from './bandwidth.ts';
import type { DhcpLease } from './dhcp.ts';
import type { Ip } from './ip.ts';
import { isManaged, type Network } from './network.ts';
import type { Route } from './route.ts';
import type { Vlan } from './vlan.ts';

/** Plain sentences about one side of a network. */
export interface Explanation {
  readonly title: string;
  readonly sentences: readonly string[];
}

/** What a network does for its guests, in plain sentences. Sections without anything to say are absent. */
export function explainNetwork(network: Network): readonly Explanation[] {
  const sections: Explanation[] = [
    { title: 'Who reaches whom', sentences: reach(network) },
    { title: 'Addresses', sentences: addresses(network) },
    { title: 'Names', sentences: names(network) },
    { title: 'Limits and classes', sentences: limits(network) },
    { title: 'Mind', sentences: mind(network) },
  ];
  return sections.filter((s) => s.sentences.length > 0);
}

function reach(network: Network): string[] {
  const { forward } = network;
  const devices = list(forward.interfaces.map((i) => i.dev));
  const by = devices === '' ? '' : ` through ${devices}`;
  const only = devices === '' ? '' : ` Only traffic through ${devices} is let through.`;
  const host = network.ips.length > 0 ? ' and with the host' : '';
  const among =
    network.portIsolated === true
      ? 'Guests do not reach each other: every port is isolated. They talk with the host and what lies beyond it.'
      : `Guests talk with each other${host}.`;
  switch (forward.mode) {
    case 'none':
      return [
        among,
        'Nothing leaves and nothing comes in: the network is isolated from everything but this host.',
        ...withoutAddresses(network),
      ];
    case 'nat':
      return [
        among,
        `Guests reach the outside${by} under ${natAddress(network)}; answers come back.${only}`,
        'Nobody outside can open a connection to a guest; neither can guests of other NAT networks of this host.',
        ...natIpv6(network),
      ];
    case 'route':
      return [
        among,
        `Guests reach the outside${by} with their own addresses, and the outside reaches them.${only}`,
        'The routers outside must know the way: the subnets of this network lead to this host.',
      ];
    case 'open':
      return [among, 'Guests and the outside reach each other as far as the host routes; virtnet adds no firewall rule of its own.'];
    case 'bridge':
      return devices === '' && forward.pf === undefined
        ? [`Guests sit on the host's own bridge ${network.bridge?.name ?? ''} and are full members of whatever it is connected to.`]
        : [...macvtap(network, 'Guests share the physical network behind the device; those on one device also reach each other.')];
    case 'private':
      return macvtap(network, 'Guests reach the physical network but never each other, not even through a switch.');
    case 'vepa':
      return macvtap(
        network,
        'All traffic of guests goes to the external switch, also between two guests; it must send it back (reflective relay).',
      );
    case 'passthrough':
      return macvtap(network, 'Each guest has one device for itself.');
    case 'hostdev':
      return [
        `Each guest gets a network function of the card for itself, as a PCI device${forward.managed === true ? '; it is taken from its driver before and given back afterwards' : ''}.`,
        `The pool has ${forward.pf === undefined ? plural(forward.addresses.length, 'function') : `every virtual function of ${forward.pf.dev}`}.`,
      ];
  }
}

function macvtap(network: Network, first: string): string[] {
  const { interfaces, pf } = network.forward;
  const pool =
    pf === undefined
      ? `the ${plural(interfaces.length, 'device')} ${list(interfaces.map((i) => i.dev))}`
      : `the virtual functions of ${pf.dev}`;
  const rule = network.forward.mode === 'passthrough' ? 'one guest each' : 'the least used one first';
  return [
    first,
    `The pool is ${pool}, ${rule}.`,
    'Guests and this host do not reach each other over this network: macvtap does not allow it.',
  ];
}

function withoutAddresses(network: Network): string[] {
  if (network.ips.length > 0) return [];
  return [
    'The host has no address on it, so it serves neither addresses nor names.',
    ...(network.ipv6 === true ? ['Guests may talk IPv6 among themselves.'] : []),
  ];
}

function natAddress(network: Network): string {
  const nat = network.forward.nat;
  const ports = nat?.portStart === undefined ? '' : `, ports ${String(nat.portStart)} to ${String(nat.portEnd ?? nat.portStart)}`;
  if (nat?.addressStart === undefined) return `the host's address${ports}`;
  const range =
    nat.addressEnd === undefined || nat.addressEnd === nat.addressStart
      ? nat.addressStart
      : `one of ${nat.addressStart} to ${nat.addressEnd}`;
  return `the address ${range}${ports}`;
}

function natIpv6(network: Network): string[] {
  if (!network.ips.some(isIpv6)) return [];
  return network.forward.nat?.ipv6 === true
    ? ['IPv6 is translated too.']
    : [
        'IPv6 is not translated but routed: guests use their own IPv6 addresses and are reachable under them where the routers outside know the way.',
      ];
}

function addresses(network: Network): string[] {
  if (!isManaged(network)) return ['Addresses come from the network that guests are connected to, not from this host.'];
  return [...network.ips.flatMap(explainIp), ...network.routes.map(explainRoute)];
}

function explainIp(ip: Ip): string[] {
  const six = isIpv6(ip);
  const subnet = subnetText(ip);
  const dhcp = ip.dhcp;
  const out = [`The host is ${ip.address} on ${subnet}.`];
  if (dhcp !== undefined && (dhcp.ranges.length > 0 || dhcp.hosts.length > 0)) {
    for (const range of dhcp.ranges) {
      out.push(
        `DHCP${six ? 'v6' : ''} hands out ${range.start} to ${range.end} (${sizeOf(range.start, range.end)})${leaseText(range.lease)}.`,
      );
    }
    if (dhcp.ranges.length === 0) out.push(`DHCP${six ? 'v6' : ''} serves known guests only.`);
    for (const host of dhcp.hosts.slice(0, 10)) {
      const who =
        [host.mac, host.id, host.mac === undefined && host.id === undefined ? host.name : undefined].find((w) => w !== undefined) ?? '';
      const named = host.name !== undefined && host.name !== who ? ` and the name ${host.name}` : '';
      out.push(`${who} always gets ${host.ip}${named}.`);
    }
    if (dhcp.hosts.length > 10)
      out.push(`${plural(dhcp.hosts.length - 10, 'more guest')} ${dhcp.hosts.length === 11 ? 'has' : 'have'} an address reserved.`);
    if (six) out.push('Router advertisements tell guests to ask DHCPv6 for their address.');
    else out.push('Guests are told this host as router (where the network leads anywhere) and as resolver.');
  } else if (six) {
    out.push(
      prefixOf(ip) === 64
        ? `Guests make themselves an IPv6 address in ${subnet} from router advertisements.`
        : 'The subnet is not 64 bits long, so guests cannot make themselves addresses from router advertisements.',
    );
  } else out.push('There is no DHCP here: guests need addresses of their own.');
  if (ip.tftpRoot !== undefined) out.push(`Files below ${ip.tftpRoot} are served by TFTP.`);
  if (dhcp?.bootp?.file)
    out.push(
      `Guests that boot from the network load ${dhcp.bootp.file}${dhcp.bootp.server === undefined ? '' : ` from ${dhcp.bootp.server}`}.`,
    );
  return out;
}

function explainRoute(route: Route): string {
  const prefix = route.prefix ?? (route.netmask === undefined ? undefined : netmaskToPrefix(route.netmask));
  return `The host reaches ${route.address}${prefix === undefined ? '' : `/${String(prefix)}`} by way of ${route.gateway}, a guest.`;
}

function names(network: Network): string[] {
  if (!isManaged(network) || network.ips.length === 0) return [];
  const { dns, domain } = network;
  if (dns?.enable === false) return ['There is no name service here.'];
  const out = [
    domain === undefined
      ? "The host answers guests' questions for names; guests that tell their name by DHCP are known by it."
      : `Guests that tell their name by DHCP are known as NAME.${domain.name}${domain.localOnly === true ? '; unknown names of that domain are never asked outside' : ''}.`,
  ];
  if (domain?.register === true) out.push(`The host itself resolves names of ${domain.name} too, through systemd-resolved.`);
  for (const f of dns?.forwarders ?? []) {
    const where = f.addr ?? 'the usual resolvers';
    out.push(
      f.domain === undefined
        ? `Other names are asked of ${where} instead of the host's own resolvers.`
        : `Names of ${f.domain} are asked of ${where}.`,
    );
  }
  if (dns?.forwardPlainNames === false) out.push('Names without a dot are never asked outside.');
  for (const h of dns?.hosts ?? []) out.push(`${list(h.hostnames)} ${h.hostnames.length === 1 ? 'is' : 'are'} ${h.ip}.`);
  for (const t of dns?.txts ?? []) out.push(`The TXT record of ${t.name} is "${t.value}".`);
  for (const s of dns?.srvs ?? []) {
    const where = s.target === undefined || s.target === '.' ? 'nowhere' : `${s.target}${s.port === undefined ? '' : `:${String(s.port)}`}`;
    out.push(`The service _${s.service}._${s.protocol}${s.domain === undefined ? '' : `.${s.domain}`} is at ${where}.`);
  }
  return out;
}

function limits(network: Network): string[] {
  const out: string[] = [];
  if (network.bandwidth !== undefined) out.push(...rates('All guests together', network.bandwidth));
  if (network.vlan !== undefined) out.push(`Guests are on ${vlanText(network.vlan)}.`);
  if (network.mtu !== undefined) out.push(`Packets carry up to ${String(network.mtu)} bytes; guests are told so by DHCP.`);
  for (const group of network.portgroups) {
    const own = [
      ...(group.bandwidth === undefined ? [] : rates('each', group.bandwidth)),
      ...(group.vlan === undefined ? [] : [`on ${vlanText(group.vlan)}`]),
    ];
    const what = own.length === 0 ? 'no limits of its own' : own.map((t) => t.replace(/\.$/, '')).join('; ');
    out.push(`Guests of the portgroup ${group.name}${group.default ? ' (the default)' : ''}: ${what}.`);
  }
  return out;
}

function rates(who: string, bandwidth: { readonly inbound?: BandwidthRate; readonly outbound?: BandwidthRate }): string[] {
  const text = (verb: string, r: BandwidthRate | undefined): string[] => {
    if (r?.average === undefined) return [];
    const peak = r.peak === undefined ? '' : `, at most ${rate(r.peak)} for a moment`;
    const burst = r.burst === undefined ? '' : `, ${String(r.burst)} KiB at full speed`;
    return [`${who} ${who === 'each' ? `${verb}s` : verb} ${rate(r.average)} on average${peak}${burst}.`];
  };
  return [...text('receive', bandwidth.inbound), ...text('send', bandwidth.outbound)];
}

/** A rate's kilobyte is 1,000 bytes, as tc counts what libvirt gives it (a burst's is 1,024); people also think in bits. */
function rate(kilobytes: number): string {
  const megabits = (kilobytes * 8) / 1000;
  return `${String(kilobytes)} kB/s (${megabits >= 10 ? megabits.toFixed(0) : megabits.toFixed(1)} Mbit/s)`;
}

function mind(network: Network): string[] {
  const out: string[] = [];
  if (network.dnsmasqOptions.length > 0)
    out.push(
      `${plural(network.dnsmasqOptions.length, 'line')} of the document go to dnsmasq as they are; virtnet does not know what they do.`,
    );
  if (network.virtualport?.type !== undefined) out.push(`Guests are plugged through a virtual port of type ${network.virtualport.type}.`);
  if (network.bridge?.stp === true && isManaged(network))
    out.push('Spanning tree is on: a machine is heard about 4 seconds after it opens its tap, a container at once.');
  if (network.trustGuestRxFilters === true) out.push('The host follows the MAC filters that guests set (trustGuestRxFilters).');
  return out;
}

function isIpv6(ip: Ip): boolean {
  return ip.family === 'ipv6' || ip.address.includes(':');
}

function prefixOf(ip: Ip): number | undefined {
  const value = parseIp(ip.address);
  return ip.prefix ?? (ip.netmask === undefined ? value && classPrefix(value) : netmaskToPrefix(ip.netmask));
}

function subnetText(ip: Ip): string {
  const prefix = prefixOf(ip);
  const subnet = prefix === undefined ? undefined : parseSubnet(`${ip.address}/${String(prefix)}`);
  return subnet ? formatSubnet(networkOf(subnet)) : ip.address;
}

function sizeOf(start: string, end: string): string {
  const [a, b] = [parseIp(start), parseIp(end)];
  if (!a || !b) return 'a range';
  const size = b.value - a.value + 1n;
  return size === 1n ? `1 address` : size > 1_000_000n ? `more than a million addresses` : `${String(size)} addresses`;
}

function leaseText(lease: DhcpLease | undefined): string {
  if (lease === undefined) return ', for an hour at a time';
  if (lease.expiry === 0) return ', for ever';
  const unit = lease.expiry === 1 ? lease.unit.replace(/s$/, '') : lease.unit;
  return `, for ${String(lease.expiry)} ${unit} at a time`;
}

function vlanText(vlan: Vlan): string {
  const ids = vlan.tags.map((t) => `${String(t.id)}${t.nativeMode === undefined ? '' : ` (native, ${t.nativeMode})`}`);
  return vlan.trunk || vlan.tags.length > 1 ? `a trunk of the VLANs ${list(ids)}` : `VLAN ${list(ids)}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

function plural(n: number, one: string): string {
  return `${String(n)} ${n === 1 ? one : `${one}s`}`;
}
