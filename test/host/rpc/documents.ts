import { writeFileSync } from 'node:fs';
import { RawClient } from '../../support/raw-client.ts';

/**
 * Defines documents that are ill-formed, each in another way, or strange, and asks for every form of what a network's document can be; writes
 * every field of the answers:
 *   node documents.mjs READ-WRITE-SOCKET RESULT
 */
const [path = '', result = ''] = process.argv.slice(2);

const inside = (text: string): string => `<network><name>a</name>${text}</network>`;
const declared = (attributes: string, root = '<network/>'): string => `<?xml ${attributes}?>${root}`;

/** Entities that are good or bad where they are referred to, or where they are declared. */
const entities: readonly string[] = [
  ...['vbr', '', '<', '&lt;', '&#60;', '&#38;#60;', '<x/>', '&#60;x/>', '&amp;', '&#38;', 'a&#38;b', '&#38;#x;', '<x>', '</x>', '<!-- c'],
  ...[']]>', '&f;', '&e;', '&#0;', '&#x110000;', "<x a='1'", "<x a='&f;'/>"],
].map((value) => `<!ENTITY e "${value}">`);
const declarations: readonly string[] = [
  ...entities,
  ...['vbr', '&#60;', '&e;', '&g;'].map((value) => `<!ENTITY f "${value}"><!ENTITY e "a&f;b">`),
  ...["SYSTEM 'f'", "PUBLIC 'p' 'f'", "SYSTEM 'f' NDATA n"].flatMap((id) => [
    `<!ENTITY e ${id}>`,
    `<!ENTITY f ${id}><!ENTITY e 'a&f;b'>`,
    `<!ENTITY e ${id}><!ENTITY e 'second'>`,
    `<!ENTITY e ${id}><!ATTLIST network z CDATA '&e;'>`,
  ]),
  ...["<!ENTITY lt '&#38;#60;'>", "<!ENTITY lt 'x'>", "<!ENTITY a:b 'x'>", "<!ENTITY e SYSTEM 'a#b'>", "<!ENTITY e SYSTEM '%zz#'>", ''],
  ...['<', '&e;', '&f;'].map((value) => `<!ENTITY e '${value}'><!ATTLIST network z CDATA '&e;'>`),
];
const entityDocuments: readonly string[] = [
  ...declarations.flatMap((subset) =>
    ['<x a="&e;"/>', '<title>&e;</title>', '<x a="&e;"/><title>&e;</title>'].map(
      (body) => `<!DOCTYPE network [${subset}]>\n<network>\n<name>a</name>${body}</network>`,
    ),
  ),
  ...[`SYSTEM 'd' `, ''].flatMap((id) =>
    ['yes', 'no'].flatMap((standalone) =>
      ['<x a="&e;"/>', '<title>&e;</title>'].map(
        (body) =>
          `<?xml version="1.0" standalone="${standalone}"?><!DOCTYPE network ${id}[<!ENTITY e '&f;'>]><network><name>a</name>${body}</network>`,
      ),
    ),
  ),
];

