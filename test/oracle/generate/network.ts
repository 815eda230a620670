import { element, withText } from './tree.ts';
import type { Tree } from './tree.ts';
import type { Random } from './random.ts';

const MODES = ['none', 'nat', 'nat', 'route', 'open', 'bridge', 'macvtap-bridge', 'private', 'vepa', 'passthrough', 'hostdev'] as const;
type Mode = (typeof MODES)[number];

const hex = (rng: Random, digits: number): string => Array.from({ length: digits }, () => rng.int(16).toString(16)).join('');
export const mac = (rng: Random): string => `52:54:00:${hex(rng, 2)}:${hex(rng, 2)}:${hex(rng, 2)}`;
export const uuid = (rng: Random): string => `${hex(rng, 8)}-${hex(rng, 4)}-4${hex(rng, 3)}-a${hex(rng, 3)}-${hex(rng, 12)}`;
const word = (rng: Random): string => rng.pick(['alpha', 'beta', 'Gamma', 'x1', 'web-server', 'mail', 'a.b', 'h']) + String(rng.int(30));
const yesNo = (rng: Random): string => rng.pick(['yes', 'no']);
const maybe = <T>(rng: Random, probability: number, make: () => T): T | undefined => (rng.chance(probability) ? make() : undefined);
const many = <T>(rng: Random, most: number, make: () => T): T[] => Array.from({ length: rng.int(most + 1) }, make);
const number = (rng: Random, most: number): string => String(rng.int(most) + 1);

/** A network document that libvirt accepts, or nearly always does; faults are put in by `addFault`. */
export function networkTree(rng: Random): Tree {
  const mode = rng.pick(MODES);
  const managed = mode === 'none' || mode === 'nat' || mode === 'route' || mode === 'open';
  const needsIp = mode === 'nat' || mode === 'route';
  const subnets = Array.from({ length: managed ? Math.max(needsIp ? 1 : 0, rng.int(4)) : 0 }, (_, i) => subnet(rng, i));
  const children = [
    withText('name', `g-${word(rng)}`),
    withText('uuid', uuid(rng)),
    maybe(rng, 0.1, () => withText('title', rng.pick(['A title', 'quotes " and \' and <', ' ']))),
    maybe(rng, 0.1, () => withText('description', 'Two\n lines & more')),
    maybe(rng, 0.08, () => element('metadata', {}, [element('a:thing', { 'xmlns:a': 'urn:a', n: '1' }, [withText('a:deep', 'x')])])),
    forward(rng, mode),
    managed || mode === 'bridge' ? bridge(rng, mode) : undefined,
    managed ? maybe(rng, 0.2, () => element('mtu', { size: String(576 + rng.int(9000)) })) : undefined,
    managed ? element('mac', { address: mac(rng) }) : undefined,
    managed
      ? maybe(rng, 0.3, () => element('domain', { name: `${word(rng)}.test`, localOnly: maybe(rng, 0.4, () => yesNo(rng)) }))
      : undefined,
    managed ? maybe(rng, 0.4, () => dns(rng)) : undefined,
    mode === 'passthrough' || mode === 'hostdev' || mode === 'bridge' ? maybe(rng, 0.4, () => vlan(rng)) : undefined,
    managed || mode === 'bridge' ? maybe(rng, 0.25, () => bandwidth(rng)) : undefined,
    maybe(rng, 0.15, () => element('port', { isolated: maybe(rng, 0.9, () => yesNo(rng)) })),
    ...subnets.map((one, i) => ip(rng, one, subnets.findIndex((other) => other.v6 === one.v6) === i)),
    ...(subnets[0] ? many(rng, 2, () => route(rng, `${subnets[0]?.base ?? ''}2`)) : []),
    maybe(rng, 0.15, () => virtualport(rng, true)),
    ...many(rng, 2, () => undefined).map((_, i) => portgroup(rng, i, managed || mode === 'bridge', mode)),
    maybe(rng, 0.08, () =>
      element(
        'd:options',
        { 'xmlns:d': 'http://libvirt.org/schemas/network/dnsmasq/1.0' },
        many(rng, 2, () => element('d:option', { value: rng.pick(['foo=bar', '', 'dhcp-option=3,"a b"', "x='1'"]) })),
      ),
    ),
  ];
  const root = element(
    'network',
    {
      ipv6: maybe(rng, 0.15, () => yesNo(rng)),
      trustGuestRxFilters: maybe(rng, 0.15, () => yesNo(rng)),
      connections: maybe(rng, 0.05, () => '3'),
    },
    children,
  );
  if (rng.chance(0.3)) root.children = rng.shuffle(root.children);
  return root;
}

