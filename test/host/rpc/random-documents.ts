import type { Random } from '../../oracle/generate/random.ts';

/** A network as calls name it. */
export interface Ref {
  readonly name: string;
  readonly uuid: string;
}

/** The few networks and ports that a random session is about. */
export const networks: readonly Ref[] = ['a', 'b', 'c'].map((name, i) => ({
  name,
  uuid: `0b0b0b0b-2222-4222-8333-00000000000${String(i)}`,
}));
export const ports: readonly string[] = [1, 2, 3, 4, 5].map((n) => `0b0b0b0b-3333-4222-8333-00000000000${String(n)}`);

const dhcp = (third: number, more = ''): string =>
  `<dhcp><range start='10.97.${String(third)}.100' end='10.97.${String(third)}.120'/><host mac='52:54:00:0b:01:01' name='h1' ip='10.97.${String(third)}.5'/>${more}</dhcp>`;
const v4 = (third: number, inner: string): string => `<ip address='10.97.${String(third)}.1' netmask='255.255.255.0'>${inner}</ip>`;
const v6 = (third: number, inner = ''): string => `<ip family='ipv6' address='fd97:${String(third)}::1' prefix='64'>${inner}</ip>`;
const portgroups = `<portgroup name='pg0' default='yes'><bandwidth><inbound average='50'/></bandwidth></portgroup><portgroup name='pg1'><virtualport type='openvswitch'/></portgroup>`;
const dns = `<dns><txt name='t0' value='v'/><srv service='ldap' protocol='tcp' domain='d' target='t' port='2'/><host ip='10.97.1.8'><hostname>eight</hostname></host></dns>`;

/** One of a few kinds of network: some run side by side, some want the same bridge or the same subnet, some cannot start (none with `starts`). */
export function networkDocument(rng: Random, { starts = false } = {}): string {
  const at = rng.int(networks.length);
  const third = starts || rng.chance(0.9) ? at + 1 : 1;
  const name = networks[at]?.name ?? '';
  const uuid = rng.chance(0.06) ? '' : `<uuid>${networks[rng.chance(0.94) ? at : rng.int(networks.length)]?.uuid ?? ''}</uuid>`;
  const bridge = rng.chance(0.85)
    ? `<bridge name='vr${String(third)}' stp='on' delay='0'/>`
    : rng.pick(['', `<bridge name='vr${String(third)}' stp='off'/>`]);
  const mac = rng.chance(0.9) ? `<mac address='52:54:00:0b:00:0${String(third)}'/>` : '';
  const common = bridge + mac;
  // virtnet keeps a device that one guest has to itself from the guests of other networks too; libvirt does not.
  const own = [['eth20', 'eth21'], ['eth24'], ['eth2']][at] ?? [];
  const body = rng.pick([
    `<forward mode='nat'/>${common}${dns}${v4(third, dhcp(third))}${portgroups}`,
    `<forward mode='nat'><nat><port start='1024' end='2000'/></nat></forward>${common}<domain name='x.test'/>${v4(third, '')}`,
    `<forward mode='route' dev='eth1'/>${common}${v4(third, dhcp(third))}${v6(third)}`,
    `<forward mode='open'/>${common}${v4(third, '')}${portgroups}`,
    `${common}${v4(third, dhcp(third))}<bandwidth><inbound average='1000' peak='5000' burst='1024'/><outbound average='500'/></bandwidth>`,
    `${common}`,
    `${common}${v4(third, '')}${v6(third, `<dhcp><range start='fd97:${String(third)}::100' end='fd97:${String(third)}::1ff'/><host name='six' ip='fd97:${String(third)}::6'/></dhcp>`)}`,
    `<forward mode='bridge'/><bridge name='br0'/>${portgroups}`,
    `<forward mode='bridge'><interface dev='eth22'/><interface dev='nodev'/><interface dev='eth23'/></forward>`,
    `<forward mode='passthrough'>${own.map((dev) => `<interface dev='${dev}'/>`).join('')}</forward>`,
    `<forward mode='private' dev='eth22'/>`,
    `<forward mode='vepa'><interface dev='eth23'/></forward><virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2'/></virtualport>`,
    `<forward mode='nat'/>${common}`,
    starts ? common : `<forward mode='hostdev'><pf dev='eth20'/></forward>`,
    `${common}<mtu size='9000'/><title>T</title><description>D</description>${v4(third, '')}<route address='10.20${String(at)}.0.0' prefix='16' gateway='10.97.${String(third)}.9'/>`,
    `<forward mode='nat'/>${common}${v4(third, dhcp(third, `<bootp file='x'/>`))}<port isolated='yes'/>`,
    ...(starts ? [] : oddBodies(third, common)),
  ]);
  return `<network><name>${name}</name>${uuid}${body}</network>`;
}