const texts: readonly string[] = [
  ...entityDocuments,
  // End tags.
  ...['</nam>', '</nam >', '</nam\n>', '</nam', '</name', '</>', '</ name>', '</names>', '</name x>'].map(
    (end) => `<network><name>a${end}</network>`,
  ),
  '</network>',
  inside('<a><b></a></b>'),
  '<network>\n  <name>a</name\n</network>',
  '\t<network>\n\t\t<x>\n\t</network>',
  `<network>${' '.repeat(90)}</netwerk>`,
  // References.
  ...[
    '&nbsp;',
    '&nbsp',
    '& ',
    '&;',
    '&#;',
    '&#x;',
    '&#xg;',
    '&#12',
    '&#0;',
    '&#65 ',
    '&#99999999;',
    '&#x110000;',
    'a&lt',
    'a&amp b',
    '&#65;&#x42;',
  ].map((text) => `<network><name>${text}</name></network>`),
  ...['&nbsp;', '& ', '&x', '&#x1;', '<'].map((value) => `<network a="${value}"/>`),
  '<network>\n <name>é & ü</name>\n</network>',
  `<network>${'x'.repeat(100)}&</network>`,
  // Start tags.
  ...[
    '<network',
    '<network ',
    '<network /',
    '<network / >',
    '<',
    '< network/>',
    '<1/>',
    '<network a=b/>',
    '<network a/>',
    '<network a></network>',
  ],
  ...['<network a="x"b="y"/>', '<network a="x" a="y"/>', '<network a="x/>', "<network a='x/>"],
  ...[`<a b='1'/c>`, '<a/ >', '<a b="1" /x>', '<a b="1"//>', '<a =""/>', '<a "b"/>', '<a b="1" c="2" d=3/>'].map(inside),
  '<network>\n  <name>a</name>\n  <bridge name="x"\n</network>\n',
  '<network>\n  <na me>a</name>\n</network>',
  // Texts that end too early, in files as editors leave them.
  ...["a='1'", '', ' a', ' a=', " a='x", '>', '><a>', '><!-- ', '>&am', '><name>a</name>'].flatMap((text) =>
    ['', '\n', '\n\n', ' \n', '\r\n', '\n\n  \n', '\n '].map((end) => `<network ${text}${end}`),
  ),
  ...['<!-- ', '<?xml', '<?pi ', '<', '<!DOCTYPE x'].map((text) => `${text}\n\n`),
  // Text, comments, sections, instructions.
  ...['text', '   x', '\nx', '<network>]]></network>', '<network>a]]>b</network>'],
  ...['<!-- -- -->', '<!----x-->', '<!- x -->', '<![CDAT[x]]>', '<!DOCTYPE x>'].map(inside),
  ...['<network><!-- x', '<network><!-- x -', '<network/> <!-- x'],
  ...['<? x?>', '<?x', '<?x y', '<?xml version="1.0"?>', '<?xmlx y?>', '<?XML y?>'].map(inside),
  ...[
    '<network/><network/>',
    '<network/>x',
    '<network/>&amp;',
    '<network/><!DOCTYPE x>',
    ' <?xml version="1.0"?><network/>',
    '<network>\ufffe</network>',
  ],
  // Bytes that are no UTF-8, as the raw client writes them, and elements in one another.
  ...['<name>d\udce9f</name>', "<a b='v\udce9b'/>", '<!-- a\udcff b -->', '<b\udce9/>', '\udce9', '<?a \udce9b?>'].map(inside),
  ...[255, 256, 300].map((n) => inside('<a>'.repeat(n) + '<b/>' + '</a>'.repeat(n))),
  ...['<!DOCTYPE', '<!DOCTYPE >', '<!DOCTYPE network', '<!DOCTYPE network [', '<!DOCTYPE network []'],
  ...['<!FOO>', 'x'].map((subset) => `<!DOCTYPE network [${subset}]><network/>`),
  '<!DOCTYPE network><!DOCTYPE network><network/>',
  ...[
    '',
    'x',
    ' ',
    '<!-- c -->',
    '<!ELEMENT a ANY>',
    '<!ELEMENT a ANY',
    "<!ENTITY e 'v'> x",
    '<?pi x?>',
    '<!',
    '&#37;y;',
    '&#37;x;',
    '<![IGNORE[]]>',
  ].map((value) => `<!DOCTYPE network [<!ENTITY % y '<!-- y -->'>\n<!ENTITY % x "${value}"> %x;]>${inside('')}`),
  ...["[<!ENTITY % x SYSTEM 'f'> %x;]", "[<!ENTITY % x '<!-- c -->'> %x;]", "SYSTEM 'f'"].flatMap((subset) => [
    `<!DOCTYPE network ${subset}>${inside('<title>a&f;b</title>')}`,
    `<?xml version='1.0' standalone='yes'?><!DOCTYPE network ${subset}>${inside('<title>a&f;b</title>')}`,
  ]),
  // Bytes that are no UTF-8, as a file in Latin-1 has them.
  ...['\udce9', '\udcff', '\udcc0\udc80', '\udced\udca0\udc80', '\udcf4\udc90\udc80\udc80', '\udce2\udc82'].flatMap((bytes) => [
    `<network><name>n${bytes}</name></network>`,
    `<network>\n<name>é</name><a b='${bytes}'/></network>`,
    ...[`<!-- ${bytes} -->`, `<![CDATA[${bytes}]]>`, `<a${bytes}/>`, `<a ${bytes}='1'/>`, `&${bytes};`, `<?p ${bytes}?>`].map(inside),
    ...['<a>', '<a>b', '<a></', '<', '<a>&#', '<a b', '<a><![CDATA['].flatMap((before) => [`${before}${bytes}`, `${before}${bytes}/>`]),
  ]),
  // The declaration.
  ...['version="1.0"', 'version="1.0"encoding="UTF-8"', 'encoding="UTF-8"', 'version=1.0', 'version', 'version = "1.0" '].map((a) =>
    declared(a),
  ),
  ...['1.1', '1', '2.0', '', 'x'].map((version) => declared(`version="${version}"`)),
  ...['maybe', 'yes', 'yesx'].map((standalone) => declared(`version="1.0" standalone="${standalone}"`)),
  ...['=UTF-8', ' ', '="UTF-8"standalone="yes"', '="UTF-8" foo="x"'].map((encoding) => declared(`version="1.0" encoding${encoding}`)),
  ...['bogus', '', 'utf8', 'UTF-16', 'latin1', 'windows-1252', 'KOI8-R', 'ASCII', 'EBCDIC', 'Shift_JIS', 'x y', 'ü'].map((encoding) =>
    declared(`version="1.0" encoding="${encoding}"`, inside('é')),
  ),
  ...[
    '<?xml',
    '<?xml ',
    '<?xml version="1.0',
    '<?xml version="1.0"><network/>',
    '<?xml version="1.0"?>',
    '<?xml version="1.0" standalone="yes" encoding="UTF-8"?><network/>',
  ],
  // Namespaces.
  ...[
    '<x:network/>',
    '<network x:a="1"/>',
    '<network xmlns:x=""/>',
    '<network xmlns:xml="u"/>',
    '<network :a="1"/>',
    '<:network/>',
    '<network:/>',
    '<a:b:c/>',
  ],
  ...['<network xmlns="urn:x"><name>a</name></network>', '<n:network xmlns:n="urn:x"><name>a</name></n:network>'],
  // Names and uuids.
  ...[
    '.',
    '..',
    'a/b',
    '/',
    '-x',
    ' lead',
    'trail ',
    '\ttab',
    'é',
    '日本',
    'a;b',
    '$(x)',
    '%d',
    'a\\b',
    'a&quot;b',
    "a'b",
    'a&lt;b',
    'a&#10;b',
    '<![CDATA[a]]>',
    'a<!-- c -->b',
    'a<b/>c',
    ' ',
    '',
  ].map((name) => `<network><name>${name}</name></network>`),
  ...[
    '0',
    '00000000-0000-0000-0000-000000000000',
    '0A0A0A0A111142228333000000000001',
    '0a0a0a0a 1111-4222 8333- 000000000001',
    ' 0a0a0a0a-1111-4222-8333-000000000001 ',
    '0a0a0a0a-1111-4222-8333-00000000000',
    '',
    '0a0a0a0a 1111 4222 8333 000000000001',
    ' - 0a-0a 0a - 0a1111-422283330000 00000001\n\t',
    '0a0a0a0a-1111-4222-8333-000000000001-',
    '0a0a0a0a\t1111-4222-8333-000000000001',
    '0a0a0a0a-1111-4222-8333-0000000000-1',
    '0a0a0a0a-1111-4222-8333-00000000000 1',
  ].map((uuid) => inside(`<uuid>${uuid}</uuid>`)),
  // MAC addresses, of the bridge and of hosts.
  ...[
    '52:54:00:0b:1:01 ',
    '52:54:00:0b:01:01 x',
    '52:54:00:0b:01:01é',
    '52:54:00:0b:01:01x',
    ' 52:54:00:0b:01:01',
    '052:54:00:0b:01:01',
  ].flatMap((mac) => [
    inside(`<bridge name='vdoc'/><mac address='${mac}'/>`),
    inside(
      `<bridge name='vdoc'/><ip address='10.95.1.1' prefix='24'><dhcp><range start='10.95.1.5' end='10.95.1.9'/><host mac='${mac}' ip='10.95.1.7'/></dhcp></ip>`,
    ),
  ]),
  // As deep as libxml2 goes, and the levels that it indents.
  ...[35, 254, 255].map((depth) => inside(`<metadata><m xmlns='urn:m'>${'<x>'.repeat(depth)}${'</x>'.repeat(depth)}</m></metadata>`)),
  // What is read in one place and not in another.
  ...[
    `<forward mode='passthrough'><address type='pci' bus='4'/><pf dev='eth20'/><pf/></forward>`,
    `<forward mode='hostdev'><pf dev='eth20'/><address type='pci' bus='4'/><pf dev='eth21'/></forward>`,
    `<forward mode='passthrough'><interface dev='eth20'/><pf/></forward>`,
    `<metadata><p:a xmlns:p=''/><b xmlns='urn:b'/></metadata>`,
    `<ip address='10.95.1.1' prefix='24'><dhcp><range start='10.95.1.5' end='10.95.1.9'/><bootp file=''/></dhcp></ip>`,
    ...["average='1' burst='4194304'", "average='18014398509481985'"].map((limit) => `<bandwidth><inbound ${limit}/></bandwidth>`),
    `<portgroup name='p'><bandwidth><inbound average='1' burst='4294967296'/></bandwidth></portgroup>`,
  ].map((body) => inside(`<bridge name='vdoc'/>${body}`.replace(/.*(?=<forward)/, ''))),
  // Bridges that are named by a pattern.
  ...['foo%d', 'foo%dx', 'foo%d%d', '%d', '%s', 'foo%%d', 'foo%5d', 'virbr%d', 'a b', 'a/b', ''].map((name) =>
    inside(`<bridge name='${name}'/>`),
  ),
];

