import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Procedure, ProcedureName } from '../../src/libvirt-rpc/protocol/procedures.ts';
import { procedures } from '../../src/libvirt-rpc/protocol/procedures.ts';
import { error as errorCodec } from '../../src/libvirt-rpc/protocol/structs.ts';
import type { Packet } from '../../src/libvirt-rpc/wire/packet.ts';
import { HEADER_LENGTH, writePacket } from '../../src/libvirt-rpc/wire/packet.ts';
import { XdrReader } from '../../src/libvirt-rpc/xdr/reader.ts';
import { RawClient } from '../support/raw-client.ts';
import { sampleArgs, sampleNetwork } from '../support/rpc-samples.ts';
import { startVirtnetd } from '../support/virtnetd.ts';
import { isRoot } from '../support/root.ts';

/** What virtnetd as a process lets nobody do, and how much it takes. */

let folder: string;
beforeEach(() => {
  // Every user may look into it, as into /run/libvirt.
  folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
  execFileSync('chmod', ['755', folder]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that a client could have changed: the files, the links and the packet rules. */
function world(): unknown {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
  return {
    files: files.filter((path) => !path.endsWith('/lock')).map((path) => [path, readFileSync(path, 'utf8')]),
    links: execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).replace(/ state \w+/g, ''),
    rules: execFileSync('nft', ['-a', 'list', 'ruleset'], { encoding: 'utf8' }),
  };
}

/** The procedures by which libvirt changes networks and ports, by their numbers in its remote_protocol.x. */
const MUTATING = [39, 40, 41, 42, 48, 49, 291, 406, 408, 410, 432, 437, 444];

describe('a read-only connection', () => {
  test.each(['the read-only socket', 'the read-only flag'])('by %s changes nothing, whatever it calls', async (how) => {
    await using daemon = await startVirtnetd({ folder });
    const owner = await RawClient.open(daemon.readWrite);
    await owner.call('networkDefineXml', sampleArgs.networkDefineXml);
    await owner.call('networkCreate', sampleNetwork);
    await owner.call('networkPortCreateXml', sampleArgs.networkPortCreateXml);
    const before = world();
    const client = how === 'the read-only socket' ? await RawClient.open(daemon.readOnly) : await RawClient.open(daemon.readWrite, 1);
    const names = (Object.keys(procedures) as ProcedureName[]).filter((name) => name !== 'connectClose');
    const refused: number[] = [];
    for (const name of names) {
      const procedure: Procedure = procedures[name];
      const packet = await client.callRaw({ procedure: procedure.number }, (header) =>
        writePacket(header, procedure.args, sampleArgs[name]),
      );
      if (packet.status === 0) continue;
      const error = errorCodec.decode(new XdrReader(packet.bytes, HEADER_LENGTH));
      if (error.code === 29) refused.push(procedure.number);
    }
    expect(refused.sort((a, b) => a - b)).toEqual(MUTATING);
    // The socket's word holds, whatever the flags say.
    if (how === 'the read-only socket') {
      const late = await RawClient.open(daemon.readOnly, 0);
      expect(await late.try('networkUndefine', sampleNetwork)).toMatchObject({ ok: false, error: { code: 29, domain: 19 } });
    }
    // Before a document is looked at: its reading may cost memory (CVE-2025-12748).
    for (const name of ['networkDefineXml', 'networkCreateXml'] as const)
      expect(await client.try(name, '<network><not closed')).toMatchObject({ ok: false, error: { code: 29 } });
    expect(world()).toEqual(before);
    await owner.call('networkDestroy', sampleNetwork);
  });
});

/** What connect(2) says to a user who is in these groups. */
function connectAs(groups: readonly number[], path: string): string {
  const program = `const s=require('net').connect(process.argv[1]);s.on('connect',()=>{console.log('connected');process.exit()});s.on('error',(e)=>{console.log(e.code);process.exit()})`;
  const who = ['--reuid', '65534', '--regid', '65534', ...(groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups'])];
  const { stdout, stderr } = spawnSync('setpriv', [...who, process.execPath, '-e', program, path], { encoding: 'utf8', cwd: '/' });
  return stdout.trim() || stderr;
}

describe.skipIf(!isRoot)('who may connect (needs root)', () => {
  const USERS = 100; // Debian's group `users`
  test('with --socket-group its members may write; others may only look', async () => {
    await using daemon = await startVirtnetd({ folder, args: ['--socket-group', 'users'] });
    const { mode, uid, gid } = statSync(daemon.readWrite);
    expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o660, uid: 0, gid: USERS });
    expect(statSync(daemon.readOnly).mode & 0o777).toBe(0o666);
    expect(statSync(join(folder, 'run', 'virtnetd.sock')).mode & 0o777).toBe(0o600);
    expect(connectAs([USERS], daemon.readWrite)).toBe('connected');
    expect(connectAs([], daemon.readWrite)).toBe('EACCES');
    expect(connectAs([], daemon.readOnly)).toBe('connected');
    expect(connectAs([USERS], join(folder, 'run', 'virtnetd.sock'))).toBe('EACCES');
  });

  test('without it only root may write', async () => {
    await using daemon = await startVirtnetd({ folder });
    expect(connectAs([USERS], daemon.readWrite)).toBe('EACCES');
    expect(connectAs([], daemon.readOnly)).toBe('connected');
  });

  test('a group that does not exist ends the daemon with the reason', async () => {
    await expect(startVirtnetd({ folder, args: ['--socket-group', 'no-such-group'] })).rejects.toThrow(/no group 'no-such-group'/);
  });

  test('dnsmasq runs as another user than root, with the capabilities it needs and no others', async () => {
    await using daemon = await startVirtnetd({ folder });
    const client = await RawClient.open(daemon.readWrite);
    const xml = sampleArgs.networkDefineXml
      .replace('</ip>', '')
      .replace("prefix='24'/>", "prefix='24'><dhcp><range start='10.77.1.9' end='10.77.1.99'/></dhcp></ip>");
    const network = await client.call('networkCreateXml', xml);
    const pid = readFileSync(join(folder, 'run', 'dnsmasq', network.uuid, 'pid'), 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const uids = new Set((/^Uid:\s+(.*)$/m.exec(status)?.[1] ?? '0').split(/\s+/));
    expect(uids.size).toBe(1);
    expect(uids.has('0')).toBe(false);
    // capabilities(7): CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12, CAP_NET_RAW 13
    const allowed = (1n << 10n) | (1n << 12n) | (1n << 13n);
    expect(BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)?.[1] ?? 'f'}`) & ~allowed).toBe(0n);
    await client.call('networkDestroy', network);
  });
});

describe('how much it takes', () => {
  test('a thousand connections, each served, and none of them in the way of another one', async () => {
    await using daemon = await startVirtnetd({ folder });
    const clients = await Promise.all(Array.from({ length: 1000 }, () => RawClient.open(daemon.readOnly)));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(clients.map((client) => client.call('connectGetLibVersion', undefined)));
      expect(new Set(answers)).toEqual(new Set([11_003_000n]));
    }
    await Promise.all(clients.map((client) => client.call('networkEventRegisterAny', { eventId: 0, network: undefined })));
    const owner = await RawClient.open(daemon.readWrite);
    await owner.call('networkDefineXml', sampleArgs.networkDefineXml);
    const told = await Promise.all(clients.map((client) => client.events(1)));
    expect(told.every(([event]) => event?.procedure === 315)).toBe(true);
    for (const client of clients) client.end();
    await expect.poll(() => readdirSync(`/proc/${String(daemon.process.pid)}/fd`).length, { timeout: 10_000 }).toBeLessThan(100);
  }, 60_000);

  test('ten thousand networks', async () => {
    const definitions = join(folder, 'etc', 'networks');
    mkdirSync(definitions, { recursive: true });
    const uuidOf = (n: number): string => `0c0c0c0c-2222-4222-8333-${String(n).padStart(12, '0')}`;
    const xmlOf = (n: number): string =>
      `<network>\n  <name>n${n}</name>\n  <uuid>${uuidOf(n)}</uuid>\n  <bridge name='vx${n}'/>\n` +
      `  <ip address='10.${Math.floor(n / 250)}.${n % 250}.1' prefix='24'/>\n</network>\n`;
    for (let n = 0; n < 9_999; n++) writeFileSync(join(definitions, `n${n}.xml`), xmlOf(n));
    await using daemon = await startVirtnetd({ folder });
    const client = await RawClient.open(daemon.readWrite);
    const last = await client.call('networkDefineXml', xmlOf(9_999));
    const { networks } = await client.call('listAllNetworks', { needResults: 1, flags: 0 });
    expect(networks.length).toBe(10_000);
    expect(await client.call('numOfDefinedNetworks', undefined)).toBe(10_000);
    const { stdout } = spawnSync('virsh', ['-c', daemon.uri, 'net-list', '--all', '--name'], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').length).toBe(10_000);
    await client.call('networkCreate', last);
    expect(await client.call('networkGetBridgeName', last)).toBe('vx9999');
    expect(await client.try('networkDefineXml', xmlOf(3).replace(uuidOf(3), uuidOf(77_777)))).toMatchObject({
      ok: false,
      error: { code: 9, message: `operation failed: network 'n3' already exists with uuid ${uuidOf(3)}` },
    });
    await client.call('networkDestroy', last);
    await client.call('networkUndefine', last);
    expect((await client.call('listAllNetworks', { needResults: 0, flags: 0 })).count).toBe(9_999);
  }, 60_000);

  test('a process that can have no more files says so to who asks, and serves on when it can', async () => {
    await using daemon = await startVirtnetd({ folder, args: ['--no-watch'] });
    const client = await RawClient.open(daemon.readWrite);
    const network = await client.call('networkDefineXml', sampleArgs.networkDefineXml);
    const pid = String(daemon.process.pid);
    const limit = (files: string): string => execFileSync('prlimit', ['--pid', pid, `--nofile=${files}:`], { encoding: 'utf8' });
    const before = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '';
    const open = new Set(readdirSync(`/proc/${pid}/fd`));
    // Three numbers are free: enough to read files, and too few for a program with its pipes.
    const free = Array.from({ length: open.size + 4 }, (_, n) => n).filter((n) => !open.has(String(n)));
    limit(String(free[3]));
    expect(await client.try('networkCreate', network)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('EMFILE') as string },
    });
    limit(before);
    await client.call('networkCreate', network);
    await client.call('networkDestroy', network);
  });

  test('messages: a string of 4 MiB and not a byte more, a message of 32 MiB and not a byte more', async () => {
    await using daemon = await startVirtnetd({ folder });
    const client = await RawClient.open(daemon.readWrite);
    const other = await RawClient.open(daemon.readOnly);
    const STRING = 4_194_304;
    const of = (size: number): string => {
      const xml = `<network><name>big</name><description></description><bridge name='vbig'/></network>`;
      return xml.replace('</description>', `${'x'.repeat(size - xml.length)}</description>`);
    };
    // What is stored is laid out in lines and comes back with what libvirt fills in, so the answer to a full string has no room.
    const big = await client.call('networkDefineXml', of(STRING - 1000));
    expect((await client.call('networkGetXmlDesc', { network: big, flags: 0 })).length).toBeGreaterThan(STRING - 1000);
    const withBody = async (procedure: number, body: Buffer): Promise<Packet> =>
      client.callRaw({ procedure }, (header) => {
        const bytes = Buffer.concat([writePacket(header, procedures.numOfNetworks.args, undefined), body]);
        bytes.writeUInt32BE(bytes.length, 0);
        return bytes;
      });
    const word = Buffer.alloc(4);
    word.writeUInt32BE(STRING + 1);
    const longer = await withBody(procedures.networkDefineXml.number, Buffer.concat([word, Buffer.from(of(STRING + 4))]));
    expect(errorCodec.decode(new XdrReader(longer.bytes, HEADER_LENGTH)).message).toBe('Unable to decode message payload');
    const padded = async (length: number): Promise<number> =>
      (await withBody(procedures.numOfDefinedNetworks.number, Buffer.alloc(length - HEADER_LENGTH))).status;
    expect(await padded(33_554_436)).toBe(0);
    await expect(padded(33_554_437)).rejects.toThrow('the server hung up');
    expect(await other.call('numOfDefinedNetworks', undefined)).toBe(1);
  }, 60_000);
});
