import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeDriver } from '../../test/support/fake-driver.ts';
import type { Outcome } from '../../test/support/raw-client.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { activatedSockets } from './listeners.ts';
import type { Procedure, ProcedureName } from './protocol/procedures.ts';
import { procedures } from './protocol/procedures.ts';
import { lifecycleEvent } from './protocol/events.ts';
import { error as errorCodec } from './protocol/structs.ts';
import { RpcServer } from './server.ts';
import { pingPacket, pongPacket } from './wire/keepalive.ts';
import { HEADER_LENGTH, KEEPALIVE_PROGRAM, QEMU_PROGRAM, writePacket } from './wire/packet.ts';
import { i32, nothing } from './xdr/codec.ts';
import { XdrReader } from './xdr/reader.ts';

const UUID = '11111111-2222-3333-4444-555555555501';
const XML = `<network><name>net1</name><uuid>${UUID}</uuid><bridge name='virbr7'/></network>`;
const NET = { name: 'net1', uuid: UUID };
const PORT = '22222222-2222-3333-4444-555555555501';

let folder: string;
let rw: string;
let ro: string;
let fake: FakeDriver;
let server: RpcServer;
let notices: string[];
let clients: RawClient[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'virtnet-rpc-'));
  rw = join(folder, 'rw');
  ro = join(folder, 'ro');
  fake = new FakeDriver();
  notices = [];
  clients = [];
  server = new RpcServer({
    driver: fake.driver,
    portXml: (record) => `<networkport><uuid>${record.port.uuid}</uuid></networkport>`,
    onNotice: (message, details) => notices.push(`${message} ${JSON.stringify(details)}`),
  });
  await server.listen({ path: rw, mode: 0o700 }, 'read-write');
  await server.listen({ path: ro, mode: 0o777 }, 'read-only');
});

afterEach(async () => {
  for (const client of clients) client.end();
  await server.close(100);
  rmSync(folder, { recursive: true });
});

async function open(path = rw, flags = 0): Promise<RawClient> {
  const client = await RawClient.open(path, flags);
  clients.push(client);
  return client;
}

async function bare(path = rw): Promise<RawClient> {
  const client = await RawClient.connect(path);
  clients.push(client);
  return client;
}

/** `code/domain message` of a refused call. */
async function refusal(outcome: Promise<Outcome<unknown>>): Promise<string> {
  const result = await outcome;
  return result.ok ? 'accepted' : `${result.error.code}/${result.error.domain} ${result.error.message ?? ''}`;
}

async function rawRefusal(
  client: RawClient,
  fields: Parameters<RawClient['callRaw']>[0],
  payload: Buffer = Buffer.alloc(0),
): Promise<string> {
  const packet = await client.callRaw(fields, (header) => {
    const bytes = Buffer.concat([writePacket(header, nothing, undefined), payload]);
    bytes.writeUInt32BE(bytes.length, 0);
    return bytes;
  });
  const error = errorCodec.decode(new XdrReader(packet.bytes, HEADER_LENGTH));
  return `${error.code}/${error.domain} ${error.message ?? ''}`;
}