const rows: string[] = [];
const client = await RawClient.open(path);
/** Chosen by each daemon for itself. */
const plain = (text: string): string =>
  text.replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b52:54:00(?::[0-9a-f]{2}){3}\b/g, 'made up');
async function told(what: string, outcome: Promise<unknown>): Promise<void> {
  rows.push(`${what}: ${plain(JSON.stringify(await outcome))}`);
}

for (const text of texts) {
  const outcome = await client.try('networkDefineXml', text);
  await told(`define ${text}`, Promise.resolve(outcome));
  if (!outcome.ok) continue;
  await told(' document', client.try('networkGetXmlDesc', { network: outcome.value, flags: 0 }));
  await client.call('networkUndefine', outcome.value);
}

const uuid = '0e0e0e0e-2222-4222-8333-000000000001';
const nat = (inner: string): string =>
  `<network><name>n</name><uuid>${uuid}</uuid><forward mode='nat'>${inner}</forward><bridge name='vdoc'/><mac address='52:54:00:0e:00:01'/><ip address='10.95.1.1' prefix='24'/></network>`;
const network = { name: 'n', uuid };
async function forms(when: string): Promise<void> {
  for (const flags of [0, 1]) await told(`${when}, flags ${String(flags)}`, client.try('networkGetXmlDesc', { network, flags }));
}
for (const inner of [
  '',
  '<nat/>',
  `<nat ipv6='yes'/>`,
  `<nat><address start='1.2.3.4' end='1.2.3.5'/></nat>`,
  `<nat><port start='5' end='9'/></nat>`,
]) {
  await client.call('networkCreateXml', nat(inner));
  await forms(`transient ${inner}`);
  await client.call('networkDefineXml', nat(inner));
  await forms(`stored as well ${inner}`);
  await client.call('networkUndefine', network);
  await forms(`no longer stored ${inner}`);
  await client.call('networkDestroy', network);
}