/** What seldom stands in a document, and seldom together: devices that are not there, what a mode cannot have, all that a section may hold. */
function oddBodies(third: number, common: string): readonly string[] {
  const vlan = `<vlan><tag id='42'/></vlan>`;
  const limits = `<bandwidth><inbound average='100'/></bandwidth>`;
  const ovs = `<virtualport type='openvswitch'/>`;
  const groups = `<portgroup name='pg0'>${vlan}</portgroup><portgroup name='pg1' default='yes' trustGuestRxFilters='yes'>${limits}</portgroup>`;
  const two = `${v4(third, '')}<ip address='10.97.${String(third + 3)}.1' prefix='24'>${dhcp(third + 3)}</ip>`;
  return [
    `<forward mode='nat' dev='nodev'/>${common}${v4(third, '')}`,
    `<forward mode='bridge'/><bridge name='nobridge'/>`,
    `<forward mode='bridge'/><bridge name='br0'/>${ovs}<vlan trunk='yes'><tag id='1' nativeMode='tagged'/><tag id='2'/></vlan>${groups}`,
    `<forward mode='private'><interface dev='nodev'/></forward>${limits}`,
    `<forward mode='hostdev'><address type='pci' domain='0' bus='9' slot='1' function='1'/></forward>${groups}`,
    `<forward mode='vepa' dev='eth23'/>${ovs}`,
    `<forward mode='hostdev' managed='yes'><pf dev='nodev'/></forward>${groups}`,
    `<forward mode='hostdev'><driver name='vfio'/><pf dev='eth20'/></forward>${vlan}`,
    `<forward mode='route'/>${common}${two}${limits}`,
    `<forward mode='open'/>${common}${v4(third, dhcp(third))}${v6(third)}${limits}`,
    `<forward mode='open' dev='eth1'/>${common}`,
    `<forward mode='bridge'/><bridge name='br0'/>${ovs}${groups}`,
    `<bridge name='vr1'/>`,
    `<bridge name='vr%d'/>`,
    `<forward mode='nat'/><mac address='52:54:00:0b:00:01'/>${common.replace(/<mac.*?>/, '')}${v4(third, '')}`,
    `<forward mode='nat'><nat ipv6='yes'><address start='203.0.113.9' end='203.0.113.12'/></nat></forward>${common}${v6(third)}`,
    `<forward mode='nat'/>${common}<ip family='ipv4' address='10.97.${String(third)}.1' prefix='30'>${`<dhcp><range start='10.97.${String(third)}.2' end='10.97.${String(third)}.2'/></dhcp>`}</ip>`,
    `<metadata><app xmlns='urn:x'>1</app><y:b xmlns:y='urn:y'/></metadata>${common}`,
    `<forward mode='nat'/>${common}<dns enable='no'/>${v4(third, dhcp(third))}`,
    `<forward mode='nat'/>${common}<dns forwardPlainNames='no'><forwarder addr='203.0.113.53'/><forwarder domain='x.test' addr='203.0.113.54'/></dns>${v4(third, '')}`,
    `<title>a\nb</title>${common}`,
    `<forward mode='bogus'/>${common}`,
    `<ip address='10.97.1.1' prefix='40'/>`,
    `<forward mode='nat'/><ip address='203.0.113.5' prefix='24'/>${common}`,
  ];
}

const fragments: Readonly<Record<number, readonly string[]>> = {
  4: [
    `<host mac='52:54:00:0b:01:01' name='h1' ip='10.97.1.5'/>`,
    `<host mac='52:54:00:0b:01:02' name='h2' ip='10.97.1.6'/>`,
    `<host mac='52:54:00:0b:01:02' ip='10.97.2.6'/>`,
    `<host mac='52:54:00:0b:01:01' name='other' ip='10.97.1.50'><lease expiry='0'/></host>`,
    `<host name='six' ip='fd97:3::6'/>`,
    `<host mac='52:54:00:0b:01:01'/>`,
    `<host ip='10.97.1.5'/>`,
    `<host name='h2'/>`,
    `<host mac='52:54:00:0b:01:03' name='h1' ip='10.97.1.7'/>`,
    `<host mac='52:54:0:b:1:3' name='h3' ip='10.97.1.7'/>`,
    `<host mac='ff:ff:ff:ff:ff:ff' ip='10.97.1.7'/>`,
    `<host mac='52:54:00:0b:01:04' ip='10.97.9.7'/>`,
    `<host id='00:03:00:01' name='six' ip='fd97:1::7'/>`,
    `<host mac='52:54:00:0b:01:01' name='h1' ip='10.97.4.5'/>`,
  ],
  5: [
    `<range start='10.97.1.100' end='10.97.1.120'/>`,
    `<range start='10.97.1.130' end='10.97.1.140'><lease expiry='5' unit='hours'/></range>`,
    `<range start='10.97.2.130' end='10.97.2.140'/>`,
    `<range start='fd97:1::500' end='fd97:1::5ff'/>`,
    `<range start='10.97.1.130'/>`,
    `<range start='10.97.4.130' end='10.97.4.131'/>`,
    `<range start='10.97.1.110' end='10.97.1.115'/>`,
    `<range start='10.97.1.9' end='10.97.1.8'/>`,
    `<range start='x' end='10.97.1.8'/>`,
  ],
  7: [`<interface dev='eth20'/>`, `<interface dev='nodev'/>`, `<interface dev='eth21'/>`, `<interface dev='eth24'/>`, `<interface/>`],
  9: [
    `<portgroup name='pg0'/>`,
    `<portgroup name='pg0' default='yes'><vlan><tag id='5'/></vlan></portgroup>`,
    `<portgroup name='pg2' default='yes'/>`,
    `<portgroup name='pg2'><bandwidth><outbound average='9'/></bandwidth></portgroup>`,
    `<portgroup/>`,
    `<portgroup name=''/>`,
    `<portgroup name='pg1' trustGuestRxFilters='yes'><virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport></portgroup>`,
    `<portgroup name='pg0'><bandwidth><inbound average='7' floor='7'/></bandwidth></portgroup>`,
  ],
  10: [
    `<host ip='10.97.1.8'><hostname>eight</hostname></host>`,
    `<host ip='10.97.1.9'><hostname>nine</hostname><hostname>neun</hostname></host>`,
    `<host ip='10.97.1.8'/>`,
    `<host><hostname>nine</hostname></host>`,
    `<host ip='10.97.1.10'><hostname>eight</hostname></host>`,
  ],
  11: [`<txt name='t0' value='v'/>`, `<txt name='t0' value='w'/>`, `<txt name='t1' value='a b'/>`, `<txt name='t1'/>`],
  12: [
    `<srv service='ldap' protocol='tcp' domain='d' target='t' port='2'/>`,
    `<srv service='sip' protocol='udp' target='s' port='5060' priority='1' weight='2'/>`,
    `<srv service='ldap'/>`,
    `<srv service='ldap' protocol='tcp'/>`,
  ],
};

