import { writeFileSync } from 'node:fs';
import { lifecycleEvent, metadataChangeEvent } from '../../../src/libvirt-rpc/protocol/events.ts';
import type { ArgsOf, ProcedureName } from '../../../src/libvirt-rpc/protocol/procedures.ts';
import { HEADER_LENGTH } from '../../../src/libvirt-rpc/wire/packet.ts';
import { XdrReader } from '../../../src/libvirt-rpc/xdr/reader.ts';
import { RawClient } from '../../support/raw-client.ts';

/**
 * Plays the calls that programs without libvirt's C library make (go-libvirt and what is built on it: terraform's provider, exporters), call for
 * call, and writes every field of each answer and event:
 *   node sessions.mjs READ-WRITE-SOCKET RESULT
 */
const [path = '', result = ''] = process.argv.slice(2);
const rows: string[] = [];

/** Callback ids are the daemon's own; which is which is not. */
const ids = new Map<number, string>();

function note(what: string, value: unknown): void {
  rows.push(`${what}: ${JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`);
}

async function call<K extends ProcedureName>(client: RawClient, name: K, args: ArgsOf<K>): Promise<void> {
  const outcome = await client.try(name, args);
  if (name === 'networkEventRegisterAny' && outcome.ok) {
    ids.set(outcome.value as number, `callback ${ids.size}`);
    note(name, ids.get(outcome.value as number));
  } else note(`${name} ${JSON.stringify(args)}`, outcome.ok ? outcome.value : outcome.error);
}

/** What came without being asked for since the last look. */
function events(client: RawClient): void {
  for (const { procedure, type, serial, status, bytes } of client.others.splice(0)) {
    const codec = procedure === lifecycleEvent.number ? lifecycleEvent.body : metadataChangeEvent.body;
    const body = codec.decode(new XdrReader(bytes, HEADER_LENGTH));
    note(`event ${procedure} ${type} ${serial} ${status}`, { ...body, callbackId: ids.get(body.callbackId) });
  }
}

const net = { name: 'go', uuid: '0e0e0e0e-2222-4222-8333-000000000001' };
const xml =
  `<network><name>go</name><uuid>${net.uuid}</uuid><forward mode='nat'/><bridge name='vgo0'/><mac address='52:54:00:0e:0e:01'/>` +
  `<domain name='go.test' localOnly='yes'/><ip address='10.98.1.1' prefix='24'><dhcp><range start='10.98.1.100' end='10.98.1.200'/></dhcp></ip></network>`;
const gone = { name: 'gone', uuid: '0e0e0e0e-2222-4222-8333-000000000009' };
const port = { network: net, uuid: '0e0e0e0e-3333-4222-8333-000000000001' };
const portXml =
  `<networkport><uuid>${port.uuid}</uuid><owner><name>vm</name><uuid>0e0e0e0e-4444-4222-8333-000000000001</uuid></owner>` +
  `<mac address='52:54:00:0e:00:07'/><bandwidth><inbound average='100'/></bandwidth></networkport>`;
const host = (mac: string, ip: string, name = ''): string =>
  `<host mac='52:54:00:0e:00:${mac}'${name === '' ? '' : ` name='${name}'`} ip='10.98.1.${ip}'/>`;
const update = (command: number, section: number, fragment: string, flags: number, parentIndex = -1): ArgsOf<'networkUpdate'> => ({
  network: net,
  command,
  section,
  parentIndex,
  xml: fragment,
  flags,
});

