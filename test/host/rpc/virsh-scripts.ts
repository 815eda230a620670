// A table of scripts: longer than a file of code should be.

/** One virsh command; `@NAME` stands for a file of the script. */
export interface Step {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Commands that run while this one does. */
  readonly during?: readonly Step[];
  /** Another program than virsh. */
  readonly program?: string;
}

export interface Script {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** `'net-start a'` as a step; words with spaces are put in as a list. */
function v(command: string, ...more: string[]): Step {
  return { argv: [...command.split(' ').filter((w) => w !== ''), ...more] };
}

const uuid = (n: number): string => `0a0a0a0a-1111-4222-8333-${String(n).padStart(12, '0')}`;
const mac = (n: number): string => `52:54:00:77:00:${n.toString(16).padStart(2, '0')}`;

interface Parts {
  readonly name?: string;
  readonly n?: number;
  readonly uuid?: string;
  readonly body?: string;
}

/** A network document with a fixed uuid and MAC; `n` also makes its bridge and its subnet. */
function net({ name = 'a', n = 1, uuid: id = uuid(n), body }: Parts = {}): string {
  const inner =
    body ??
    `<forward mode='nat'/><bridge name='vd${n}' stp='on' delay='0'/><mac address='${mac(n)}'/>` +
      `<ip address='10.88.${n}.1' netmask='255.255.255.0'><dhcp><range start='10.88.${n}.10' end='10.88.${n}.99'/>` +
      `<host mac='52:54:00:88:00:01' name='one' ip='10.88.${n}.5'/></dhcp></ip>`;
  return `<network><name>${name}</name><uuid>${id}</uuid>${inner}</network>`;
}

const isolated = (n: number, name: string): string =>
  net({ n, name, body: `<bridge name='vd${n}'/><mac address='${mac(n)}'/><ip address='10.88.${n}.1' prefix='24'/>` });

const lists = [
  '',
  '--all',
  '--inactive',
  '--persistent',
  '--transient',
  '--autostart',
  '--no-autostart',
  '--all --name',
  '--all --uuid',
].concat(
  [
    '--all --table',
    '--all --title',
    '--all --persistent',
    '--all --transient',
    '--all --autostart',
    '--all --no-autostart',
    '--name --uuid',
  ],
  ['--inactive --autostart --name', '--all --persistent --no-autostart --uuid', '--transient --name', '--table --name'],
);

const lifecycle: Script = {
  name: 'lifecycle',
  files: {
    a: net(),
    b: isolated(2, 'b'),
    t: isolated(3, 't'),
    clash: net({ n: 9, name: 'a' }),
    renamed: net({ name: 'other' }),
    'no-uuid': '<network><name>a</name></network>',
    'same-bridge': net({ name: 'c', n: 4, body: `<bridge name='vd1'/>` }),
    edited: net({ body: `<bridge name='vd1'/><mac address='${mac(1)}'/><ip address='10.88.1.1' prefix='24'/>` }),
  },
  steps: [
    v('net-define @a'),
    v('net-define @a'),
    v('net-define @b'),
    v('net-create @t'),
    v('net-create @t'),
    v('net-define @clash'),
    v('net-define @renamed'),
    v('net-define @no-uuid'),
    v('net-define @same-bridge'),
    v('net-create @same-bridge'),
    v('net-start a'),
    v('net-start a'),
    v('net-create @a'),
    v('net-start nope'),
    v(`net-start ${uuid(2)}`),
    v(`net-start ${uuid(77)}`),
    v('net-info a'),
    v('net-info b'),
    v('net-info t'),
    v('net-info nope'),
    v(`net-name ${uuid(1)}`),
    v(`net-name ${uuid(77)}`),
    v('net-name a'),
    v('net-uuid a'),
    v('net-uuid nope'),
    v('net-autostart a'),
    v('net-autostart a'),
    v('net-autostart b'),
    v('net-autostart b --disable'),
    v('net-autostart t'),
    v('net-autostart nope'),
    ...lists.map((flags) => v(`net-list ${flags}`)),
    v('net-dumpxml a'),
    v('net-dumpxml a --inactive'),
    v('net-dumpxml b'),
    v('net-dumpxml t'),
    v('net-dumpxml t --inactive'),
    v('net-dumpxml nope'),
    v('net-define @edited'),
    v('net-dumpxml a'),
    v('net-dumpxml a --inactive'),
    v('net-define @t'),
    v('net-info t'),
    v('net-undefine t'),
    v('net-info t'),
    v('net-undefine t'),
    v('net-destroy t'),
    v('net-info t'),
    v('net-destroy t'),
    v('net-destroy a'),
    v('net-destroy a'),
    v('net-create @edited'),
    v('net-info a'),
    v('net-undefine a'),
    v('net-info a'),
    v('net-destroy a'),
    v('net-list --all'),
    v('net-undefine b'),
    v('net-list --all'),
    v('net-list --all --name'),
    v('net-undefine nope'),
    v('net-destroy nope'),
  ],
};

const badBodies: Readonly<Record<string, string>> = {
  'bad-address': `<ip address='300.1.1.1' netmask='255.255.255.0'/>`,
  'no-address': `<ip netmask='255.255.255.0'/>`,
  'bad-netmask': `<ip address='10.1.1.1' netmask='nonsense'/>`,
  'odd-netmask': `<bridge name='vd5'/><mac address='${mac(5)}'/><ip address='10.1.1.1' netmask='255.0.255.0'/>`,
  'bad-prefix': `<ip address='10.1.1.1' prefix='33'/>`,
  'family-mismatch': `<ip family='ipv6' address='10.1.1.1' prefix='24'/>`,
  'bad-mac': `<mac address='xx'/>`,
  'multicast-mac': `<mac address='01:00:00:00:00:01'/>`,
  'bad-mtu': `<mtu size='big'/>`,
  'bad-mode': `<forward mode='tunnel'/>`,
  'no-function': `<forward mode='hostdev'><address type='pci' domain='0' bus='0x7f' slot='1' function='0'/></forward>`,
  'nat-without-ip': `<forward mode='nat'/>`,
  'bridge-with-ip': `<forward mode='bridge'/><bridge name='br0'/><ip address='10.1.1.1' prefix='24'/>`,
  'vlan-on-bridge': `<bridge name='vd5'/><vlan><tag id='4'/></vlan><ip address='10.1.1.1' prefix='24'/>`,
  'nat-port-start': `<forward mode='nat'><nat><port end='9'/></nat></forward><ip address='10.1.1.1' prefix='24'/>`,
  'nat-port-order': `<forward mode='nat'><nat><port start='9' end='3'/></nat></forward><ip address='10.1.1.1' prefix='24'/>`,
  'range-outside': `<ip address='10.1.1.1' prefix='24'><dhcp><range start='10.2.1.2' end='10.2.1.9'/></dhcp></ip>`,
  'range-reversed': `<ip address='10.1.1.1' prefix='24'><dhcp><range start='10.1.1.9' end='10.1.1.2'/></dhcp></ip>`,
  'range-no-end': `<ip address='10.1.1.1' prefix='24'><dhcp><range start='10.1.1.9'/></dhcp></ip>`,
  'host-nothing': `<ip address='10.1.1.1' prefix='24'><dhcp><host ip='10.1.1.2'/></dhcp></ip>`,
  'host-bad-mac': `<ip address='10.1.1.1' prefix='24'><dhcp><host mac='zz' ip='10.1.1.2'/></dhcp></ip>`,
  'host-bad-ip': `<ip address='10.1.1.1' prefix='24'><dhcp><host mac='52:54:00:00:00:01' ip='10.1.1.300'/></dhcp></ip>`,
  'host-no-ip': `<ip address='10.1.1.1' prefix='24'><dhcp><host mac='52:54:00:00:00:01'/></dhcp></ip>`,
  'two-dhcp': `<ip address='10.1.1.1' prefix='24'><dhcp><range start='10.1.1.2' end='10.1.1.3'/></dhcp></ip><ip address='10.1.2.1' prefix='24'><dhcp><range start='10.1.2.2' end='10.1.2.3'/></dhcp></ip>`,
  'txt-no-name': `<dns><txt value='x'/></dns>`,
  'txt-space': `<dns><txt name='a b' value='x'/></dns>`,
  'txt-no-value': `<dns><txt name='a'/></dns>`,
  'dnshost-no-ip': `<dns><host><hostname>a</hostname></host></dns>`,
  'dnshost-no-name': `<dns><host ip='10.1.1.2'/></dns>`,
  'srv-no-service': `<dns><srv protocol='tcp'/></dns>`,
  'portgroup-no-name': `<portgroup/>`,
  'two-defaults': `<portgroup name='x' default='yes'/><portgroup name='y' default='yes'/>`,
  'forward-no-dev': `<forward mode='bridge'><interface/></forward>`,
  'route-no-gateway': `<ip address='10.1.1.1' prefix='24'/><route address='10.9.0.0' prefix='16'/>`,
  'bandwidth-no-average': `<bandwidth><inbound peak='5'/></bandwidth>`,
  'bad-isolated': `<port isolated='maybe'/>`,
  'bad-domain-local': `<domain name='x' localOnly='maybe'/>`,
  'bad-ipv6': `<ip family='ipv6' address='fd00::g' prefix='64'/>`,
  'bad-delay': `<bridge name='vd5' delay='soon'/>`,
  'bad-trust': `<bridge name='vd5' macTableManager='nobody'/>`,
};
const wholeDocuments: Readonly<Record<string, string>> = {
  'wrong-root': `<domain><name>a</name></domain>`,
  'no-name': `<network><uuid>${uuid(5)}</uuid></network>`,
  'empty-name': `<network><name></name></network>`,
  'slash-name': `<network><name>a/b</name></network>`,
  'newline-name': `<network><name>a\nb</name></network>`,
  'bad-uuid': `<network><name>a</name><uuid>not-a-uuid</uuid></network>`,
  'not-xml': `this is no XML`,
  'cut-short': `<network><name>a</name>`,
  'empty-file': ``,
  'unknown-element': net({
    name: 'u',
    n: 5,
    body: `<bridge name='vd5'/><mac address='${mac(5)}'/><surprise/><ip address='10.88.5.1' prefix='24'/>`,
  }),
};

const badDocuments: readonly Script[] = [
  {
    name: 'bad documents: define',
    files: {
      ...Object.fromEntries(Object.entries(badBodies).map(([k, body]) => [k, net({ name: 'bad', n: 5, body })])),
      ...wholeDocuments,
    },
    steps: [...Object.keys(badBodies), ...Object.keys(wholeDocuments)].map((file) => v(`net-define @${file}`)),
  },
  {
    name: 'bad documents: create and validate',
    files: {
      ...Object.fromEntries(Object.entries(badBodies).map(([k, body]) => [k, net({ name: 'bad', n: 5, body })])),
      ...wholeDocuments,
      good: net(),
    },
    steps: [
      ...['bad-address', 'bad-mode', 'no-function', 'nat-without-ip', 'range-outside', 'wrong-root', 'no-name', 'not-xml', 'bad-uuid'].map(
        (f) => v(`net-create @${f}`),
      ),
      v('net-define @no-such-file'),
      v('net-define --validate @good'),
      v('net-define'),
      v('net-list --all'),
    ],
  },
];

/** A fragment of each updatable section, new to the network and already in it. */
const fragments: Readonly<Record<string, readonly [fresh: string, known: string]>> = {
  'ip-dhcp-host': [
    `<host mac='52:54:00:88:00:02' name='two' ip='10.88.1.6'/>`,
    `<host mac='52:54:00:88:00:01' name='one' ip='10.88.1.5'/>`,
  ],
  'ip-dhcp-range': [`<range start='10.88.1.200' end='10.88.1.210'/>`, `<range start='10.88.1.10' end='10.88.1.99'/>`],
  'forward-interface': [`<interface dev='eth20'/>`, `<interface dev='eth1'/>`],
  portgroup: [`<portgroup name='new'/>`, `<portgroup name='staff'/>`],
  'dns-host': [`<host ip='10.88.1.7'><hostname>seven</hostname></host>`, `<host ip='10.88.1.8'><hostname>eight</hostname></host>`],
  'dns-txt': [`<txt name='fresh' value='x'/>`, `<txt name='known' value='v'/>`],
  'dns-srv': [
    `<srv service='sip' protocol='tcp' domain='d' target='t' port='1'/>`,
    `<srv service='ldap' protocol='tcp' domain='d' target='t' port='2'/>`,
  ],
  bridge: [`<bridge name='vd8'/>`, `<bridge name='vd1'/>`],
  domain: [`<domain name='x'/>`, `<domain name='y'/>`],
  ip: [`<ip address='10.88.77.1' prefix='24'/>`, `<ip address='10.88.1.1' prefix='24'/>`],
  forward: [`<forward mode='route'/>`, `<forward mode='nat'/>`],
  'forward-pf': [`<pf dev='eth1'/>`, `<pf dev='eth2'/>`],
};
const updated = net({
  body:
    `<bridge name='vd1'/><mac address='${mac(1)}'/>` +
    `<dns><txt name='known' value='v'/><srv service='ldap' protocol='tcp' domain='d' target='t' port='2'/><host ip='10.88.1.8'><hostname>eight</hostname></host></dns>` +
    `<ip address='10.88.1.1' netmask='255.255.255.0'><dhcp><range start='10.88.1.10' end='10.88.1.99'/><host mac='52:54:00:88:00:01' name='one' ip='10.88.1.5'/></dhcp></ip>` +
    `<portgroup name='staff'/>`,
});
const update = (command: string, section: string, fragment: string, flags: string): Step =>
  v(`net-update a ${command} ${section}`, fragment, ...flags.split(' '));
const commands = ['add', 'add-first', 'add-last', 'modify', 'delete'];

const updateMatrix: readonly Script[] = Object.entries(fragments).map(([section, [fresh, known]]) => ({
  name: `net-update ${section}`,
  files: { a: updated },
  steps: [
    v('net-define @a'),
    update('add-last', section, fresh, '--live'),
    ...commands.map((c) => update(c, section, known, '--config')),
    v('net-dumpxml a'),
    v('net-define @a'),
    v('net-start a'),
    ...commands.flatMap((c) => [update(c, section, fresh, '--live'), update(c, section, known, '--live --config')]),
    v('net-dumpxml a'),
    v('net-dumpxml a --inactive'),
    v(`net-update a add ${section} <bad --config`),
    v(`net-update a add ${section} <wrong/> --config`),
    v(`net-update a delete ${section}`, fresh, '--current'),
    v(`net-update a add ${section}`, fresh, '--parent-index', '7', '--config'),
    v('net-destroy a'),
    update('add-last', section, fresh, '--current'),
    v('net-dumpxml a'),
  ],
}));

const updateOdd: Script = {
  name: 'net-update: odd uses',
  files: { a: updated, t: isolated(3, 't') },
  steps: [
    v('net-update nope add dns-txt', `<txt name='x' value='y'/>`, '--config'),
    v('net-define @a'),
    v('net-update a add nowhere', `<x/>`, '--config'),
    v('net-update a explode dns-txt', `<txt name='x' value='y'/>`, '--config'),
    v('net-update a add dns-txt', `<txt name='x' value='y'/>`, '--live', '--config'),
    v('net-create @t'),
    v('net-update t add ip-dhcp-host', `<host mac='52:54:00:88:00:02' ip='10.88.3.6'/>`, '--config'),
    v('net-update t add dns-txt', `<txt name='x' value='y'/>`, '--live'),
    v('net-update t add dns-txt', `<txt name='z' value='y'/>`),
    v('net-update t add dns-txt', `<txt name='z2' value='y'/>`, '--current'),
    v('net-dumpxml t'),
    v('net-update a add ip-dhcp-host', `<host mac='52:54:00:88:00:01' ip='10.88.1.9'/>`, '--config'),
    v('net-update a add ip-dhcp-host', `<host name='one' ip='10.88.1.9'/>`, '--config'),
    v('net-update a modify ip-dhcp-host', `<host mac='52:54:00:88:00:01' name='uno' ip='10.88.1.50'/>`, '--config'),
    v('net-update a modify ip-dhcp-host', `<host mac='52:54:00:88:00:99' name='no' ip='10.88.1.50'/>`, '--config'),
    v('net-update a delete ip-dhcp-host', `<host mac='52:54:00:88:00:01'/>`, '--config'),
    v('net-update a delete ip-dhcp-host', `<host mac='52:54:00:88:00:01'/>`, '--config'),
    v('net-update a add portgroup', `<portgroup name='d1' default='yes'/>`, '--config'),
    v('net-update a add portgroup', `<portgroup name='d2' default='yes'/>`, '--config'),
    v('net-update a modify portgroup', `<portgroup name='staff'><vlan><tag id='7'/></vlan></portgroup>`, '--config'),
    v('net-dumpxml a'),
  ],
};

const portOf = (n: number): string =>
  `<networkport><uuid>${uuid(n)}</uuid><owner><name>g</name><uuid>${uuid(n + 1)}</uuid></owner><mac address='${mac(n)}'/></networkport>`;

/** Its pool's second device goes while the network runs, and is missing at a start. */
const poolsOfMissing: readonly Script[] = ['bridge', 'private', 'vepa', 'passthrough'].map((mode) => ({
  name: `a pool whose device is missing, ${mode}`,
  files: {
    a: net({ body: `<forward mode='${mode}'><interface dev='eth20'/><interface dev='gone'/></forward><portgroup name='staff'/>` }),
    port: portOf(40),
    second: portOf(42),
  },
  steps: [
    { program: 'ip', argv: ['link', 'add', 'gone', 'type', 'veth', 'peer', 'name', 'pgone'] },
    v('net-create @a'),
    { program: 'ip', argv: ['link', 'delete', 'gone'] },
    update('add', 'portgroup', `<portgroup name='new'/>`, '--live'),
    update('modify', 'portgroup', `<portgroup name='staff'><vlan><tag id='5'/></vlan></portgroup>`, '--live'),
    update('delete', 'portgroup', `<portgroup name='new'/>`, '--live'),
    update('add', 'dns-txt', `<txt name='x' value='y'/>`, '--live'),
    update('add', 'forward-interface', `<interface dev='eth21'/>`, '--live'),
    update('add-first', 'forward-interface', `<interface dev='never'/>`, '--live'),
    update('modify', 'forward-interface', `<interface dev='never'/>`, '--live'),
    v('net-metadata a urn:x --live --key k --set <x/>'),
    v('net-dumpxml a'),
    v('net-port-create a @port'),
    v(`net-port-dumpxml a ${uuid(40)}`),
    v('net-dumpxml a'),
    v(`net-port-delete a ${uuid(40)}`),
    ...['eth20', 'gone', 'never'].map((dev) => update('delete', 'forward-interface', `<interface dev='${dev}'/>`, '--live')),
    v('net-dumpxml a'),
    v('net-destroy a'),
    v('net-define @a'),
    v('net-start a'),
    v('net-port-create a @port'),
    v('net-port-create a @second'),
    v(`net-port-dumpxml a ${uuid(42)}`),
    v('net-dumpxml a'),
    v('net-destroy a'),
    v('net-undefine a'),
  ],
}));

const metadata: Script = {
  name: 'metadata',
  files: { a: net(), t: isolated(3, 't') },
  steps: [
    v('net-define @a'),
    v('net-desc a'),
    v('net-desc a --title'),
    v('net-desc a --config A description of a'),
    v('net-desc a'),
    v('net-desc a --title --config Title'),
    v('net-desc a --title'),
    v('net-desc a --live x'),
    v('net-list --all --title'),
    v('net-start a'),
    v('net-desc a --live live text'),
    v('net-desc a'),
    v('net-desc a --config'),
    v('net-desc a --live'),
    v('net-desc a --live --config both'),
    v('net-desc a current'),
    v('net-desc a --title --live', 'two\nlines'),
    v('net-desc a --title --live', ''),
    v('net-desc a --title'),
    v('net-metadata a urn:x'),
    v('net-metadata a urn:x --key k --set <app>1</app>'),
    v('net-metadata a urn:x'),
    v('net-metadata a urn:x --config'),
    v('net-metadata a urn:x --live --config --key k --set', `<app b='2'><c/></app>`),
    v('net-metadata a urn:x --config'),
    v('net-metadata a urn:x --live --config'),
    v('net-metadata a urn:y --key k --set <bad'),
    v('net-metadata a urn:y --set <x/>'),
    v('net-dumpxml a'),
    v('net-dumpxml a --inactive'),
    v('net-metadata a urn:x --remove --live'),
    v('net-metadata a urn:x'),
    v('net-metadata a urn:x --remove --live'),
    v('net-metadata a urn:x --remove --config'),
    v('net-metadata nope urn:x'),
    v('net-desc nope'),
    v('net-create @t'),
    v('net-desc t --config x'),
    v('net-desc t --live x'),
    v('net-desc t'),
    v('net-dumpxml a --inactive'),
  ],
};

const portXml = (n: number, more = '', id = uuid(500 + n)): string =>
  `<networkport><uuid>${id}</uuid><owner><name>guest${n}</name><uuid>${uuid(600 + n)}</uuid></owner><mac address='52:54:00:99:00:0${n}'/>${more}</networkport>`;
/** The networks whose ports get every command; the others get the first ones. */
const thorough: ReadonlySet<string> = new Set(['nat', 'macvtap bridge', 'macvtap passthrough', 'with inbound quality']);
const portsOf = (name: string, document: string): Script => ({
  name: `ports: ${name}`,
  files: {
    a: document,
    p1: portXml(1),
    p2: portXml(2, `<group>staff</group><bandwidth><inbound average='100' peak='200' burst='50'/><outbound average='10'/></bandwidth>`),
    p3: portXml(3, `<port isolated='yes'/><rxfilters trustGuest='yes'/>`),
    floor: portXml(4, `<bandwidth><inbound average='100' floor='50'/></bandwidth>`),
    plug: portXml(5, `<plug type='network' bridge='vd1'/>`),
    'bad-plug': portXml(6, `<plug type='magic'/>`),
    'no-uuid': `<networkport><owner><name>x</name><uuid>${uuid(1)}</uuid></owner><mac address='52:54:00:99:00:09'/></networkport>`,
    'no-owner': `<networkport><uuid>${uuid(501)}</uuid><mac address='52:54:00:99:00:09'/></networkport>`,
    'no-mac': `<networkport><uuid>${uuid(502)}</uuid><owner><name>x</name><uuid>${uuid(1)}</uuid></owner></networkport>`,
    'wrong-root': `<port/>`,
    vlan: portXml(7, `<vlan trunk='yes'><tag id='3'/><tag id='4'/></vlan>`),
  },
  steps: [
    v('net-define @a'),
    v('net-port-list a'),
    v('net-port-create a @p1'),
    v('net-start a'),
    v('net-port-list a'),
    v('net-port-create a @p1'),
    v('net-port-create a @p1'),
    v('net-port-create a @p2'),
    v('net-port-create a @p3 --validate'),
    ...(thorough.has(name)
      ? ['floor', 'plug', 'bad-plug', 'no-uuid', 'no-owner', 'no-mac', 'wrong-root', 'vlan', 'missing']
      : ['floor', 'vlan']
    ).map((f) => v(`net-port-create a @${f}`)),
    v('net-port-create a @p1'),
    v('net-port-list a --uuid'),
    v('net-port-list a --table'),
    ...[501, 502, 503, 507].map((n) => v(`net-port-dumpxml a ${uuid(n)}`)),
    v('net-info a'),
    v('net-dumpxml a'),
    v(`net-port-delete a ${uuid(501)}`),
    v(`net-port-delete a ${uuid(501)}`),
    v(`net-port-delete a ${uuid(599)}`),
    v('net-port-delete a nonsense'),
    v('net-port-list a'),
    v('net-port-list nope'),
    v('net-destroy a'),
    v(`net-port-dumpxml a ${uuid(502)}`),
    v('net-start a'),
    v('net-port-list a'),
  ],
});

const portNetworks: Readonly<Record<string, string>> = {
  nat: net({
    body: `<forward mode='nat'/><bridge name='vd1'/><mac address='${mac(1)}'/><ip address='10.88.1.1' prefix='24'/><portgroup name='staff' default='yes'><bandwidth><inbound average='7'/></bandwidth></portgroup>`,
  }),
  isolated: isolated(1, 'a'),
  open: net({ body: `<forward mode='open'/><bridge name='vd1'/><mac address='${mac(1)}'/><ip address='10.88.1.1' prefix='24'/>` }),
  route: net({ body: `<forward mode='route'/><bridge name='vd1'/><mac address='${mac(1)}'/><ip address='10.88.1.1' prefix='24'/>` }),
  'bridge of the host': net({ body: `<forward mode='bridge'/><bridge name='br0'/>` }),
  'macvtap bridge': net({ body: `<forward mode='bridge'><interface dev='eth20'/><interface dev='eth21'/></forward>` }),
  'macvtap private': net({ body: `<forward mode='private'><interface dev='eth20'/></forward>` }),
  'macvtap vepa': net({ body: `<forward mode='vepa'><interface dev='eth20'/></forward>` }),
  'macvtap passthrough': net({ body: `<forward mode='passthrough'><interface dev='eth20'/><interface dev='eth21'/></forward>` }),
  'with inbound quality': net({
    body: `<bridge name='vd1'/><mac address='${mac(1)}'/><bandwidth><inbound average='1000' peak='5000' burst='1024'/></bandwidth><ip address='10.88.1.1' prefix='24'/>`,
  }),
};

const leases: Script = {
  name: 'leases',
  files: { a: net(), b: isolated(2, 'b') },
  steps: [
    v('net-define @a'),
    v('net-dhcp-leases a'),
    v('net-start a'),
    v('net-dhcp-leases a'),
    v('net-dhcp-leases a --mac 52:54:00:88:00:01'),
    v('net-dhcp-leases a 52:54:00:88:00:01'),
    v('net-dhcp-leases a zz:zz'),
    v('net-dhcp-leases nope'),
    v('net-define @b'),
    v('net-dhcp-leases b'),
  ],
};

const ro = (command: string, ...more: string[]): Step => {
  const step = v(command, ...more);
  return { ...step, argv: ['-r', ...step.argv] };
};
const readOnly: Script = {
  name: 'read-only connection',
  files: { a: net(), p: portXml(1) },
  steps: [
    v('net-define @a'),
    ro('net-define @a'),
    ro('net-create @a'),
    ro('net-start a'),
    v('net-start a'),
    v('net-port-create a @p'),
    ro('net-list --all'),
    ro('net-info a'),
    ro('net-dumpxml a'),
    ro('net-destroy a'),
    ro('net-undefine a'),
    ro('net-autostart a'),
    ro('net-update a add dns-txt', `<txt name='x' value='y'/>`, '--config'),
    ro('net-desc a text'),
    ro('net-desc a'),
    ro('net-metadata a urn:x --key k --set <x/>'),
    ro('net-port-list a'),
    ro('net-port-create a @p'),
    ro(`net-port-dumpxml a ${uuid(501)}`),
    ro(`net-port-delete a ${uuid(501)}`),
    ro('net-dhcp-leases a'),
    ro(`net-name ${uuid(1)}`),
    v('net-info a'),
  ],
};

const edit = (expression: string): Step => ({ ...v('net-edit a'), env: { EDITOR: `sed -i -e '${expression}'`, VISUAL: '' } });
const editing: Script = {
  name: 'net-edit',
  files: { a: net() },
  steps: [
    v('net-define @a'),
    edit('s/one/uno/'),
    v('net-dumpxml a'),
    edit('s/nothing/nothing/'),
    edit('s/<name>a</<name>z</'),
    v('net-list --all'),
    { ...edit('s/10.88.1.1/bad/'), env: { EDITOR: `sed -i -e 's/10.88.1.1/bad/'`, VISUAL: '' } },
    v('net-dumpxml a'),
    v('net-edit nope'),
  ],
};

const events: Script = {
  name: 'events',
  files: { a: net(), t: isolated(3, 't') },
  steps: [
    v('net-event --list'),
    v('net-event'),
    v('net-event --event nothing'),
    {
      ...v('net-event --event lifecycle --loop --timeout 5'),
      during: [
        v('net-define @a'),
        v('net-define @a'),
        v('net-start a'),
        v('net-start a'),
        v('net-autostart a'),
        v('net-update a add dns-txt', `<txt name='x' value='y'/>`, '--live', '--config'),
        v('net-create @t'),
        v('net-destroy t'),
        v('net-destroy a'),
        v('net-undefine a'),
      ],
    },
    v('net-define @a'),
    { ...v('net-event a --event lifecycle --timeout 5'), during: [v('net-create @t'), v('net-start a')] },
    {
      ...v('net-event --event metadata-change --loop --timeout 4'),
      during: [
        v('net-desc a --live new'),
        v('net-desc a --title --config t'),
        v('net-metadata a urn:x --key k --set <x/>'),
        v('net-destroy a'),
      ],
    },
    v('net-event nope --event lifecycle --timeout 1'),
    v('net-event --event lifecycle --timeout 1'),
  ],
};

const connection: Script = {
  name: 'calls of other families',
  files: {},
  steps: [
    'uri',
    'version',
    'hostname',
    'nodeinfo',
    'capabilities',
    'sysinfo',
    'nodememstats',
    'list --all',
    'pool-list --all',
    'iface-list --all',
  ]
    .concat(
      'nodedev-list',
      'secret-list',
      'nwfilter-list',
      'nwfilter-binding-list',
      'maxvcpus',
      'freecell',
      'domcapabilities',
      'vol-list x',
    )
    .map((command) => v(command)),
};

const badDoctype = '<!DOCTYPE x [<!ELEMENT a>]>';
const goodDoctype = '<!DOCTYPE x [<!ELEMENT a ANY><!ENTITY e "f">]>';

const doctypes: Script = {
  name: 'document type declarations',
  files: {
    a: net({ body: `<forward mode='bridge'/><bridge name='br0'/>` }),
    bad: `${badDoctype}${portOf(44)}`,
    good: `${goodDoctype}${portOf(44)}`,
  },
  steps: [
    v('net-create @a'),
    v('net-port-create a @bad'),
    v('net-port-create a @good'),
    v(`net-port-delete a ${uuid(44)}`),
    ...[badDoctype, goodDoctype].flatMap((doctype) => [
      update('add', 'portgroup', `${doctype}<portgroup name='p'/>`, '--live'),
      v('net-metadata a urn:x --live --key k --set', `${doctype}<x/>`),
    ]),
    ...['<?xml y?>', '<!-- -- -->', '<![CDATA[a'].map((inner) => v('net-metadata a urn:x --live --key k --set', `<x>${inner}</x>`)),
    v('net-dumpxml a'),
    v('net-destroy a'),
  ],
};

const strange: Script = {
  name: 'strange names',
  files: {
    spaces: net({ name: 'two words' }),
    quotes: net({ name: `it's "a" $(name);&amp;`, n: 2 }),
    utf8: net({ name: 'nétwörk-é', n: 3 }),
    dots: net({ name: '..', n: 4 }),
    'looks-like-uuid': net({ name: uuid(1), n: 6 }),
  },
  steps: [
    ...['spaces', 'quotes', 'utf8', 'looks-like-uuid'].flatMap((f) => [v(`net-define @${f}`)]),
    v('net-list --all'),
    v('net-start', 'two words'),
    v('net-info', `it's "a" $(name);&`),
    v('net-start', `it's "a" $(name);&`),
    v('net-start', 'nétwörk-é'),
    v('net-dumpxml', 'nétwörk-é'),
    v('net-autostart', 'two words'),
    v('net-autostart', 'nétwörk-é'),
    v(`net-info ${uuid(1)}`),
    v('net-list --all --name'),
  ],
};

export const updateScripts: readonly Script[] = [...updateMatrix, updateOdd, ...poolsOfMissing];

/** All but `updateScripts`. */
export const otherScripts: readonly Script[] = [
  lifecycle,
  ...badDocuments,
  metadata,
  ...Object.entries(portNetworks).map(([name, document]) => portsOf(name, document)),
  leases,
  readOnly,
  editing,
  events,
  connection,
  doctypes,
  strange,
];
