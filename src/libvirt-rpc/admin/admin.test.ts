import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDriver } from '../../../test/support/fake-driver.ts';
import { RawClient } from '../../../test/support/raw-client.ts';
import { error as errorCodec } from '../protocol/structs.ts';
import { RpcServer } from '../server.ts';
import { ADMIN_PROGRAM, HEADER_LENGTH, writePacket } from '../wire/packet.ts';
import { XdrReader } from '../xdr/reader.ts';
import { adminCalls } from './calls.ts';
import type { AdminArgs, AdminProcedure, AdminProcedureName, AdminReturn } from './protocol.ts';
import { adminProcedures } from './protocol.ts';
import type { AdminLog, Peer } from './service.ts';

/** The admin program on a socket of its own; how it compares with libvirtd's is in test/host/virt-admin.oracle.test.ts. */

let folder: string;
let main: RpcServer;
let admin: RpcServer;
let log: AdminLog;
let peer: Peer | undefined;
let shutdowns: number;
let clients: RawClient[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'virtnet-admin-'));
  log = { priority: 2, initial: 2, destinations: ['journald', 'stderr'] };
  peer = { pid: 7, uid: 8, gid: 9, user: 'somebody' };
  shutdowns = 0;
  clients = [];
  const options = { driver: new FakeDriver().driver, portXml: () => '' };
  const servers = new Map<string, RpcServer>();
  const calls = adminCalls({ libvirtVersion: 1, servers, log, peer: () => Promise.resolve(peer), shutdown: () => shutdowns++ });
  main = new RpcServer(options);
  admin = new RpcServer({ ...options, calls });
  servers.set('admin', admin).set('main', main);
  await main.listen({ path: join(folder, 'main'), mode: 0o700 }, 'read-write');
  await main.listen({ path: join(folder, 'main-ro'), mode: 0o700 }, 'read-only');
  await admin.listen({ path: join(folder, 'admin'), mode: 0o700 }, 'read-write');
});

afterEach(async () => {
  for (const client of clients) client.end();
  await main.close(100);
  await admin.close(100);
  rmSync(folder, { recursive: true });
});

async function connect(socket: string): Promise<RawClient> {
  const client = await RawClient.connect(join(folder, socket));
  clients.push(client);
  return client;
}

/** The result of a call on a connection of its own, or the words that it is refused with. */
async function call<K extends AdminProcedureName>(name: K, args: AdminArgs<K>, socket = 'admin'): Promise<AdminReturn<K> | string> {
  const { number, args: argsCodec, ret } = adminProcedures[name] as AdminProcedure<AdminArgs<K>, AdminReturn<K>>;
  const client = await connect(socket);
  const packet = await client.callRaw({ program: ADMIN_PROGRAM, procedure: number }, (header) => writePacket(header, argsCodec, args));
  const reader = new XdrReader(packet.bytes, HEADER_LENGTH);
  return packet.status === 0 ? ret.decode(reader) : (errorCodec.decode(reader).message ?? '');
}

const server = { name: 'main' };
const flags = 0;

test('clients are listed, told of and disconnected', async () => {
  const first = await connect('main');
  await connect('main-ro');
  await expect.poll(() => main.status.clients).toBe(2);
  const listed = await call('serverListClients', { server, needResults: 1, flags });
  expect(listed).toMatchObject({ count: 2, clients: [{ server, id: 1n, transport: 0 }, { id: 2n }] });
  const told = async (id: bigint): Promise<unknown> => call('clientGetInfo', { client: { server, id, since: 0n, transport: 0 }, flags });
  const who = [
    { field: 'unix_user_id', type: 'int', value: 8 },
    { field: 'unix_user_name', type: 'string', value: 'somebody' },
    { field: 'unix_group_id', type: 'int', value: 9 },
    { field: 'unix_process_id', type: 'int', value: 7 },
  ];
  expect(await told(1n)).toEqual([{ field: 'readonly', type: 'boolean', value: false }, ...who]);
  peer = undefined;
  expect(await told(2n)).toEqual([{ field: 'readonly', type: 'boolean', value: true }]);
  await call('clientClose', { client: { server, id: 1n, since: 0n, transport: 0 }, flags });
  await first.closed;
  expect(await call('serverLookupClient', { server, id: 1n, flags })).toBe("Client not found: No client with matching ID '1'");
  expect(await call('serverLookupClient', { server, id: 2n, flags })).toMatchObject({ id: 2n });
});

test('a limit holds at once; connections that are there stay', async () => {
  const parameters = [
    { field: 'nclients_max', type: 'uint', value: 1 },
    { field: 'nclients_unauth_max', type: 'uint', value: 0 },
  ] as const;
  const there = [await RawClient.open(join(folder, 'main')), await RawClient.open(join(folder, 'main'))];
  clients.push(...there);
  expect(await call('serverSetClientLimits', { server, parameters, flags })).toBeUndefined();
  const late = await connect('main');
  await late.closed;
  for (const client of there) expect(await client.call('numOfNetworks', undefined)).toBe(0);
});

test('the log is set to what the last output says, and back', async () => {
  const set = (value: string | undefined): Promise<unknown> => call('connectSetLoggingOutputs', { value, flags });
  expect(await set('4:journald 1:stderr')).toBeUndefined();
  expect(await call('connectGetLoggingOutputs', { flags })).toEqual({ outputs: '1:journald', count: 1 });
  expect(await set('3:file:/x')).toBe('Operation not supported: virtnetd writes its log to journald, not to a file of its own');
  expect(log.priority).toBe(1);
  expect(await set(undefined)).toBeUndefined();
  expect(log.priority).toBe(2);
});

test('who asks for the end is answered first, and may take leave', async () => {
  expect(await call('connectDaemonShutdown', { flags: 1 })).toBeUndefined();
  expect(shutdowns).toBe(0);
  clients.at(-1)?.end();
  await expect.poll(() => shutdowns).toBeGreaterThan(0);
});

test('no other socket serves it, and its own serves nothing else', async () => {
  for (const socket of ['main', 'main-ro'])
    expect(await call('connectDaemonShutdown', { flags }, socket)).toBe(`Cannot find program ${ADMIN_PROGRAM} version 1`);
  expect(shutdowns).toBe(0);
  const client = await connect('admin');
  const refused = await client.try('connectOpen', { name: undefined, flags: 0 });
  expect(refused.ok ? '' : refused.error.message).toMatch(/^Cannot find program 536903814 version 1/);
});
