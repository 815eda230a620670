import { writeFileSync } from 'node:fs';
import { random } from '../../oracle/generate/random.ts';
import { lifecycleEvent, metadataChangeEvent } from '../../../src/libvirt-rpc/protocol/events.ts';
import type { ArgsOf, ProcedureName } from '../../../src/libvirt-rpc/protocol/procedures.ts';
import type { WireError } from '../../../src/libvirt-rpc/protocol/structs.ts';
import { HEADER_LENGTH } from '../../../src/libvirt-rpc/wire/packet.ts';
import { XdrReader } from '../../../src/libvirt-rpc/xdr/reader.ts';
import { RawClient } from '../../support/raw-client.ts';
import { fragment, metadataOf, networkDocument, networks, portDocument, ports, type Ref } from './random-documents.ts';

/**
 * Plays a long session of calls in no sensible order over few networks and few ports, so that each call meets each state, and writes every
 * field of each answer and event:
 *   node random-session.mjs READ-WRITE-SOCKET READ-ONLY-SOCKET SEED CALLS RESULT
 */
const [readWrite = '', readOnly = '', seed = '', calls = '', result = ''] = process.argv.slice(2);
const rng = random(Number(seed));
const rows: string[] = [];

/** What each daemon makes up for itself, by its place in the session. */
const known = new Map<string, string>();
function withoutChance(text: string): string {
  return text.replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b52:54:00(?::[0-9a-f]{2}){3}\b/g, (found) => {
    if (/^(0b0b0b0b-|52:54:00:0b:0[0-2]:)/.test(found)) return found;
    if (!known.has(found)) known.set(found, `made-up-${String(known.size)}`);
    return known.get(found) ?? found;
  });
}
/**
 * libvirt prints a port's uuid as raw bytes there, forgets the count of guests in an update, and keeps an empty element where a port's limits
 * were taken away.
 */
const withoutQuirks = (text: string): string =>
  text
    .replace(/(?<=in use by network port).*$/s, '')
    .replace(/ connections='\d+'/g, '')
    .replace(/ *<bandwidth>\n *<\/bandwidth>\n/g, '');
/** The words of libvirt's schema are its validator's. */
const withoutWords = (text: string): string => text.replace(/(?<=failed to validate against schema: ).*$/s, '');
const plain = (_key: string, v: unknown): unknown =>
  typeof v === 'bigint' ? String(v) : typeof v === 'string' ? withoutWords(withoutQuirks(v)) : v;
const show = (value: unknown): string => withoutChance(JSON.stringify(value, plain) ?? 'nothing');

/** The words of libvirt's schema stand in an error's second string too. */
const wordless = (error: WireError): WireError => (error.code === XML_INVALID_SCHEMA ? { ...error, str2: undefined } : error);
const XML_INVALID_SCHEMA = 92;

/** Lists have no order: libvirt's comes from a hash table. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]));
}

const ids: number[] = [];
async function call<K extends ProcedureName>(client: RawClient, name: K, args: ArgsOf<K>, asked: unknown = args): Promise<void> {
  const outcome = await client.try(name, args);
  let answer: unknown = outcome.ok ? sorted(outcome.value) : wordless(outcome.error);
  if (name === 'networkEventRegisterAny' && outcome.ok) answer = `callback ${String(ids.push(outcome.value as number) - 1)}`;
  rows.push(`${client === reader ? 'read-only ' : client === other ? 'other ' : ''}${name} ${show(asked)}\n    ${show(answer)}`);
}

const writer = await RawClient.open(readWrite);
const other = await RawClient.open(readWrite);
const reader = await RawClient.open(readOnly);
const number = (...from: readonly number[]): number => rng.pick(from);
const gone: readonly Ref[] = ['gone', '', 'a/b', 'x'.repeat(300), 'two words', '../a', 'é\n'].map((name) => ({
  name,
  uuid: '0b0b0b0b-2222-4222-8333-00000000dead',
}));
/** Seldom one that never was, or the name of one network with the uuid of another. */
function ref(): Ref {
  if (rng.chance(0.04)) return rng.pick(gone);
  const network = rng.pick(networks);
  return rng.chance(0.04) ? { name: rng.pick([...networks, ...gone]).name, uuid: network.uuid } : network;
}
const port = (): ArgsOf<'networkPortDelete'>['port'] => ({ network: ref(), uuid: rng.pick(ports) });
const oddFlag = (...usual: readonly number[]): number => (rng.chance(0.05) ? 1 << rng.int(32) : rng.pick(usual)) >>> 0;