// Ports and fragments with a prefix, and MAC addresses as a client may write them.
await client.call('networkCreateXml', nat(''));
for (const [prefix, mac] of [
  ['', '52:54:00:0e:0:7'],
  ['n:', '52:54:00:0e:00:07'],
  ['', '52:54:00:0e:00:07 x'],
  ['', '52:54:00:0e:00:07é'],
  ['', ' 52:54:00:0e:00:07'],
] as const) {
  const xml = `<${prefix}networkport xmlns:n='urn:n'><uuid>${uuid}</uuid><owner><name>g</name><uuid>${uuid}</uuid></owner><mac address='${mac}'/></${prefix}networkport>`;
  await told(`port ${xml}`, client.try('networkPortCreateXml', { network, xml, flags: 0 }));
  await told(' document', client.try('networkPortGetXmlDesc', { port: { network, uuid }, flags: 0 }));
  await client.try('networkPortDelete', { port: { network, uuid }, flags: 0 });
  await told(`leases of ${mac}`, client.try('networkGetDhcpLeases', { network, mac, needResults: 1, flags: 0 }));
}
for (const xml of [
  `<n:txt xmlns:n='urn:n' name='a' value='1'/>`,
  `<txt xmlns='urn:n' name='b' value='1'/>`,
  `<n:x xmlns:n='urn:n'/>`,
  '<n:txt/>',
]) {
  await told(`fragment ${xml}`, client.try('networkUpdate', { network, command: 3, section: 11, parentIndex: -1, xml, flags: 0 }));
}
await forms('with fragments');
// Limits of each type that a client may send; those that are no limit are left out, as libvirt keeps an empty element for them.
const limited = { network, uuid };
await client.call('networkPortCreateXml', {
  network,
  xml: `<networkport><uuid>${uuid}</uuid><owner><name>g</name><uuid>${uuid}</uuid></owner><mac address='52:54:00:0e:00:07'/></networkport>`,
  flags: 0,
});
for (const value of [
  { type: 'int', value: -5 },
  { type: 'llong', value: (7n << 32n) + 6n },
  { type: 'ullong', value: 12n },
  { type: 'double', value: 0.1 },
  { type: 'boolean', value: true },
] as const) {
  const parameters = ['inbound.average', 'inbound.peak', 'outbound.average', 'outbound.burst'].map((field) => ({ field, ...value }));
  const shown = `${value.type} ${String(value.value)}`;
  await told(`limits, ${shown}`, client.try('networkPortSetParameters', { port: limited, parameters, flags: 0 }));
  await told(' parameters', client.try('networkPortGetParameters', { port: limited, count: 0, flags: 0 }));
  await told(' document', client.try('networkPortGetXmlDesc', { port: limited, flags: 0 }));
}
// A port that its network could not serve is taken back; what comes after it is not refused for it.
await client.call('networkPortDelete', { port: limited, flags: 0 });
const ovs = `<networkport><uuid>${uuid}</uuid><owner><name>g</name><uuid>${uuid}</uuid></owner><mac address='52:54:00:0e:00:07'/><virtualport type='openvswitch'/><plug type='network' bridge='vdoc'/></networkport>`;
await told('reclaimed', client.try('networkPortCreateXml', { network, xml: ovs, flags: 1 }));
const more = `<txt name='behind' value='it'/>`;
await told('update', client.try('networkUpdate', { network, command: 3, section: 11, parentIndex: -1, xml: more, flags: 1 }));
await client.call('networkDestroy', network);

