import { uuid } from '../ports.ts';

/** A document of a network by its number: name `nN`, bridge `vbN`, a MAC and a uuid of its own. */
export function document(n: number, body: string, root = ''): string {
  return `<network${root}><name>n${String(n)}</name><uuid>${uuid(n)}</uuid>${body}</network>`;
}

/** Bridge and MAC of a network of its own bridge. */
export function bridge(n: number, attributes = "stp='off'", address = n): string {
  return `<bridge name='vb${String(n)}' ${attributes}/><mac address='52:54:00:00:aa:${String(address).padStart(2, '0')}'/>`;
}

const v4 = (n: number, inner = ''): string => `<ip address='10.7.${String(n)}.1' netmask='255.255.255.0'>${inner}</ip>`;
const v6 = (n: number, inner = ''): string => `<ip family='ipv6' address='2001:db8:7:${String(n)}::1' prefix='64'>${inner}</ip>`;

/** All that a document can say about one network of its own bridge. */
export const everything = document(
  1,
  `<forward mode='nat' dev='up0'>
    <nat ipv6='yes'><address start='203.0.113.10' end='203.0.113.20'/><port start='2000' end='3000'/></nat>
  </forward>
  ${bridge(1, "stp='on' delay='2' zone='lab' macTableManager='libvirt'")}
  <mtu size='1400'/>
  <domain name='one.test' localOnly='yes' register='yes'/>
  <dns forwardPlainNames='no'>
    <forwarder domain='up.test' addr='203.0.113.2'/>
    <txt name='a.one.test' value='some text'/>
    <srv service='sip' protocol='tcp' domain='one.test' target='b.one.test' port='5060'/>
    <host ip='10.7.1.9'><hostname>nine</hostname></host>
  </dns>
  <bandwidth><inbound average='10000' peak='20000' burst='1000'/><outbound average='8000' burst='9000'/></bandwidth>
  ${v4(
    1,
    `<tftp root='/run/tftp'/><dhcp><range start='10.7.1.100' end='10.7.1.199'><lease expiry='2' unit='hours'/></range>
     <host mac='52:54:00:00:00:09' name='nine' ip='10.7.1.9'/><bootp file='boot.ipxe'/></dhcp>`,
  )}
  <ip address='10.17.1.1' netmask='255.255.255.0' localPtr='yes'/>
  ${v6(
    1,
    `<dhcp><range start='2001:db8:7:1::100' end='2001:db8:7:1::1ff'/>
     <host id='0:4:7e:7d:f0:7d:a8:bc:c5:d2:13:32:11:ed:16:ea:84:63' name='eight' ip='2001:db8:7:1::8'/></dhcp>`,
  )}
  <route address='10.80.0.0' prefix='16' gateway='10.7.1.9'/>
  <route family='ipv6' address='2001:db8:80::' prefix='48' gateway='2001:db8:7:1::9' metric='2'/>
  <dnsmasq:options><dnsmasq:option value='log-dhcp'/></dnsmasq:options>`,
  " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'",
);

export const routed = document(2, `<forward mode='route' dev='up0'/>${bridge(2)}${v4(2)}${v6(2)}`);
export const open = document(3, `<forward mode='open'/>${bridge(3)}${v4(3)}<route address='10.83.0.0' prefix='16' gateway='10.7.3.2'/>`);
export const isolated = document(4, `${bridge(4, "stp='on' delay='0'")}<domain name='four.test'/>${v4(4)}`);
export const veryIsolated = document(5, bridge(5));
export const guestsOnlyV6 = document(6, bridge(6)).replace('<network>', "<network ipv6='yes'>");
export const hostBridge = document(
  7,
  "<forward mode='bridge'/><bridge name='hbr0'/><bandwidth><inbound average='5000'/><outbound average='6000' burst='100'/></bandwidth>",
);