describe('opening a connection', () => {
  test.each([
    ['network:///system', 'network:///system'],
    ['network:/system', 'network:///system'],
    ['network:///sys%74em?a=%41#b', 'network:///system?a=%41#b'],
    ['', 'network:///system'],
    [undefined, 'network:///system'],
    ['qemu:///system', 'network:///system'],
  ])('%j is this daemon', async (name, uri) => {
    const client = await bare();
    await client.call('connectOpen', { name, flags: 0 });
    expect(await client.call('connectGetType', undefined)).toBe('network');
    expect(await client.call('connectGetUri', undefined)).toBe(uri);
    expect(await client.call('connectIsSecure', undefined)).toBe(1);
    expect(await client.call('connectGetLibVersion', undefined)).toBe(11003000n);
  });

  test.each([
    ['network:///', "1/0 internal error: unexpected network URI path '/', try network:///system"],
    ['network:///session', "1/0 internal error: unexpected network URI path '/session', try network:///system"],
    ['xen:///system', '5/0 no connection driver available for xen:///system'],
    ['network:///system ', '1/45 internal error: Unable to parse URI network:///system '],
    ['Network:///system', '5/0 no connection driver available for Network:///system'],
    ['network://elsewhere/system', '5/0 no connection driver available for network://elsewhere/system'],
    ['qemu:///session', '5/0 no connection driver available for qemu:///session'],
    ['gibberish', "5/0 no connection driver available for URI 'gibberish' does not include a driver name"],
  ])('%s is refused with libvirt’s words', async (name, words) => {
    const client = await bare();
    expect(await refusal(client.try('connectOpen', { name, flags: 0 }))).toBe(words);
    expect(await refusal(client.try('connectGetType', undefined))).toBe('1/7 internal error: hypervisor connection not open');
  });

  test('nothing but authentication and keepalive works before', async () => {
    const client = await bare();
    expect(await client.call('authList', undefined)).toEqual([0]);
    expect(await client.call('connectSupportsFeature', 10)).toBe(1);
    expect(await refusal(client.try('connectSupportsFeature', 14))).toBe('1/7 internal error: hypervisor connection not open');
    expect(await refusal(client.try('numOfNetworks', undefined))).toBe('1/7 internal error: connection not open');
    expect(await refusal(client.try('authPolkit', undefined))).toBe('1/7 Library function returned error but did not set virError');
    expect(await refusal(client.try('authSaslInit', undefined))).toBe('45/7 authentication failed: authentication failed');
  });

  test('is done once', async () => {
    const client = await open();
    expect(await refusal(client.try('connectOpen', { name: '', flags: 0 }))).toBe('1/7 internal error: connection already open');
  });

  test('features are those of libvirt’s network driver', async () => {
    const client = await open();
    const yes: number[] = [];
    for (let feature = -1; feature < 30; feature++) if ((await client.call('connectSupportsFeature', feature)) === 1) yes.push(feature);
    expect(yes).toEqual([8, 9, 10, 14, 15, 16]);
  });

  test('identity of a proxied user is taken, an unknown field is not', async () => {
    const client = await open();
    const identity = (field: string): Promise<Outcome<void>> =>
      client.try('connectSetIdentity', { parameters: [{ field, type: 'string', value: 'x' }], flags: 0 });
    expect(await refusal(identity('user-name'))).toBe('accepted');
    expect(await refusal(identity('system.token'))).toBe('accepted'); // virtqemud sends it
    expect(await refusal(identity('shoe-size'))).toBe("74/0 argument unsupported: parameter 'shoe-size' not supported");
  });

  test('close is answered, then the server hangs up', async () => {
    const client = await open();
    await client.call('connectClose', undefined);
    await client.closed;
    await expect.poll(() => server.status.clients).toBe(0);
  });

  // A libvirt client that sees but a shutdown reports an error to its close callback, not the end of the connection.
  test('an end of the server closes each connection whole, not by halves', async () => {
    const shutdown = vi.spyOn(Socket.prototype, 'end');
    const client = connect({ path: rw, allowHalfOpen: true }).resume(); // does not answer an end with its own
    await expect.poll(() => server.status.clients).toBe(1);
    const ended = new Promise((resolve) => void client.once('end', resolve));
    await server.close(100);
    await ended;
    expect(shutdown).not.toHaveBeenCalled();
    shutdown.mockRestore();
    client.destroy();
  });
});