/** Each kind of call with how often it is made. */
const kinds: readonly (readonly [weight: number, make: (client: RawClient) => Promise<void>])[] = [
  [8, (c) => call(c, 'networkDefineXml', networkDocument(rng))],
  [2, (c) => call(c, 'networkDefineXmlFlags', { xml: networkDocument(rng), flags: oddFlag(0, 0, 1) })],
  [4, (c) => call(c, 'networkCreateXml', networkDocument(rng, { starts: true }))],
  [2, (c) => call(c, 'networkCreateXmlFlags', { xml: networkDocument(rng, { starts: true }), flags: oddFlag(0, 0, 1) })],
  [8, (c) => call(c, 'networkCreate', ref())],
  [5, (c) => call(c, 'networkDestroy', ref())],
  [3, (c) => call(c, 'networkUndefine', ref())],
  [3, (c) => call(c, 'networkSetAutostart', { network: ref(), autostart: number(0, 1, 1, 7, -1, -0x8000_0000) })],
  [1, (c) => call(c, 'networkGetAutostart', ref())],
  [1, (c) => call(c, 'networkGetBridgeName', ref())],
  [1, (c) => call(c, 'networkIsActive', ref())],
  [1, (c) => call(c, 'networkIsPersistent', ref())],
  [4, (c) => call(c, 'networkGetXmlDesc', { network: ref(), flags: oddFlag(0, 0, 1) })],
  [1, (c) => call(c, 'networkLookupByName', ref().name)],
  [1, (c) => call(c, 'networkLookupByUuid', ref().uuid)],
  [14, (c) => call(c, 'networkUpdate', update())],
  [
    2,
    (c) =>
      call(c, 'networkGetDhcpLeases', {
        network: ref(),
        mac: rng.chance(0.3)
          ? undefined
          : rng.pick([
              '52:54:00:0b:01:01',
              'x',
              '',
              '52:54:0:B:1:1',
              '52:54:00:0b:01:01 ',
              'ff:ff:ff:ff:ff:ff',
              '525400:0b01:01',
              '52-54-00-0b-01-01',
            ]),
        needResults: number(0, 1, 9),
        flags: oddFlag(0),
      }),
  ],
  [5, (c) => call(c, 'networkSetMetadata', { network: ref(), ...metadataOf(rng), flags: oddFlag(0, 1, 2, 3) })],
  [
    3,
    (c) => {
      const { type, uri } = metadataOf(rng);
      return call(c, 'networkGetMetadata', { network: ref(), type, uri, flags: oddFlag(0, 1, 2, 3) });
    },
  ],
  [10, (c) => call(c, 'networkPortCreateXml', { network: ref(), xml: portDocument(rng), flags: oddFlag(0, 0, 0, 1, 2, 3) })],
  [2, (c) => call(c, 'networkListAllPorts', { network: ref(), needResults: number(0, 1), flags: oddFlag(0) })],
  [1, (c) => call(c, 'networkPortLookupByUuid', { network: ref(), uuid: rng.pick(ports) })],
  [3, (c) => call(c, 'networkPortGetXmlDesc', { port: port(), flags: oddFlag(0) })],
  [2, (c) => call(c, 'networkPortGetParameters', { port: port(), count: number(0, 5, -3), flags: oddFlag(0) })],
  [3, (c) => call(c, 'networkPortSetParameters', { port: port(), parameters: parameters(), flags: oddFlag(0) })],
  [4, (c) => call(c, 'networkPortDelete', { port: port(), flags: oddFlag(0) })],
  [2, (c) => call(c, 'listAllNetworks', { needResults: number(0, 1), flags: rng.int(64) })],
  [1, (c) => call(c, 'listNetworks', number(0, 100))],
  [1, (c) => call(c, 'listDefinedNetworks', number(0, 100))],
  [1, (c) => call(c, 'numOfNetworks', undefined)],
  [1, (c) => call(c, 'numOfDefinedNetworks', undefined)],
  [1, (c) => call(c, 'networkEventRegisterAny', { eventId: number(0, 0, 1, 2), network: rng.chance(0.5) ? undefined : ref() })],
  [
    1,
    (c) => {
      const i = rng.int(12);
      return call(c, 'networkEventDeregisterAny', ids[i] ?? 77_777, { callback: i });
    },
  ],
];