/** Guests whose devices MidoNet's agent takes; `interfaceid` is a port of its topology. */
export const midonet = document(
  30,
  "<forward mode='bridge'/><bridge name='hbr0'/><virtualport type='midonet'><parameters interfaceid='3a1c4d5e-0000-4000-8000-00000000beef'/></virtualport>",
);

const overPool = (n: number, mode: string, inner = ''): string =>
  document(n, `<forward mode='${mode}'><interface dev='pool${String(n % 2)}'/></forward>${inner}`);

/** Guests that a switch with IEEE 802.1Qbg is told of, on this VLAN. */
export const qbg = (vlan: number): string =>
  overPool(
    31,
    'passthrough',
    `<virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2' instanceid='${uuid(31)}'/></virtualport>
     <portgroup name='a' default='yes'><vlan><tag id='${String(vlan)}'/></vlan></portgroup>`,
  );

/** Guests whose card has port profiles. */
export const qbh = overPool(32, 'private', "<virtualport type='802.1Qbh'><parameters profileid='gold'/></virtualport>");

/** One pool in another mode, with guests that are trusted. */
export const shared = overPool(33, 'private');
export const sharedOtherwise = shared.replace('<network>', "<network trustGuestRxFilters='yes'>").replace('private', 'vepa');

/** The four modes that give guests macvtaps over a pool of two devices. */
export const direct = (['bridge', 'private', 'vepa', 'passthrough'] as const).map((mode, i) => ({
  mode,
  name: `n${String(10 + i)}`,
  document: document(10 + i, `<forward mode='${mode}'><interface dev='pool0'/><interface dev='pool1'/></forward>`),
}));

const BASE = {
  forward: "<forward mode='nat'/>",
  bridge: bridge(20),
  mtu: '',
  domain: "<domain name='edit.test'/>",
  dns: '',
  bandwidth: "<bandwidth><inbound average='20000'/><outbound average='20000'/></bandwidth>",
  v4: v4(20, "<dhcp><range start='10.7.20.100' end='10.7.20.199'/></dhcp>"),
  v6: v6(20),
  routes: '',
  portgroup: "<portgroup name='a' default='yes'/>",
  options: '',
};

/** The parts of the network that is edited, by what they are about. */
export type Parts = Partial<typeof BASE>;

/** The network that is edited, with some of its parts replaced. */
export function edited(parts: Parts = {}): string {
  const { options, ...rest } = { ...BASE, ...parts };
  const namespace = options === '' ? '' : " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'";
  return document(20, Object.values(rest).join('') + options, namespace);
}

export const otherSubnet: Parts = { v4: v4(21, "<dhcp><range start='10.7.21.100' end='10.7.21.199'/></dhcp>") };