function forward(rng: Random, mode: Mode): Tree | undefined {
  if (mode === 'none') return undefined;
  const devices = many(rng, mode === 'nat' || mode === 'route' ? 1 : 3, () => 0).map((_, i) => `eth2${String(i)}`);
  const pool =
    mode === 'nat' || mode === 'route' || mode === 'private' || mode === 'vepa' || mode === 'passthrough' || mode === 'macvtap-bridge';
  const asAttribute = pool && devices.length > 0 && rng.chance(0.4);
  const interfaces = pool && !(asAttribute && rng.chance(0.5)) ? devices.map((dev) => element('interface', { dev })) : [];
  return element(
    'forward',
    {
      mode: mode === 'nat' && rng.chance(0.2) ? undefined : mode === 'macvtap-bridge' ? 'bridge' : mode,
      dev: asAttribute ? devices[0] : undefined,
      managed: mode === 'hostdev' ? maybe(rng, 0.5, () => yesNo(rng)) : undefined,
    },
    [
      mode === 'nat' ? maybe(rng, 0.3, () => nat(rng)) : undefined,
      mode === 'hostdev' ? maybe(rng, 0.3, () => element('driver', { name: 'vfio' })) : undefined,
      mode === 'hostdev' && devices.length > 0 ? element('pf', { dev: 'eth20' }) : undefined,
      ...interfaces,
    ],
  );
}

function nat(rng: Random): Tree {
  return element('nat', { ipv6: maybe(rng, 0.3, () => yesNo(rng)) }, [
    maybe(rng, 0.6, () => element('address', { start: '203.0.113.8', end: `203.0.113.${String(8 + rng.int(5))}` })),
    maybe(rng, 0.6, () => element('port', { start: String(rng.int(2000)), end: String(2000 + rng.int(60000)) })),
  ]);
}

function bridge(rng: Random, mode: Mode): Tree | undefined {
  if (mode === 'bridge') return element('bridge', { name: 'br0' });
  return element('bridge', {
    name: `vb${String(rng.int(1000))}`,
    zone: maybe(rng, 0.05, () => 'public'),
    stp: maybe(rng, 0.5, () => rng.pick(['on', 'off'])),
    delay: maybe(rng, 0.5, () => String(rng.int(30))),
    macTableManager: maybe(rng, 0.2, () => rng.pick(['kernel', 'libvirt'])),
  });
}

function dns(rng: Random): Tree {
  return element(
    'dns',
    { enable: maybe(rng, 0.1, () => 'yes'), forwardPlainNames: maybe(rng, 0.3, () => yesNo(rng)) },
    rng.shuffle([
      ...many(rng, 2, () => element('forwarder', { addr: '8.8.8.8', domain: maybe(rng, 0.5, () => `${word(rng)}.test`) })),
      ...many(rng, 2, () => dnsTxt(rng)),
      ...many(rng, 2, () => dnsSrv(rng)),
      ...many(rng, 2, () => dnsHost(rng)),
    ]),
  );
}
export const dnsTxt = (rng: Random): Tree => element('txt', { name: word(rng), value: rng.pick(['v', 'a b', '"q"', '', 'x,y']) });
export const dnsSrv = (rng: Random): Tree => {
  const target = maybe(rng, 0.7, () => rng.pick(['.', 'host.test', 'x']));
  return element('srv', {
    service: rng.pick(['ldap', 'sip', 'kerberos']),
    protocol: rng.pick(['tcp', 'udp']),
    domain: maybe(rng, 0.4, () => `${word(rng)}.test`),
    target,
    port: target ? maybe(rng, 0.6, () => number(rng, 65535)) : undefined,
    priority: target ? maybe(rng, 0.4, () => String(rng.int(65536))) : undefined,
    weight: target ? maybe(rng, 0.4, () => String(rng.int(65536))) : undefined,
  });
};
export const dnsHost = (rng: Random): Tree =>
  element('host', { ip: rng.pick([`192.168.1.${number(rng, 20)}`, `2001:db8::${number(rng, 9)}`]) }, [
    withText('hostname', word(rng)),
    ...many(rng, 2, () => withText('hostname', word(rng))),
  ]);

interface GeneratedSubnet {
  readonly v6: boolean;
  /** An address without its last number. */
  readonly base: string;
}

function subnet(rng: Random, index: number): GeneratedSubnet {
  const v6 = index > 0 && rng.chance(0.5);
  return { v6, base: v6 ? `2001:db8:${String(index)}::` : `10.${String(index)}.${String(rng.int(200))}.` };
}

function ip(rng: Random, { v6, base }: GeneratedSubnet, first: boolean): Tree {
  const form = rng.int(3);
  return element(
    'ip',
    {
      family: v6 ? 'ipv6' : maybe(rng, 0.3, () => 'ipv4'),
      address: `${base}1`,
      netmask: !v6 && form === 0 ? '255.255.255.0' : undefined,
      prefix: form === 1 || v6 ? (v6 ? '64' : '24') : undefined,
      localPtr: maybe(rng, 0.15, () => yesNo(rng)),
    },
    [
      v6 ? undefined : maybe(rng, 0.15, () => element('tftp', { root: '/srv/tftp' })),
      first ? maybe(rng, 0.7, () => dhcp(rng, v6, base)) : undefined,
    ],
  );
}