describe('packets that are no proper call', () => {
  test('are answered with libvirt’s words and the connection goes on', async () => {
    const client = await open();
    expect(await rawRefusal(client, { procedure: 9999 })).toBe('39/7 unknown procedure: 9999');
    expect(await rawRefusal(client, { procedure: -1 })).toBe('39/7 unknown procedure: -1');
    expect(await rawRefusal(client, { procedure: 315 })).toBe('39/7 unknown procedure: 315');
    expect(await rawRefusal(client, { procedure: 6 })).toBe('3/20 this function is not supported by the connection driver: virNodeGetInfo');
    expect(await rawRefusal(client, { procedure: 46, program: 77 })).toBe('39/7 Cannot find program 77 version 1');
    expect(await rawRefusal(client, { procedure: 46, version: 2 })).toBe('39/7 Cannot find program 536903814 version 2');
    expect(await rawRefusal(client, { procedure: 1, program: 0xffffffff, version: 0x80000000 })).toBe(
      '39/7 Cannot find program -1 version -2147483648',
    );
    expect(await rawRefusal(client, { procedure: 1, program: KEEPALIVE_PROGRAM })).toBe('39/7 Cannot find program 1801807216 version 1');
    expect(await rawRefusal(client, { procedure: 46, status: 1 })).toBe('39/7 Unexpected message status 1');
    expect(await rawRefusal(client, { procedure: 46 }, Buffer.from('00000009', 'hex'))).toBe('39/7 Unable to decode message payload');
    expect(await client.call('numOfNetworks', undefined)).toBe(0);
  });

  test('QEMU’s program is there and has nothing to offer', async () => {
    const qemu = (client: RawClient, procedure: number): Promise<string> => rawRefusal(client, { procedure, program: QEMU_PROGRAM });
    expect(await qemu(await bare(), 4)).toBe('1/7 internal error: hypervisor connection not open');
    const client = await open();
    expect(await qemu(client, 4)).toBe(
      '3/0 this function is not supported by the connection driver: virConnectDomainQemuMonitorEventRegister',
    );
    expect(await qemu(client, 6)).toBe('39/7 unknown procedure: 6');
    expect(await qemu(client, 46)).toBe('39/7 unknown procedure: 46'); // listing networks is another program's
    const readOnly = await open(ro);
    expect(await qemu(readOnly, 3)).toBe('29/0 operation forbidden: read only access prevents virDomainQemuAgentCommand');
  });

  test('trailing bytes and a call with no file descriptors are a call', async () => {
    const client = await open();
    const trailing = await client.callRaw({ procedure: 52 }, (header) => writePacket(header, i32, 5));
    expect(trailing.status).toBe(0);
    const withFds = await client.callRaw({ procedure: 38, type: 4 }, (header) => {
      const bytes = Buffer.concat([writePacket(header, nothing, undefined), Buffer.from('0000000000000009', 'hex')]);
      bytes.writeUInt32BE(bytes.length, 0);
      return bytes;
    });
    expect(withFds.status).toBe(0);
  });

  test('a call with file descriptors that does not say how many ends the connection', async () => {
    const client = await open();
    client.socket.write(
      writePacket({ program: 0x20008086, version: 1, procedure: 52, type: 4, serial: 900, status: 0 }, nothing, undefined),
    );
    await client.closed;
    expect(notices).toEqual(['connection ended {"reason":"bad count of file descriptors"}']);
  });

  test.each([1, 2, 3, 5, 7])('type %i is dropped without an answer', async (type) => {
    const client = await open();
    client.socket.write(writePacket({ program: 0x20008086, version: 1, procedure: 52, type, serial: 900, status: 0 }, nothing, undefined));
    expect(await client.call('numOfNetworks', undefined)).toBe(0);
    expect(client.others).toEqual([]);
  });

  test.each(['00000000', '0000001b', '02000005', 'ffffffff'])(
    'a length word of %s ends the connection, and only this one',
    async (word) => {
      const client = await open();
      const other = await open();
      client.socket.write(Buffer.from(word, 'hex'));
      await client.closed;
      expect(await other.call('numOfNetworks', undefined)).toBe(0);
      expect(notices).toEqual(['connection ended {"reason":"bad packet length"}']);
    },
  );
});

describe('keepalive', () => {
  test('a PING is answered even before the connection is opened', async () => {
    const client = await bare();
    client.socket.write(pingPacket);
    const [pong] = await client.events(1);
    expect(pong?.bytes.equals(pongPacket)).toBe(true);
  });

  test('a PING behind calls that hang is answered first', async () => {
    const client = await open();
    fake.list = () => new Promise(() => undefined);
    for (let i = 0; i < 20; i++) void client.try('numOfNetworks', undefined).catch(() => undefined);
    client.socket.write(pingPacket);
    expect((await client.events(1))[0]?.bytes.equals(pongPacket)).toBe(true);
  });
});

describe('calls in parallel', () => {
  test('at most five of one connection run at once; a slow one holds nobody else up', async () => {
    const client = await open();
    const other = await open();
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    fake.list = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
      return [];
    };
    const slow = Array.from({ length: 12 }, () => client.call('numOfNetworks', undefined));
    await expect.poll(() => running).toBe(5);
    expect(await other.call('connectGetType', undefined)).toBe('network');
    while (release.length > 0 || running > 0) {
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(slow)).toEqual(Array(12).fill(0));
    expect(most).toBe(5);
  });

  test('hundreds of pipelined calls each get their own answer', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) => refusal(client.try('networkLookupByName', i % 2 === 0 ? 'net1' : `no${i}`))),
    );
    answers.forEach((answer, i) => {
      expect(answer).toBe(i % 2 === 0 ? 'accepted' : `43/19 Network not found: no network with matching name 'no${i}'`);
    });
  });
});