/** What can be edited while guests are plugged; `silent` are the edits that a guest's packets must not notice. */
export const edits: readonly { readonly what: string; readonly parts: Parts; readonly silent?: true }[] = [
  {
    what: 'DHCP range, fixed host and bootp',
    parts: {
      v4: v4(
        20,
        "<dhcp><range start='10.7.20.50' end='10.7.20.99'/><host mac='52:54:00:00:00:42' ip='10.7.20.42'/><bootp file='x'/></dhcp>",
      ),
    },
    silent: true,
  },
  { what: 'no DHCP', parts: { v4: v4(20) }, silent: true },
  { what: 'a DNS record', parts: { dns: "<dns><host ip='10.7.20.5'><hostname>five</hostname></host></dns>" }, silent: true },
  { what: 'no DNS and no DHCP', parts: { dns: "<dns enable='no'/>", v4: v4(20) }, silent: true },
  { what: 'domain and its registration', parts: { domain: "<domain name='other.test' localOnly='yes' register='yes'/>" }, silent: true },
  { what: 'TFTP', parts: { v4: v4(20, "<tftp root='/run/tftp'/>") }, silent: true },
  { what: 'options of dnsmasq', parts: { options: "<dnsmasq:options><dnsmasq:option value='log-dhcp'/></dnsmasq:options>" }, silent: true },
  {
    what: 'another limit',
    parts: {
      bandwidth: "<bandwidth><inbound average='30000' peak='40000' burst='2000'/><outbound average='9000' burst='9999'/></bandwidth>",
    },
    silent: true,
  },
  { what: 'no limit', parts: { bandwidth: '' }, silent: true },
  { what: 'NAT ports', parts: { forward: "<forward mode='nat'><nat><port start='2000' end='3000'/></nat></forward>" }, silent: true },
  {
    what: 'NAT addresses and NAT66',
    parts: { forward: "<forward mode='nat'><nat ipv6='yes'><address start='203.0.113.10' end='203.0.113.20'/></nat></forward>" },
    silent: true,
  },
  { what: 'the forward device', parts: { forward: "<forward mode='nat' dev='up0'/>" }, silent: true },
  { what: 'mode route', parts: { forward: "<forward mode='route'/>" }, silent: true },
  { what: 'mode open', parts: { forward: "<forward mode='open'/>" }, silent: true },
  { what: 'mode isolated', parts: { forward: '' }, silent: true },
  {
    what: 'static routes',
    parts: {
      routes: `<route address='10.90.0.0' prefix='16' gateway='10.7.20.9'/>
        <route family='ipv6' address='2001:db8:90::' prefix='48' gateway='2001:db8:7:20::9'/>`,
    },
    silent: true,
  },
  { what: 'one more subnet', parts: { routes: "<ip address='10.27.20.1' netmask='255.255.255.0'/>" }, silent: true },
  { what: 'no IPv6', parts: { v6: '' }, silent: true },
  { what: 'another subnet', parts: otherSubnet },
  { what: 'mtu', parts: { mtu: "<mtu size='1400'/>" }, silent: true },
  { what: 'spanning tree', parts: { bridge: bridge(20, "stp='on' delay='3'") }, silent: true },
  { what: 'zone', parts: { bridge: bridge(20, "stp='off' zone='lab'") }, silent: true },
  { what: 'the MAC table', parts: { bridge: bridge(20, "stp='off' macTableManager='libvirt'") }, silent: true },
  { what: 'the MAC of the bridge', parts: { bridge: bridge(20, "stp='off'", 33) } },
  { what: 'the name of the bridge', parts: { bridge: bridge(21) } },
  {
    what: 'a limit in the portgroup',
    parts: {
      portgroup: "<portgroup name='a' default='yes'><bandwidth><inbound average='5000'/><outbound average='5000'/></bandwidth></portgroup>",
    },
    silent: true,
  },
  {
    what: 'a limit of the portgroup instead of the network’s',
    parts: { bandwidth: '', portgroup: "<portgroup name='a' default='yes'><bandwidth><inbound average='5000'/></bandwidth></portgroup>" },
    silent: true,
  },
  {
    what: 'a limit and isolation in the portgroup',
    parts: {
      portgroup: "<portgroup name='a' default='yes'><bandwidth><inbound average='5000'/></bandwidth><port isolated='yes'/></portgroup>",
    },
  },
  {
    what: 'a bridge of the host instead',
    parts: {
      forward: "<forward mode='bridge'/>",
      bridge: "<bridge name='hbr0'/>",
      domain: '',
      v4: '',
      v6: '',
      bandwidth: '',
      routes: '',
    },
  },
  {
    what: 'all at once',
    parts: {
      forward: "<forward mode='route' dev='up0'/>",
      domain: "<domain name='whole.test'/>",
      dns: "<dns><txt name='t.whole.test' value='v'/></dns>",
      bandwidth: "<bandwidth><inbound average='7000'/></bandwidth>",
      v4: v4(22, "<dhcp><range start='10.7.22.100' end='10.7.22.199'/></dhcp>"),
      v6: v6(22),
      mtu: "<mtu size='1450'/>",
      routes: "<route address='10.92.0.0' prefix='16' gateway='10.7.22.9'/>",
    },
  },
];