// What the schema refuses, each way a document can be wrong; the words of libxml2's validator are its own.
const bodies: readonly string[] = [
  ...[
    '<x/>',
    'text',
    '<bridge nmae="x"/>',
    '<name>b</name>',
    '<mtu size="1500"/><mtu size="9000"/>',
    '<uuid>bad</uuid>',
    '<title>a\nb</title>',
  ],
  ...['<mtu size="big"/>', '<mtu size="9"/>', '<forward mode="zz"/>', '<forward mode="none"/>', '<mac address="52:54:0:1:2:3"/>'],
  ...[
    '<bridge name=""/>',
    '<bridge name="a,b"/>',
    '<bridge name="a b"/>',
    '<bridge name="a.b-c_d"/>',
    '<bandwidth><inbound average="0"/></bandwidth>',
  ],
  ...[
    '<dns enable="maybe"/>',
    '<portgroup/>',
    '<portgroup name="a b"/>',
    '<portgroup name="ok"/>',
    '<portgroup name="p" default="maybe"/>',
    '<route/>',
  ],
  ...[
    '<vlan/>',
    '<vlan><tag/></vlan>',
    '<ip address="300.1.1.1" prefix="24"/>',
    '<ip address="10.1.1.1" prefix="33"/>',
    '<ip prefix="24"/>',
  ],
  ...['<ip family="ipv5" address="10.1.1.1" prefix="24"/>', '<ip address="10.1.1.1" netmask="255.0.255.0"/>', '<forward mode="nat"/>'],
  // Namespaces, values of each kind, what stands together, how often.
  ...[
    "<bridge xmlns='urn:n'/>",
    "<x xmlns='urn:n'/>",
    "<bridge xml:lang='en'/>",
    '<metadata>text</metadata>',
    "<metadata a='1'/>",
    '<metadata/>',
  ],
  ...["<d:options xmlns:d='urn:d'/>", "<options xmlns='http://libvirt.org/schemas/network/dnsmasq/1.0'><option value=''/></options>"],
  ...[
    '<title/>',
    '<description/>',
    "<domain name=''/>",
    "<domain name='a_b'/>",
    "<bridge name='a' delay=' 7 '/>",
    "<bridge name='a' delay='+7'/>",
  ],
  ...[
    "<bridge stp=' on '/>",
    "<bridge zone='a.b'/>",
    "<bridge macTableManager=''/>",
    "<mtu size='+1500'/>",
    "<mtu size='65536'/>",
    '<mac/>',
  ],
  ...[
    "<mac address='01:00:5e:00:00:01'/>",
    "<forward mode=''/>",
    '<forward><nat/><nat/></forward>',
    "<forward><nat><port start='0' end='9'/></nat></forward>",
  ],
  ...[
    "<forward mode='bridge'><interface dev='a'/><address type='pci'/></forward>",
    "<vlan trunk='no'><tag id='1'/></vlan>",
    "<vlan><tag id='4096'/></vlan>",
  ],
  ...[
    "<virtualport type='802.1Qbh'><parameters managerid='1'/></virtualport>",
    "<virtualport><parameters managerid='0x1f'/></virtualport>",
  ],
  ...[
    "<virtualport type='midonet'/>",
    "<bandwidth><outbound average='1' floor='2'/></bandwidth>",
    "<bandwidth><inbound burst='+1' average='1'/></bandwidth>",
  ],
  ...[
    "<dns><txt name='a b' value='c'/></dns>",
    "<dns><srv service='a' protocol='sctp'/></dns>",
    "<dns><srv service='a' protocol='tcp' target='b' port='0'/></dns>",
  ],
  ...[
    '<dns><forwarder/></dns>',
    "<dns><host ip='1.2.3'><hostname>a</hostname></host></dns>",
    "<dns><host ip='1.2.3.4'/></dns>",
    "<port isolated='on'/>",
  ],
  ...[
    "<ip address='10.1.1.1' prefix='24' netmask='255.255.255.0'/>",
    "<ip address='10.1.1.1' prefix='129'/>",
    "<ip address='10.1.1.1' family=''/>",
  ],
  ...["<ip address='10.1.1.1' prefix='24'><tftp/></ip>", "<route address='10.2.0.0' prefix='16' gateway='10.1.1.1' metric='0'/>"],
  ...[
    "<host ip='10.1.1.2'/>",
    "<host mac='52:54:00:00:00:01' id='0:1' ip='10.1.1.2'/>",
    "<host name='' ip='10.1.1.2'/>",
    "<range start='10.1.1.2' end='10.1.1.9'><lease expiry='5' unit='days'/></range>",
    "<range start='10.1.1.2' end='10.1.1.9'/><bootp file='' server='a'/>",
  ].map((inner) => `<ip address="10.1.1.1" prefix="24"><dhcp>${inner}</dhcp></ip>`),
  ...[
    '<title>t</title><description>d</description>',
    '<metadata><x xmlns="urn:x" y="1"/></metadata>',
    '<forward dev="$(id)" mode="route"/>',
  ],
];
for (const xml of ['<x/>', '<network/>', '<network', '<network><uuid>0</uuid><name>a</name></network>', ...bodies.map(inside)]) {
  const outcome = await client.try('networkDefineXmlFlags', { xml, flags: 1 });
  await told(`validated ${xml}`, Promise.resolve(outcome.ok ? 'taken' : [outcome.error.code, outcome.error.domain]));
  if (outcome.ok) await client.call('networkUndefine', outcome.value);
}