describe('networks', () => {
  test('are defined, started, stopped and undefined by uuid alone', async () => {
    const client = await open();
    expect(await client.call('networkDefineXml', XML)).toEqual(NET);
    expect(await client.call('networkLookupByUuid', UUID)).toEqual(NET);
    await client.call('networkCreate', { name: 'a wrong name', uuid: UUID });
    expect(await client.call('networkIsActive', NET)).toBe(1);
    expect(await client.call('networkIsPersistent', NET)).toBe(1);
    expect(await client.call('networkGetBridgeName', NET)).toBe('virbr7');
    expect(await refusal(client.try('networkCreate', NET))).toBe('55/19 Requested operation is not valid: network is already active');
    await client.call('networkSetAutostart', { network: NET, autostart: -5 });
    expect(await client.call('networkGetAutostart', NET)).toBe(1);
    await client.call('networkDestroy', NET);
    await client.call('networkUndefine', NET);
    expect(await refusal(client.try('networkIsActive', NET))).toBe(
      `43/19 Network not found: no network with matching uuid '${UUID}' (net1)`,
    );
    expect(await refusal(client.try('networkLookupByUuid', UUID))).toBe(`43/19 Network not found: no network with matching uuid '${UUID}'`);
  });

  test('lists filter in three groups', async () => {
    const client = await open();
    for (const [name, calls] of Object.entries({ off: '', on: 's', auto: 'a', transient: 't' })) {
      const xml = `<network><name>${name}</name></network>`;
      const net = await client.call(calls === 't' ? 'networkCreateXml' : 'networkDefineXml', xml);
      if (calls === 's') await client.call('networkCreate', net);
      if (calls === 'a') await client.call('networkSetAutostart', { network: net, autostart: 1 });
    }
    const list = async (flags: number): Promise<string> => {
      const { networks, count } = await client.call('listAllNetworks', { needResults: 1, flags });
      expect(count).toBe(networks.length);
      expect(await client.call('listAllNetworks', { needResults: 0, flags })).toEqual({ networks: [], count });
      return networks.map((n) => n.name).join(' ');
    };
    expect(await list(0)).toBe('off on auto transient');
    expect(await list(3)).toBe('off on auto transient');
    expect(await list(1)).toBe('off auto');
    expect(await list(2)).toBe('on transient');
    expect(await list(8)).toBe('transient');
    expect(await list(2 + 4)).toBe('on');
    expect(await list(16)).toBe('auto');
    expect(await list(1 + 32)).toBe('off');
    expect(await client.call('numOfNetworks', undefined)).toBe(2);
    expect(await client.call('numOfDefinedNetworks', undefined)).toBe(2);
    expect(await client.call('listNetworks', 1)).toEqual({ names: ['on'] });
    expect(await client.call('listDefinedNetworks', 99)).toEqual({ names: ['off', 'auto'] });
    expect(await client.call('listDefinedNetworks', 0)).toEqual({ names: [] });
    expect(await refusal(client.try('listNetworks', 16385))).toBe('39/7 maxnames > REMOTE_NETWORK_LIST_MAX');
    expect(await refusal(client.try('listNetworks', -1))).toBe('39/7 maxnames must be non-negative');
  });

  test('unknown flags are named with the driver’s function', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    const words = (f: string, hex: string): string => `8/19 unsupported flags (0x${hex}) in function ${f}`;
    expect(await refusal(client.try('listAllNetworks', { needResults: 1, flags: 65 }))).toBe(words('networkConnectListAllNetworks', '40'));
    expect(await refusal(client.try('networkGetXmlDesc', { network: NET, flags: 0x80000002 }))).toBe(
      words('networkGetXMLDesc', '80000002'),
    );
    expect(await refusal(client.try('networkDefineXmlFlags', { xml: XML, flags: 2 }))).toBe(words('networkDefineXMLFlags', '2'));
    expect(await refusal(client.try('networkCreateXmlFlags', { xml: XML, flags: 2 }))).toBe(words('networkCreateXMLFlags', '2'));
    expect(await refusal(client.try('networkListAllPorts', { network: NET, needResults: 1, flags: 1 }))).toBe(
      words('networkListAllPorts', '1'),
    );
  });

  test('updates carry their words in the right order; numbers out of range go on to the driver', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    const update = { network: NET, command: 3, section: 4, parentIndex: -1, xml: '<host/>', flags: 2 };
    await client.call('networkUpdate', update);
    const request = { section: 'ip-dhcp-host', command: 'add-last', parentIndex: -1, fragment: '<host/>', affect: 'config' };
    expect(fake.updates).toEqual([{ uuid: UUID, request }]);
    const tried = (fields: Partial<typeof update>): Promise<string> => refusal(client.try('networkUpdate', { ...update, ...fields }));
    await client.call('networkUpdate', { ...update, section: 13, command: 5 });
    expect(fake.updates.at(-1)).toMatchObject({ request: { section: 13, command: 5 } });
    expect(await tried({ flags: 4 })).toBe('8/19 unsupported flags (0x4) in function networkUpdate');
  });

  test('metadata arguments are checked as libvirt’s API does', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    const set = { network: NET, type: 2, metadata: '<a/>', key: 'k', uri: 'urn:x', flags: 0 };
    const trySet = (fields: Partial<typeof set> | { metadata?: undefined; key?: undefined; uri?: undefined }): Promise<string> =>
      refusal(client.try('networkSetMetadata', { ...set, ...fields }));
    expect(await trySet({})).toBe('accepted');
    expect(await trySet({ uri: undefined })).toBe('8/19 uri in virNetworkSetMetadata must not be NULL');
    expect(await trySet({ key: undefined })).toBe('8/19 key in virNetworkSetMetadata must not be NULL');
    expect(await trySet({ key: undefined, metadata: undefined })).toBe('accepted');
    expect(await trySet({ type: 0 })).toBe('8/19 uri in virNetworkSetMetadata must be NULL');
    expect(await trySet({ type: 1, metadata: 'a\nb' })).toBe("8/19 metadata title can't contain newlines");
    expect(await trySet({ type: 3 })).toBe("8/19 invalid argument: unknown metadata type '3'");
    const get = { network: NET, type: 2, uri: 'urn:x', flags: 0 };
    expect(await client.call('networkGetMetadata', { ...get, flags: 2 })).toBe('element config');
    expect(await refusal(client.try('networkGetMetadata', { ...get, uri: undefined }))).toBe(
      '8/19 uri in virNetworkGetMetadata must not be NULL',
    );
    expect(await refusal(client.try('networkGetMetadata', { ...get, type: 1 }))).toBe('8/19 uri in virNetworkGetMetadata must be NULL');
    expect(await refusal(client.try('networkGetMetadata', { ...get, flags: 3 }))).toMatch(
      /^8\/19 Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and/,
    );
  });

  test('leases carry all fields, and a MAC in any spelling', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    fake.leasesOf = [
      {
        interface: 'virbr7',
        expiry: 1893456000,
        family: 'ipv4',
        mac: '52:54:00:00:00:01',
        ip: '10.0.0.2',
        prefix: 24,
        hostname: 'a',
        clientId: '01:02',
      },
      { interface: 'virbr7', expiry: 0, family: 'ipv6', mac: '52:54:00:00:00:02', iaid: '7', ip: 'fd00::2', prefix: 64 },
    ];
    const ask = { network: NET, mac: undefined, needResults: 1, flags: 0 };
    const { leases, count } = await client.call('networkGetDhcpLeases', ask);
    expect(count).toBe(2);
    expect(leases).toEqual([
      {
        interface: 'virbr7',
        expiryTime: 1893456000n,
        type: 0,
        mac: '52:54:00:00:00:01',
        ipAddress: '10.0.0.2',
        prefix: 24,
        hostname: 'a',
        clientId: '01:02',
      },
      { interface: 'virbr7', expiryTime: 0n, type: 1, mac: '52:54:00:00:00:02', iaid: '7', ipAddress: 'fd00::2', prefix: 64 },
    ]);
    expect((await client.call('networkGetDhcpLeases', { ...ask, mac: '52:54:0:0:0:2' })).count).toBe(1);
    expect(await client.call('networkGetDhcpLeases', { ...ask, needResults: 0 })).toEqual({ leases: [], count: 2 });
    expect(await refusal(client.try('networkGetDhcpLeases', { ...ask, mac: 'zz' }))).toBe('44/19 invalid MAC address: zz');
  });
});