function dhcp(rng: Random, v6: boolean, base: string): Tree {
  return element(
    'dhcp',
    {},
    rng.shuffle(
      [
        ...many(rng, 2, () => dhcpRange(rng, base)),
        ...many(rng, 3, () => dhcpHost(rng, v6, base)),
        maybe(rng, 0.15, () => element('bootp', { file: 'pxelinux.0', server: maybe(rng, 0.5, () => `${base}9`) })),
      ].filter((t) => t !== undefined),
    ),
  );
}
const lease = (rng: Random): Tree =>
  element('lease', {
    expiry: rng.pick(['0', '120', '240', '3600']),
    unit: maybe(rng, 0.6, () => rng.pick(['seconds', 'minutes', 'hours'])),
  });
export const dhcpRange = (rng: Random, base: string): Tree => {
  const start = 10 + rng.int(80);
  return element('range', { start: base + String(start), end: base + String(start + rng.int(9)) }, [maybe(rng, 0.15, () => lease(rng))]);
};
export const dhcpHost = (rng: Random, v6: boolean, base: string): Tree =>
  element(
    'host',
    {
      id: v6 ? maybe(rng, 0.4, () => '0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66') : undefined,
      mac: v6 ? undefined : (maybe(rng, 0.8, () => rng.pick([mac(rng), mac(rng).toUpperCase()])) ?? '52:54:00:00:00:07'),
      name: v6 ? word(rng).replace('.', '') : maybe(rng, 0.7, () => word(rng)),
      ip: base + String(100 + rng.int(90)),
    },
    [maybe(rng, 0.15, () => lease(rng))],
  );

function route(rng: Random, gateway: string): Tree {
  return element('route', {
    family: maybe(rng, 0.5, () => 'ipv4'),
    address: `172.16.${String(rng.int(9))}.0`,
    prefix: '24',
    gateway,
    metric: maybe(rng, 0.4, () => number(rng, 50)),
  });
}

/** `<bandwidth>` with optional halves. */
export function bandwidth(rng: Random): Tree {
  const rate = (name: string): Tree =>
    element(name, {
      average: number(rng, 9000),
      peak: maybe(rng, 0.5, () => number(rng, 90000)),
      burst: maybe(rng, 0.5, () => number(rng, 9000)),
    });
  return element('bandwidth', {}, [maybe(rng, 0.8, () => rate('inbound')), maybe(rng, 0.6, () => rate('outbound'))]);
}

/** `<vlan>`: an access tag or a trunk. */
export function vlan(rng: Random): Tree {
  const tags = Array.from({ length: 1 + rng.int(3) }, () => element('tag', { id: String(rng.int(4096)) }));
  if (rng.chance(0.2)) tags[0]?.attributes.push(['nativeMode', rng.pick(['tagged', 'untagged'])]);
  return element('vlan', { trunk: tags.length > 1 || rng.chance(0.2) ? maybe(rng, 0.7, () => 'yes') : undefined }, tags);
}

/** `<virtualport>` with parameters of its type. */
export function virtualport(rng: Random, typed: boolean): Tree {
  const type = rng.pick(['802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet'] as const);
  const parameters = {
    '802.1Qbg': {
      managerid: number(rng, 255),
      typeid: maybe(rng, 0.7, () => number(rng, 0xffffff)),
      typeidversion: maybe(rng, 0.7, () => number(rng, 255)),
      instanceid: maybe(rng, 0.4, () => uuid(rng)),
    },
    '802.1Qbh': { profileid: word(rng) },
    openvswitch: { interfaceid: maybe(rng, 0.5, () => uuid(rng)), profileid: maybe(rng, 0.5, () => word(rng)) },
    midonet: { interfaceid: uuid(rng) },
  }[type];
  return element('virtualport', { type: typed || rng.chance(0.7) ? type : undefined }, [
    maybe(rng, 0.8, () => element('parameters', parameters)),
  ]);
}

/** `<portgroup>`; only some networks may limit a portgroup's guests. */
export function portgroup(rng: Random, index: number, bandwidthAllowed: boolean, mode: string): Tree {
  const tagged = (mode === 'hostdev' || mode === 'passthrough' || mode === 'bridge') && rng.chance(0.3);
  return element(
    'portgroup',
    {
      name: `pg${String(index)}`,
      default: index === 0 ? maybe(rng, 0.5, () => 'yes') : undefined,
      trustGuestRxFilters: maybe(rng, 0.2, () => yesNo(rng)),
    },
    [
      tagged ? vlan(rng) : maybe(rng, 0.2, () => virtualport(rng, false)),
      bandwidthAllowed ? maybe(rng, 0.4, () => bandwidth(rng)) : undefined,
    ],
  );
}