const client = await RawClient.connect(path);
// The way in: go-libvirt's Connect.
await call(client, 'authList', undefined);
await call(client, 'connectOpen', { name: 'network:///system', flags: 0 });
await call(client, 'connectGetType', undefined);
await call(client, 'connectGetUri', undefined);
await call(client, 'connectGetLibVersion', undefined);
for (let feature = -1; feature <= 32; feature++) await call(client, 'connectSupportsFeature', feature);
await call(client, 'connectSetIdentity', { parameters: [{ field: 'user-name', type: 'string', value: 'root' }], flags: 7 });
await call(client, 'connectSetIdentity', { parameters: [{ field: 'system.token', type: 'string', value: '0123' }], flags: 0 });
await call(client, 'connectSetIdentity', { parameters: [{ field: 'shoe-size', type: 'int', value: 9 }], flags: 0 });
// Everything is looked at before there is anything.
for (const flags of [0, 1, 2, 3, 4, 8, 16, 32, 63, 64, 0x8000_0000]) await call(client, 'listAllNetworks', { needResults: 1, flags });
for (const max of [-1, 0, 5, 16_384, 16_385]) {
  await call(client, 'listNetworks', max);
  await call(client, 'listDefinedNetworks', max);
}
await call(client, 'networkEventRegisterAny', { eventId: 0, network: undefined });
await call(client, 'networkEventRegisterAny', { eventId: 0, network: undefined });
await call(client, 'networkEventRegisterAny', { eventId: 1, network: net });
await call(client, 'networkEventRegisterAny', { eventId: 2, network: undefined });
await call(client, 'networkEventRegisterAny', { eventId: -1, network: undefined });
await call(client, 'networkEventDeregisterAny', 99_999);
// terraform's libvirt_network: create, read, update, delete.
await call(client, 'networkLookupByName', 'go');
await call(client, 'networkDefineXml', xml);
await call(client, 'networkSetAutostart', { network: net, autostart: 1 });
await call(client, 'networkCreate', net);
await call(client, 'networkCreate', net);
await call(client, 'networkIsActive', net);
await call(client, 'networkIsPersistent', net);
await call(client, 'networkGetAutostart', net);
await call(client, 'networkGetBridgeName', net);
await call(client, 'networkLookupByUuid', net.uuid);
for (const flags of [0, 1, 2]) await call(client, 'networkGetXmlDesc', { network: net, flags });
for (const flags of [0, 1, 2, 3, 4]) {
  await call(client, 'networkUpdate', update(3, 4, host(`1${flags}`, `1${flags}`, `a${flags}`), flags));
  await call(client, 'networkUpdate', update(3, 4, host(`1${flags}`, `1${flags}`, `a${flags}`), flags));
}
await call(client, 'networkUpdate', update(1, 4, host('10', '77', 'b'), 3));
await call(client, 'networkUpdate', update(2, 4, host('10', '77', 'b'), 3));
await call(client, 'networkUpdate', update(3, 10, "<host ip='10.98.1.5'><hostname>x.go.test</hostname></host>", 3));
await call(client, 'networkUpdate', update(3, 10, "<host ip='10.98.1.5'><hostname>x.go.test</hostname></host>", 3));
await call(client, 'networkUpdate', update(3, 11, "<txt name='t' value='v'/>", 3));
await call(client, 'networkUpdate', update(2, 11, "<txt name='none'/>", 3));
await call(client, 'networkUpdate', update(9, 4, host('20', '20'), 3));
await call(client, 'networkUpdate', update(3, 99, host('20', '20'), 3));
await call(client, 'networkUpdate', update(3, 4, host('20', '20'), 3, 7));
for (const flags of [0, 1]) await call(client, 'networkGetXmlDesc', { network: net, flags });
for (const mac of [undefined, '52:54:00:0e:00:07', 'not a mac']) {
  await call(client, 'networkGetDhcpLeases', { network: net, mac, needResults: 1, flags: 0 });
}
await call(client, 'networkGetDhcpLeases', { network: net, mac: undefined, needResults: 1, flags: 1 });
// Metadata, of all kinds, there and not there.
for (const type of [0, 1, 2, 3]) {
  const uri = type === 2 ? 'urn:x' : undefined;
  await call(client, 'networkGetMetadata', { network: net, type, uri, flags: 0 });
  await call(client, 'networkSetMetadata', {
    network: net,
    type,
    metadata: type === 2 ? '<m>1</m>' : 'text',
    key: uri && 'k',
    uri,
    flags: 3,
  });
  await call(client, 'networkGetMetadata', { network: net, type, uri, flags: 2 });
  await call(client, 'networkGetMetadata', { network: net, type, uri: 'urn:other', flags: 0 });
}
// Elements and prefixes of all sorts; what is given is laid out in one line, as libvirt shows it after a restart too.
const keyed = (metadata: string, key = 'k'): ArgsOf<'networkSetMetadata'> => ({
  network: net,
  type: 2,
  metadata,
  key,
  uri: 'urn:z',
  flags: 2,
});
for (const key of ['1k', 'k:k', 'é', '', ' ', 'k k', '-k', '_k', 'k.', 'XML', 'k·', '\u0301k', '日本', '🎈', 'k<', 'k"']) {
  await call(client, 'networkSetMetadata', keyed('<a/>', key));
}
const elements = [
  ...[
    '<!-- x --><a/>',
    '<?x y?><a/>',
    '<!DOCTYPE a><a/>',
    '<?xml version="1.0"?><a/>',
    ' <a/>',
    '<a/><!-- x -->',
    '<a/><b/>',
    '<a',
    'text',
  ],
  ...[
    '<a xmlns:k="urn:o"/>',
    '<a xmlns:k="urn:z"/>',
    '<k:a xmlns:k="urn:z"/>',
    '<z:a xmlns:z="urn:z"><z:b/><c/></z:a>',
    '<a xmlns="urn:z"><b/></a>',
  ],
  ...['<a><b xmlns:k="urn:o"><k:c/></b></a>', '<a xmlns="urn:q"/>', '<q:a/>', '<a k:b="1"/>', '<a xml:lang="en"/>', '<é/>'],
];
for (const element of elements) {
  await call(client, 'networkSetMetadata', keyed(element));
  await call(client, 'networkGetMetadata', { network: net, type: 2, uri: 'urn:z', flags: 2 });
}
await call(client, 'networkGetXmlDesc', { network: net, flags: 1 });
// Ports, as virtqemud makes them.
await call(client, 'networkPortCreateXml', { network: net, xml: portXml, flags: 0 });
await call(client, 'networkPortCreateXml', { network: net, xml: portXml, flags: 0 });
await call(client, 'networkPortCreateXml', { network: net, xml: portXml, flags: 1 });
await call(client, 'networkPortCreateXml', { network: net, xml: '<networkport/>', flags: 0 });
await call(client, 'networkListAllPorts', { network: net, needResults: 1, flags: 0 });
await call(client, 'networkListAllPorts', { network: net, needResults: 0, flags: 0 });
await call(client, 'networkListAllPorts', { network: net, needResults: 1, flags: 1 });
await call(client, 'networkPortLookupByUuid', { network: net, uuid: port.uuid });
await call(client, 'networkPortLookupByUuid', { network: net, uuid: gone.uuid });
await call(client, 'networkPortGetXmlDesc', { port, flags: 0 });
await call(client, 'networkPortGetXmlDesc', { port, flags: 1 });
await call(client, 'networkPortGetParameters', { port, count: 0, flags: 0 });
await call(client, 'networkPortSetParameters', { port, parameters: [{ field: 'outbound.average', type: 'uint', value: 50 }], flags: 0 });
await call(client, 'networkPortGetParameters', { port, count: 77, flags: 0 });
await call(client, 'networkPortSetParameters', { port, parameters: [], flags: 1 });
await call(client, 'networkPortDelete', { port, flags: 1 });
await call(client, 'networkPortDelete', { port, flags: 0 });
await call(client, 'networkPortDelete', { port, flags: 0 });
// The way out, and what is asked of what is gone.
await call(client, 'networkUndefine', net);
await call(client, 'networkIsPersistent', net);
await call(client, 'networkSetAutostart', { network: net, autostart: 1 });
await call(client, 'networkDestroy', net);
await call(client, 'networkDestroy', net);
await call(client, 'networkUndefine', gone);
await call(client, 'networkCreateXmlFlags', { xml: xml.replace('<name>', '<nmae/><name>'), flags: 2 });
await call(client, 'networkCreateXml', xml);
await call(client, 'networkUndefine', net);
await call(client, 'networkUpdate', update(3, 4, host('30', '30'), 2));
// Whichever comes first stops it; the others find it still.
const destroys = await Promise.all([net, gone, net, net, gone].map((network) => client.try('networkDestroy', network)));
note('networkDestroy', destroys.map((outcome) => JSON.stringify(outcome)).sort());
await call(client, 'networkDestroy', net);
await new Promise((resolve) => setTimeout(resolve, 300));
events(client);
await call(client, 'connectOpen', { name: 'network:///system', flags: 0 });
await call(client, 'connectClose', undefined);
await client.closed;
const uris = [
  ...['network:///', 'network:///session', 'network:///system?x=y', 'nonsense', 'vbox:///session', 'Network:///system', 'network:/system'],
  ...['network:system', 'network:', 'network://@/system', 'network:///system#', 'network:////system', 'network:///%73ystem', '//system'],
  ...[
    'network:///system%00',
    'network:///sys%20tem',
    'network:///system ',
    ' network:///system',
    ':',
    '1x:///system',
    'a b',
    'a/b:c',
    '?x',
  ],
  ...[
    'network:///sys%tem',
    'network:///sys[tem',
    'network:///sysétem',
    "network:///sys'~tem",
    'network:///system?a b',
    'network:///system#a#b',
  ],
  ...['network:///system?', 'network:///system?x', 'network:///system?x=', 'network:///system?x=y&z=%20é', 'network:///system?x=%e9#y'],
  ...['network:///system?x=y;z=1&&=2&a=b=c', 'network:///system?x=+&x=1#', 'network:///system#a%20b', 'network:///sys%74em?%41=%42'],
  ...['network:///system?%00=1&a=%00b', 'network:///system?a=/:@!$', "network:///system?a='(),*~._-", 'network:///system?a=[]'],
  ...['net_work:///system', 'net-work:///system', 'network://h:x/system', 'network://[::1/system', 'network:///../system', 'qemu:///'],
];
for (const name of uris) {
  const other = await RawClient.connect(path);
  await call(other, 'connectOpen', { name, flags: 0 });
  // Of an empty user libxml2 makes one that is called like the rest of the text.
  if (!name.includes('@/')) await call(other, 'connectGetUri', undefined);
  other.end();
}
for (const flags of [2, 4, 0xffff_fffe]) {
  const other = await RawClient.connect(path);
  await call(other, 'connectOpen', { name: 'network:///system', flags });
  await call(other, 'numOfNetworks', undefined);
  other.end();
}
writeFileSync(result, JSON.stringify(rows));