describe('ports', () => {
  test('are made, listed, parametrised and deleted', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    const all = { network: NET, needResults: 1, flags: 0 };
    expect(await refusal(client.try('networkListAllPorts', all))).toBe(
      "55/19 Requested operation is not valid: network 'net1' is not active",
    );
    await client.call('networkCreate', NET);
    const port = await client.call('networkPortCreateXml', {
      network: NET,
      xml: `<networkport><uuid>${PORT}</uuid></networkport>`,
      flags: 0,
    });
    expect(port).toEqual({ network: NET, uuid: PORT });
    expect(await client.call('networkListAllPorts', all)).toEqual({ ports: [port], count: 1 });
    expect(await client.call('networkPortLookupByUuid', { network: NET, uuid: PORT })).toEqual(port);
    expect(await client.call('networkPortGetXmlDesc', { port, flags: 0 })).toContain(PORT);
    const garbage = { port, count: -1718816976, flags: 0 };
    expect(await client.call('networkPortGetParameters', garbage)).toEqual({ parameters: [], count: 0 });
    await client.call('networkPortSetParameters', { port, parameters: [{ field: 'inbound.average', type: 'uint', value: 100 }], flags: 0 });
    const { parameters } = await client.call('networkPortGetParameters', garbage);
    expect(parameters.map((p) => `${p.field}=${p.value}`)).toEqual([
      ...['inbound.average=100', 'inbound.peak=0', 'inbound.floor=0', 'inbound.burst=0'],
    ]);
    await client.call('networkPortSetParameters', { port, parameters: [], flags: 0 });
    expect(await client.call('networkPortGetParameters', garbage)).toEqual({ parameters: [], count: 0 });
    await client.call('networkPortDelete', { port, flags: 0 });
    const gone = `107/19 network port not found: Network port with UUID ${PORT} does not exist`;
    expect(await refusal(client.try('networkPortDelete', { port, flags: 0 }))).toBe(gone);
    expect(await refusal(client.try('networkPortGetXmlDesc', { port, flags: 0 }))).toBe(gone);
  });
});

