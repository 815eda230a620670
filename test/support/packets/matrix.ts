/**
 * The networks and machines of the firewall matrix: every kind of packet rule once, and who stands where. Plain data, for our own
 * networks and for libvirt's alike.
 */
export type Kind = 'nat' | 'route' | 'open' | 'isolated';
export type Family = 'ipv4' | 'ipv6';

/** One network of the matrix with two guests, `NAME.a` and `NAME.b`. */
export interface MatrixNetwork {
  readonly name: string;
  readonly kind: Kind;
  /** Number n of the subnets 192.168.n.0/24 and 2001:db8:n::/64. */
  readonly n: number;
  readonly forward: string;
  /** The bridge has an IPv6 address. */
  readonly v6: boolean;
  /** `<network ipv6='yes'>`: the guests have addresses of their own choice in fd00:n::/64. */
  readonly guestIpv6?: boolean;
  readonly nat66?: boolean;
  readonly dev?: string;
  /** The source that translated IPv4 packets have, instead of the address of the way out. */
  readonly natAddress?: string;
}

const NAT = "<forward mode='nat'/>";
export const networks: readonly MatrixNetwork[] = [
  { name: 'nat', kind: 'nat', n: 101, forward: NAT, v6: true },
  { name: 'nat66', kind: 'nat', n: 102, forward: "<forward mode='nat'><nat ipv6='yes'/></forward>", v6: true, nat66: true },
  { name: 'natdev', kind: 'nat', n: 103, forward: "<forward mode='nat' dev='eth1'/>", v6: true, dev: 'eth1' },
  {
    name: 'natpool',
    kind: 'nat',
    n: 104,
    forward: "<forward mode='nat'><nat><address start='203.0.113.77' end='203.0.113.77'/><port start='2000' end='3000'/></nat></forward>",
    v6: false,
    natAddress: '203.0.113.77',
  },
  { name: 'route', kind: 'route', n: 105, forward: "<forward mode='route'/>", v6: true },
  { name: 'routedev', kind: 'route', n: 106, forward: "<forward mode='route' dev='eth1'/>", v6: true, dev: 'eth1' },
  { name: 'open', kind: 'open', n: 107, forward: "<forward mode='open'/>", v6: true },
  { name: 'isolated', kind: 'isolated', n: 108, forward: '', v6: true },
  { name: 'isolated6', kind: 'isolated', n: 109, forward: '', v6: false, guestIpv6: true },
];

/** The two machines outside, each behind a device of the host. */
export const outsides = [
  { name: 'out1', dev: 'eth1', n: 1 },
  { name: 'out2', dev: 'eth2', n: 2 },
] as const;

export const bridgeOf = (net: MatrixNetwork): string => `vb${String(net.n)}`;
export const uuidOf = (net: MatrixNetwork): string => `4f7dc2a5-0000-4000-8000-000000000${String(net.n)}`;
/** Host `h` of the subnet behind uplink i. */
export const outer = (i: number, h: number, family: Family): string =>
  family === 'ipv4' ? (i === 1 ? `203.0.113.${String(h)}` : `198.51.100.${String(h)}`) : `2001:db8:f${String(i)}::${String(h)}`;
export const inner = (net: MatrixNetwork, h: number, family: Family): string =>
  family === 'ipv4'
    ? `192.168.${String(net.n)}.${String(h)}`
    : net.v6
      ? `2001:db8:${String(net.n)}::${String(h)}`
      : `fd00:${String(net.n)}::${String(h)}`;

/** The document of a network; STP is off so that bridges forward at once. */
export function documentOf(net: MatrixNetwork): string {
  return `<network${net.guestIpv6 ? " ipv6='yes'" : ''}>
  <name>${net.name}</name>
  <uuid>${uuidOf(net)}</uuid>
  ${net.forward}
  <bridge name='${bridgeOf(net)}' stp='off'/>
  <mac address='52:54:00:00:01:${(net.n - 90).toString(16).padStart(2, '0')}'/>
  <dns enable='no'/>
  <ip address='${inner(net, 1, 'ipv4')}' prefix='24'/>
  ${net.v6 ? `<ip family='ipv6' address='${inner(net, 1, 'ipv6')}' prefix='64'/>` : ''}
</network>`;
}

/** One who sends or is sent to. */
export interface Party {
  /** `nat.a`, `out1`, `host`. */
  readonly name: string;
  readonly network?: MatrixNetwork;
  /** The device of the host behind which it stands; undefined for the host itself. */
  readonly dev?: string;
  readonly netns?: string;
}

export const guests: readonly Party[] = networks.flatMap((network) =>
  ['a', 'b'].map((letter) => ({
    name: `${network.name}.${letter}`,
    network,
    dev: bridgeOf(network),
    netns: `g${String(network.n)}${letter}`,
  })),
);
export const host: Party = { name: 'host' };
export const outside: readonly Party[] = outsides.map(({ name, dev }) => ({ name, dev, netns: name }));

/** The address of a party, as another one is told it; undefined where either has none of this family that the other can use. */
export function addressOf(to: Party, from: Party, family: Family): string | undefined {
  const within = to.network !== undefined && to.network === from.network;
  const speaks = (party: Party): boolean =>
    family === 'ipv4' || party.network === undefined || party.network.v6 || (within && party.network.guestIpv6 === true);
  if (!speaks(to) || !speaks(from)) return undefined;
  if (to.network) return inner(to.network, to.name.endsWith('.a') ? 11 : 12, family);
  const out = outsides.find(({ name }) => name === to.name);
  if (out) return outer(out.n, 9, family);
  // The host, by its address next to the sender.
  if (from.network) return inner(from.network, 1, family);
  const side = outsides.find(({ name }) => name === from.name);
  return side && outer(side.n, 5, family);
}

/** The pairs of the matrix: from the first guest of each network, from outside and from the host, to everybody else. */
export const pairs: readonly { readonly from: Party; readonly to: Party }[] = [
  ...guests.filter((g) => g.name.endsWith('.a')),
  ...outside,
  host,
].flatMap((from) =>
  [...guests, ...outside, host]
    .filter((to) => to !== from && (to.network === undefined || to.name.endsWith('.a') || to.network === from.network))
    .map((to) => ({ from, to })),
);