await client.call('networkCreateXml', nat(''));
const owned = `<uuid>${uuid}</uuid><owner><name>g</name><uuid>${uuid}</uuid></owner><mac address='52:54:00:0e:00:07'/>`;
const pciPlug = (address: string): string => `<plug type='hostdev-pci' managed='yes'><driver name='vfio'/>${address}</plug>`;
for (const inner of [
  ...['', '<group>a b</group>', '<group/>', '<class/>', '<vlan/>', `<rxfilters/>`, `<plug type='none'/>`, `<plug type='network'/>`],
  ...[
    `<plug type='network' bridge='b' dev='c'/>`,
    `<plug type='direct' dev='d' mode='x'/>`,
    pciPlug(`<address bus='4'/>`),
    pciPlug(`<address type='pci'/>`),
  ],
  ...[
    `<bandwidth classID='0'/>`,
    `<bandwidth><inbound floor='5'/></bandwidth>`,
    `<bandwidth><inbound burst='5'/></bandwidth>`,
    `<virtualport type='x'/>`,
  ],
]) {
  const xml = `<networkport>${owned}${inner}</networkport>`;
  const outcome = await client.try('networkPortCreateXml', { network, xml, flags: 2 });
  await told(`validated ${xml}`, Promise.resolve(outcome.ok ? 'taken' : [outcome.error.code, outcome.error.domain]));
  await client.try('networkPortDelete', { port: { network, uuid }, flags: 0 });
}
await client.call('networkDestroy', network);