describe('events', () => {
  const body = (packet: { readonly bytes: Buffer } | undefined): unknown =>
    packet && lifecycleEvent.body.decode(new XdrReader(packet.bytes, HEADER_LENGTH));

  test('come after the reply to the change that made them, one for each registration', async () => {
    const client = await open();
    const all = await client.call('networkEventRegisterAny', { eventId: 0, network: undefined });
    const one = await client.call('networkEventRegisterAny', { eventId: 0, network: NET });
    await client.call('networkEventRegisterAny', { eventId: 0, network: { name: 'x', uuid: PORT } });
    client.order.length = 0;
    await client.call('networkDefineXml', XML);
    const packets = await client.events(2);
    expect(client.order).toEqual(['reply 41', 'event 315', 'event 315']);
    expect(packets.map((p) => [p.type, p.serial, p.status])).toEqual([
      [2, 1, 0],
      [2, 1, 0],
    ]);
    expect(packets.map(body)).toEqual([all, one].map((callbackId) => ({ callbackId, network: NET, event: 0, detail: 0 })));
  });

  test('reach other connections, the read-only ones too, in order', async () => {
    const watcher = await open(ro);
    await watcher.call('networkEventRegisterAny', { eventId: 0, network: undefined });
    const client = await open();
    await client.call('networkDefineXml', XML);
    await client.call('networkCreate', NET);
    await client.call('networkDestroy', NET);
    await client.call('networkUndefine', NET);
    const packets = await watcher.events(4);
    expect(packets.map((p) => (body(p) as { event: number }).event)).toEqual([0, 2, 3, 1]);
  });

  test('metadata changes are told with their namespace', async () => {
    const client = await open();
    await client.call('networkDefineXml', XML);
    await client.call('networkEventRegisterAny', { eventId: 1, network: undefined });
    await client.call('networkSetMetadata', { network: NET, type: 2, metadata: '<a/>', key: 'k', uri: 'urn:x', flags: 0 });
    const [packet] = await client.events(1);
    expect(packet?.procedure).toBe(446);
    expect(packet?.bytes.includes('urn:x')).toBe(true);
  });

  test('a registration is known once, ends once, and ends with its connection', async () => {
    const client = await open();
    const other = await open();
    const register = { eventId: 0, network: undefined };
    const id = await client.call('networkEventRegisterAny', register);
    expect(await other.call('networkEventRegisterAny', register)).not.toBe(id);
    expect(await refusal(client.try('networkEventRegisterAny', register))).toBe('8/0 invalid argument: event callback already tracked');
    expect(await refusal(other.try('networkEventDeregisterAny', id))).toBe(
      `1/7 internal error: network event callback ${id} not registered`,
    );
    await client.call('networkEventDeregisterAny', id);
    expect(await refusal(client.try('networkEventDeregisterAny', id))).toBe(
      `1/7 internal error: network event callback ${id} not registered`,
    );
    expect(await refusal(client.try('networkEventRegisterAny', { ...register, eventId: 2 }))).toBe(
      '1/7 internal error: unsupported network event ID 2',
    );
  });
});

