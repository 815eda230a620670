import { writeFileSync } from 'node:fs';
import { error as errorCodec } from '../../../src/libvirt-rpc/protocol/structs.ts';
import { nothing } from '../../../src/libvirt-rpc/xdr/codec.ts';
import { HEADER_LENGTH, writePacket } from '../../../src/libvirt-rpc/wire/packet.ts';
import { XdrReader } from '../../../src/libvirt-rpc/xdr/reader.ts';
import { RawClient } from '../../support/raw-client.ts';

/**
 * Calls every procedure number of libvirt's remote program, and some of other programs, on the two sockets of a daemon, before and after the connection
 * is opened, with arguments that are all zero (empty strings, empty lists, no flags: most decode), and writes what came back:
 *   SKIP=NUMBER,... node procedures.mjs READ-WRITE-SOCKET READ-ONLY-SOCKET RESULT
 */
const [readWrite = '', readOnly = '', result = ''] = process.argv.slice(2);
/** Beyond the last one of libvirt 11.3. */
const LAST = 470;
/** Ends the connection, as it should. */
const CLOSE = 2;
/** What this daemon is not to be asked. */
const SKIP: ReadonlySet<number> = new Set((process.env['SKIP'] ?? '').split(',').filter(Boolean).map(Number));
/** Long enough for the arguments of any procedure. */
const ZEROS = Buffer.alloc(2048);

/** QEMU's, LXC's, keepalive's as a call, admin's, and numbers that C prints as negative: each at versions of its own and of others. */
const PROGRAMS = [0x2000_8087, 0x2000_8088, 0x6b65_6570, 0x0690_0690, 0xffff_fffe];
const VERSIONS = [0, 1, 0x8000_0000];

type Fields = Parameters<RawClient['callRaw']>[0];

async function answer(client: RawClient, fields: Fields): Promise<string> {
  const reply = client.callRaw(fields, (header) => {
    const bytes = Buffer.concat([writePacket(header, nothing, undefined), ZEROS]);
    bytes.writeUInt32BE(bytes.length, 0);
    return bytes;
  });
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, 5000, undefined));
  try {
    const packet = await Promise.race([reply, late]);
    if (packet === undefined) return 'no answer';
    if (packet.status === 0) return `ok ${packet.bytes.subarray(HEADER_LENGTH).toString('hex')}`;
    const { code, domain, message, str1, str2, int1, int2 } = errorCodec.decode(new XdrReader(packet.bytes, HEADER_LENGTH));
    return JSON.stringify([code, domain, message, str1, str2, int1, int2]);
  } catch (failure) {
    return String(failure);
  }
}

async function all(how: string, connect: () => Promise<RawClient>): Promise<readonly (readonly [string, string])[]> {
  const rows: (readonly [string, string])[] = [];
  let client = await connect();
  for (let procedure = -1; procedure <= LAST; procedure++) {
    // What a call changes about its connection must not reach the next one's answer.
    if (client.socket.destroyed || [1, 313].includes(procedure - 1)) {
      client.end();
      client = await connect();
    }
    if (procedure !== CLOSE && !SKIP.has(procedure)) rows.push([`${how} ${procedure}`, await answer(client, { procedure })]);
  }
  client.end();
  client = await connect();
  for (const program of PROGRAMS) {
    for (const version of VERSIONS) {
      for (const procedure of [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8]) {
        rows.push([`${how}, program ${program} version ${version}, ${procedure}`, await answer(client, { program, version, procedure })]);
      }
    }
  }
  client.end();
  return rows;
}

const rows = [
  ...(await all('not opened', () => RawClient.connect(readWrite))),
  ...(await all('read-write', () => RawClient.open(readWrite))),
  ...(await all('read-only', () => RawClient.open(readOnly))),
];
writeFileSync(result, JSON.stringify(rows));