const described = await client.call('networkDefineXml', inside('<bridge name="vf1"/>'));
for (const metadata of [
  '',
  ' ',
  '<',
  '<x',
  '<x><y></x>',
  '<x a="1" a="2"/>',
  '<x>\u0001</x>',
  '<!-- c -->',
  '<x/>y',
  ' <?xml version="1.0"?><x/>',
]) {
  const outcome = await client.try('networkSetMetadata', { network: described, type: 2, metadata, key: 'k', uri: 'urn:x', flags: 2 });
  await told(`metadata ${JSON.stringify(metadata)}`, Promise.resolve(outcome));
}
// The bridge is taken: libvirt looks at that after it has read the document, and before it looks at what its parts say together.
const dhcp = (net: number): string =>
  `<ip address="10.96.${net}.1" prefix="24"><dhcp><range start="10.96.${net}.4" end="10.96.${net}.9"/></dhcp></ip>`;
const wrong = [
  ...[
    '',
    dhcp(1) + dhcp(2),
    '<portgroup name="g"/><portgroup name="g"/>',
    '<vlan><tag id="4"/></vlan>',
    '<mtu size="x"/>',
    '<ip prefix="24"/>',
  ],
  ...[
    '<forward mode="bridge"/><mac address="52:54:00:00:00:01"/>',
    '<forward mode="hostdev"/>',
    '<forward mode="nat"><address/></forward>',
    '<portgroup/>',
  ],
];
for (const body of wrong) {
  for (const name of ['b', 'b\n']) {
    const xml = `<network><name>${name}</name><bridge name="vf1"/>${body}</network>`;
    await told(`taken bridge ${JSON.stringify(xml)}`, client.try('networkDefineXml', xml));
    await told(' created', client.try('networkCreateXml', xml));
  }
}
await client.call('networkUndefine', described);
// Of a pool of one device: whether it is exhausted for a port, before or after what that port lacks.
const profile = (inner: string): string => `<virtualport type='802.1Qbh'>${inner}</virtualport>`;
const whole = profile(`<parameters profileid='p'/>`);
const floor = `<bandwidth><inbound average='5' floor='5'/></bandwidth>`;
for (const mode of ['private', 'vepa', 'passthrough']) {
  for (const [common, first] of [
    ['', ''],
    ['', whole],
    [whole, ''],
    [profile(''), whole],
  ] as const) {
    for (const second of ['', whole, profile(''), profile('') + floor, `<virtualport type='802.1Qbg'/>`, floor]) {
      await client.call(
        'networkCreateXml',
        `<network><name>n</name><uuid>${uuid}</uuid><forward mode='${mode}'><interface dev='eth20'/></forward>${common}</network>`,
      );
      for (const inner of [first, second]) {
        const xml = `<networkport>${inner === first ? owned : owned.replace('0001', '0002')}${inner}</networkport>`;
        await told(`pool ${mode} ${common} ${first} ${xml}`, client.try('networkPortCreateXml', { network, xml, flags: 0 }));
      }
      await client.call('networkDestroy', network);
    }
  }
}
client.end();
writeFileSync(result, JSON.stringify(rows));