describe('read-only connections', () => {
  /** Arguments that decode for every procedure, so that nothing but the read-only check can refuse. */
  const sample: { readonly [K in ProcedureName]?: unknown } = {
    networkCreate: NET,
    networkCreateXml: XML,
    networkCreateXmlFlags: { xml: XML, flags: 0 },
    networkDefineXml: XML,
    networkDefineXmlFlags: { xml: XML, flags: 0 },
    networkDestroy: NET,
    networkUndefine: NET,
    networkSetAutostart: { network: NET, autostart: 1 },
    networkUpdate: { network: NET, command: 3, section: 4, parentIndex: -1, xml: '<host/>', flags: 0 },
    networkSetMetadata: { network: NET, type: 0, metadata: 'x', key: undefined, uri: undefined, flags: 0 },
    networkPortCreateXml: { network: NET, xml: '<networkport/>', flags: 0 },
    networkPortSetParameters: { port: { network: NET, uuid: PORT }, parameters: [], flags: 0 },
    networkPortDelete: { port: { network: NET, uuid: PORT }, flags: 0 },
  };
  const mutating = (Object.keys(procedures) as ProcedureName[]).filter((name) => procedures[name].writes);

  test('every mutating procedure has a sample', () => {
    expect(mutating.toSorted()).toEqual(Object.keys(sample).toSorted());
  });

  test.each(['the socket', 'the flag'])('change nothing, by %s', async (how) => {
    const owner = await open();
    await owner.call('networkDefineXml', XML);
    const before = fake.writes;
    const client = how === 'the socket' ? await open(ro) : await open(rw, 1);
    for (const name of mutating) {
      const procedure: Procedure = procedures[name];
      const packet = await client.callRaw({ procedure: procedure.number }, (header) => writePacket(header, procedure.args, sample[name]));
      const error = errorCodec.decode(new XdrReader(packet.bytes, HEADER_LENGTH));
      expect(`${error.code}/${error.domain} ${error.message ?? ''}`).toBe(
        `29/19 operation forbidden: read only access prevents ${procedure.cFunction}`,
      );
    }
    expect(fake.writes).toBe(before);
    expect(await client.call('networkLookupByName', 'net1')).toEqual(NET);
  });
});