/** A fragment for a section; seldom one of another section, or no document. */
export function fragment(rng: Random, section: number): string {
  if (rng.chance(0.03)) return rng.pick(['', '<host', '<x/>', '<host/><host/>', 'text']);
  const own = fragments[rng.chance(0.03) ? 10 : section];
  return rng.pick(own ?? [`<bridge name='x'/>`, `<ip/>`]);
}

const elements = ['<app>1</app>', `<y xmlns:x='urn:q' a="1"><x:z/><w/></y>`, '<bad', ''] as const;

/** Type, value, key and namespace of a metadata call; seldom ones that do not go together. */
export function metadataOf(rng: Random): { type: number; metadata: string | undefined; key: string | undefined; uri: string | undefined } {
  const type = rng.chance(0.12) ? rng.pick([3, 99]) : rng.int(3);
  const odd = rng.chance(0.1);
  const element = (type === 2) !== odd;
  return {
    type,
    metadata: rng.chance(0.2) ? undefined : rng.pick(type === 2 ? elements : ['text', 'more & <text>', 'two\nlines', '']),
    key: element ? rng.pick(['k', 'key2']) : undefined,
    uri: element ? rng.pick(['urn:x', 'urn:y', 'http://x.test/1.0']) : undefined,
  };
}

/** A port of a guest, with or without what some networks cannot give. */
export function portDocument(rng: Random): string {
  const n = rng.int(ports.length);
  const maybe = (probability: number, ...texts: readonly string[]): string => (rng.chance(probability) ? rng.pick(texts) : '');
  const bandwidth = maybe(
    0.3,
    `<bandwidth><inbound average='100' peak='200' burst='50'/><outbound average='10'/></bandwidth>`,
    `<bandwidth><inbound average='100' floor='50'/></bandwidth>`,
    `<bandwidth><inbound floor='300'/></bandwidth>`,
  );
  const plug = maybe(
    0.25,
    `<plug type='direct' dev='eth20' mode='bridge'/>`,
    `<plug type='direct' dev='eth22' mode='private'/>`,
    `<plug type='direct' dev='eth23' mode='vepa'/>`,
    `<plug type='direct' dev='nodev' mode='bridge'/>`,
    `<plug type='network' bridge='vr1'/>`,
    `<plug type='direct' dev='eth20' mode='passthrough'/>`,
    `<plug type='bridge' bridge='br0'/>`,
    `<plug type='hostdev-pci' managed='no'><address domain='0' bus='9' slot='1' function='1'/></plug>`,
  );
  const inner =
    `<uuid>${ports[n] ?? ''}</uuid><owner><name>guest${String(n)}</name><uuid>0b0b0b0b-4444-4222-8333-00000000000${String(n)}</uuid></owner>` +
    `<mac address='52:54:00:0b:02:0${String(n)}'/>${maybe(0.25, '<group>pg0</group>', '<group>pg1</group>', '<group>none</group>')}${bandwidth}` +
    maybe(0.1, `<vlan><tag id='4'/></vlan>`, `<vlan trunk='yes'><tag id='4'/><tag id='5'/></vlan>`) +
    maybe(
      0.1,
      `<virtualport type='openvswitch'/>`,
      `<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>`,
      `<virtualport><parameters interfaceid='0b0b0b0b-5555-4222-8333-000000000001'/></virtualport>`,
    ) +
    maybe(0.15, `<port isolated='yes'/>`, `<rxfilters trustGuest='yes'/>`) +
    plug;
  return `<networkport>${rng.chance(0.03) ? inner.replace(/<(uuid|owner|mac).*?(\/>|<\/\1>)/, '') : inner}</networkport>`;
}