function update(): ArgsOf<'networkUpdate'> {
  const section = rng.chance(0.05) ? rng.int(16) : number(4, 4, 5, 7, 9, 10, 11, 12);
  const command = rng.chance(0.05) ? rng.int(8) : number(1, 2, 3, 3, 4);
  return {
    network: ref(),
    command,
    section,
    parentIndex: number(-1, -1, -1, 0, 1, 2, -7, 99, -0x8000_0000),
    xml: fragment(rng, section),
    flags: oddFlag(0, 1, 2, 3),
  };
}

function parameters(): ArgsOf<'networkPortSetParameters'>['parameters'] {
  const names = [
    'inbound.average',
    'inbound.peak',
    'inbound.floor',
    'inbound.burst',
    'outbound.average',
    'outbound.peak',
    'outbound.burst',
  ];
  const chosen = rng.chance(0.07) ? ['outbound.floor', 'x', ''] : names;
  return chosen
    .filter(() => rng.chance(0.4))
    .map((field) =>
      rng.chance(0.1) ? oddParameter(field) : { field, type: 'uint' as const, value: number(0, 1, 100, 5000, 0xffff_ffff) },
    );
}

/** A parameter of another type than libvirt's limits have; it takes the number as if it had the right one. */
function oddParameter(field: string): ArgsOf<'networkPortSetParameters'>['parameters'][number] {
  return rng.pick([
    { field, type: 'int', value: number(-5, 0, 77) },
    { field, type: 'llong', value: rng.pick([-1n, 1n << 40n, 12n]) },
    { field, type: 'ullong', value: rng.pick([0n, (1n << 32n) + 9n]) },
    { field, type: 'double', value: number(0, 1.5, 100) },
    { field, type: 'boolean', value: rng.chance(0.5) },
  ] as const);
}

const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
async function step(): Promise<void> {
  let at = rng.int(total);
  const kind = kinds.find(([weight]) => (at -= weight) < 0);
  await kind?.[1](rng.chance(0.08) ? reader : rng.chance(0.2) ? other : writer);
}

await call(writer, 'networkEventRegisterAny', { eventId: 0, network: undefined });
await call(writer, 'networkEventRegisterAny', { eventId: 1, network: undefined });
await call(other, 'networkEventRegisterAny', { eventId: 0, network: undefined });
await call(reader, 'networkEventRegisterAny', { eventId: 0, network: networks[0] });
for (let i = 0; i < Number(calls); i++) await step();
await new Promise((resolve) => setTimeout(resolve, 300));
for (const [who, client] of [
  ['writer', writer],
  ['other', other],
  ['reader', reader],
] as const) {
  for (const { procedure, type, serial, status, bytes } of client.others) {
    const codec = procedure === lifecycleEvent.number ? lifecycleEvent.body : metadataChangeEvent.body;
    const body = codec.decode(new XdrReader(bytes, HEADER_LENGTH));
    rows.push(
      `event to ${who} ${String(procedure)} ${String(type)} ${String(serial)} ${String(status)}: ${show({ ...body, callbackId: ids.indexOf(body.callbackId) })}`,
    );
  }
}
// Their bridges would be in the way of the next session.
const left = await writer.call('listAllNetworks', { needResults: 1, flags: 2 });
for (const network of left.networks) await writer.call('networkDestroy', network);
for (const client of [writer, other, reader]) client.end();
writeFileSync(result, JSON.stringify(rows));