describe('clients that misbehave', () => {
  test('one that sends half a packet and falls silent, or hangs up in a call, harms nobody', async () => {
    const half = await open();
    half.socket.write(Buffer.from('02000004200080', 'hex'));
    const gone = await open();
    void gone.try('numOfNetworks', undefined).catch(() => undefined);
    gone.end();
    const client = await open();
    expect(await client.call('numOfNetworks', undefined)).toBe(0);
    await expect.poll(() => server.status.clients).toBe(2);
  });

  test('one that asks and never reads is not answered without end', async () => {
    const greedy = await open();
    fake.networks.set('x', { name: 'x'.repeat(500_000), uuid: PORT, xml: '', active: true, persistent: true, autostart: false, ports: [] });
    greedy.socket.pause();
    const ask = writePacket({ program: 0x20008086, version: 1, procedure: 283, type: 0, serial: 5, status: 0 }, nothing, undefined);
    const call = Buffer.concat([ask, Buffer.from('0000000100000000', 'hex')]);
    call.writeUInt32BE(call.length, 0);
    for (let i = 0; i < 2000; i++) greedy.socket.write(call);
    const client = await open();
    expect(await client.call('numOfNetworks', undefined)).toBe(1);
    await expect.poll(() => server.status.heldBytes).toBeGreaterThan(1 << 20);
    for (let i = 0; i < 100; i++) await client.call('numOfNetworks', undefined);
    expect(server.status.heldBytes).toBeLessThan(8 << 20);
  });

  test('clients that hold too much together: the heaviest goes', async () => {
    const limited = new RpcServer({ driver: fake.driver, portXml: () => '', heldBytesMax: 100_000, onNotice: (m) => notices.push(m) });
    const path = join(folder, 'limited');
    await limited.listen({ path, mode: 0o700 }, 'read-write');
    const heavy = await bare(path);
    const light = await bare(path);
    heavy.socket.write(Buffer.concat([Buffer.from('02000000', 'hex'), Buffer.alloc(200_000)]));
    await heavy.closed;
    expect(await light.call('authList', undefined)).toEqual([0]);
    await limited.close(0);
  });

  test('more clients than allowed are turned away until one leaves', async () => {
    const limited = new RpcServer({ driver: fake.driver, portXml: () => '', clientsMax: 2 });
    const path = join(folder, 'limited');
    await limited.listen({ path, mode: 0o700 }, 'read-write');
    const first = await bare(path);
    await bare(path);
    const third = await bare(path);
    await third.closed;
    first.end();
    await expect.poll(() => limited.status.clients).toBe(1);
    const fourth = await bare(path);
    expect(await fourth.call('authList', undefined)).toEqual([0]);
    await limited.close(0);
  });
});

describe('sockets', () => {
  test('have the mode they were given', () => {
    expect(statSync(rw).mode & 0o777).toBe(0o700);
    expect(statSync(ro).mode & 0o777).toBe(0o777);
  });

  test('that a dead daemon left behind are replaced, a live daemon’s are not', async () => {
    const path = join(folder, 'stale');
    const second = new RpcServer({ driver: fake.driver, portXml: () => '' });
    await expect(second.listen({ path: rw, mode: 0o700 }, 'read-write')).rejects.toMatchObject({ code: 'VNR001' });
    writeFileSync(path, 'a file');
    await expect(second.listen({ path, mode: 0o700 }, 'read-write')).rejects.toMatchObject({ code: 'VNR001' });
    rmSync(path);
    await leaveStaleSocket(path);
    await second.listen({ path, mode: 0o700 }, 'read-write');
    expect(await (await bare(path)).call('authList', undefined)).toEqual([0]);
    await second.close(0);
    expect(existsSync(path)).toBe(false);
  });

  test('a server that closes answers what runs, then ends its connections and its event listener', async () => {
    const client = await open();
    let release: (() => void) | undefined;
    fake.list = () =>
      new Promise((resolve) => {
        release = () => resolve([]);
      });
    const slow = client.call('numOfNetworks', undefined);
    await expect.poll(() => release).toBeDefined();
    const closed = server.close();
    await expect(new Promise((resolve, reject) => void connect(rw).once('connect', resolve).once('error', reject))).rejects.toThrow();
    release?.();
    expect(await slow).toBe(0);
    await client.closed;
    await closed;
    expect(fake.listeners).toBe(0);
  });

  test('from systemd are told apart by their names', () => {
    const none = { readWrite: [], readOnly: [], admin: [] };
    const byUnits = { LISTEN_PID: '42', LISTEN_FDS: '3', LISTEN_FDNAMES: 'virtnetd.socket:virtnetd-ro.socket:virtnetd-admin.socket' };
    expect(activatedSockets(byUnits, 42)).toEqual({ readWrite: [{ fd: 3 }], readOnly: [{ fd: 4 }], admin: [{ fd: 5 }] });
    expect(activatedSockets(byUnits, 43)).toEqual(none);
    expect(activatedSockets({}, 43)).toEqual(none);
    const byNames = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'virtnetworkd-admin-sock:virtnetworkd-sock-ro' };
    expect(activatedSockets(byNames, 42)).toEqual({ ...none, readOnly: [{ fd: 4 }], admin: [{ fd: 3 }] });
  });
});

/** A socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const moved = `${path}.moved`;
  const listener = createServer();
  await new Promise<void>((resolve) => void listener.listen(moved, resolve));
  renameSync(moved, path);
  await new Promise<void>((resolve) => void listener.close(() => resolve()));
}
