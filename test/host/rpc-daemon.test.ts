import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { remoteDriver } from '../../src/driver/remote/remote-driver.ts';
import { RawClient } from '../support/raw-client.ts';
import { fuzz } from '../support/rpc-fuzz.ts';
import { bundlePath, startVirtnetd } from '../support/virtnetd.ts';

/** virtnetd as a process: its sockets, its end, what outlives it. */

const xmlOf = (n: number): string =>
  `<network><name>net${n}</name><uuid>0a0a0a0a-2222-4222-8333-${String(n).padStart(12, '0')}</uuid><bridge name='vk${n}'/>` +
  `<ip address='10.91.${n}.1' prefix='24'/></network>`;

const POOL = `<network><name>pool</name><forward mode='vepa'><interface dev='gone'/></forward></network>`;

/** What a service manager does: listens on the first two arguments as descriptors 3 and 4, then becomes the rest. */
const ACTIVATE = `use Socket; $^F = 9; my @sockets;
for my $path (splice @ARGV, 0, 2) { socket(my $s, PF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un($path)); listen($s, 9); push @sockets, $s }
@ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 2, "virtnetworkd-sock:virtnetworkd-sock-ro"); exec @ARGV`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linkExists = (name: string): boolean => spawnSync('ip', ['link', 'show', name], { stdio: 'ignore' }).status === 0;

test('only root may use the read-write socket, everybody the read-only one, and both go with the daemon', async () => {
  await using daemon = await startVirtnetd({ folder });
  expect(statSync(daemon.readWrite).mode & 0o777).toBe(0o600);
  expect(statSync(daemon.readOnly).mode & 0o777).toBe(0o666);
  expect(await daemon.end()).toBe(0);
  expect(existsSync(daemon.readWrite)).toBe(false);
  expect(existsSync(daemon.readOnly)).toBe(false);
});

test('a restart leaves networks running and knows them again', async () => {
  await using before = await startVirtnetd({ folder });
  const client = await RawClient.open(before.readWrite);
  const kept = await client.call('networkDefineXml', xmlOf(1));
  await client.call('networkCreate', kept);
  await client.call('networkSetAutostart', { network: kept, autostart: 1 });
  const transient = await client.call('networkCreateXml', xmlOf(2));
  const pool = await client.call('networkCreateXml', POOL);
  await client.call('networkDestroy', pool);
  expect(await before.end()).toBe(0);
  expect(before.log()).toContain("warning device 'gone' of the pool does not exist network=pool code=VNC004");
  await client.closed;
  expect(linkExists('vk1')).toBe(true);
  expect(linkExists('vk2')).toBe(true);

  await using after = await startVirtnetd({ folder });
  const again = await RawClient.open(after.readWrite);
  expect(await again.call('networkIsActive', kept)).toBe(1);
  expect(await again.call('networkGetAutostart', kept)).toBe(1);
  expect(await again.call('networkIsPersistent', transient)).toBe(0);
  await again.call('networkDestroy', kept);
  await again.call('networkDestroy', transient);
  await after.end();

  // Each once a boot: what was stopped by hand stays stopped.
  await using third = await startVirtnetd({ folder });
  const last = await RawClient.open(third.readWrite);
  expect(await last.call('networkIsActive', kept)).toBe(0);
  expect(linkExists('vk1')).toBe(false);
  last.end();
});

test('no acknowledged definition is lost when the daemon is killed while clients define', async () => {
  await using victim = await startVirtnetd({ folder });
  const acknowledged: string[] = [];
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(victim.readWrite)));
  const working = clients.map(async (client, i) => {
    try {
      for (let j = 0; j < 20; j++) acknowledged.push((await client.call('networkDefineXml', xmlOf(i * 20 + j))).name);
    } catch {
      // The daemon is gone: what was not answered was not promised.
    }
  });
  while (acknowledged.length < 40) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await victim.end('SIGKILL')).toBe('SIGKILL');
  await Promise.all(working);

  await using daemon = await startVirtnetd({ folder });
  const client = await RawClient.open(daemon.readWrite);
  const { networks } = await client.call('listAllNetworks', { needResults: 1, flags: 0 });
  const names = new Set(networks.map((n) => n.name));
  expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  for (const network of networks) await client.call('networkGetXmlDesc', { network, flags: 1 });
  client.end();
});

test('a second daemon on the same sockets ends with the reason, the first one goes on', async () => {
  await using daemon = await startVirtnetd({ folder });
  await expect(startVirtnetd({ folder: join(folder, 'other'), sockets: daemon.sockets })).rejects.toThrow(/another daemon listens on/);
  const client = await RawClient.open(daemon.readWrite);
  expect(await client.call('connectGetType', undefined)).toBe('network');
  client.end();
  // Nor does one with sockets of its own take the HTTP socket of the same run folder.
  const own = { folder, sockets: join(folder, 'others') };
  await expect(startVirtnetd(own)).rejects.toThrow(/another daemon listens on '.*virtnetd\.sock'/);
  await using overHttp = remoteDriver(join(folder, 'run', 'virtnetd.sock'));
  expect(await overHttp.list()).toEqual([]);
});

test('virtnetd makes its run folder, and says where it cannot', async () => {
  const path = join(folder, 'fresh');
  const daemon = await startVirtnetd({ folder: path, args: ['--no-autostart'] });
  expect(await daemon.end()).toBe(0);
  writeFileSync(join(path, 'file'), '');
  const below = join(path, 'file', 'run');
  const refused = startVirtnetd({ folder: path, args: ['--no-autostart', '--run-dir', below] });
  await expect(refused).rejects.toThrow(`no socket can be made in '${below}': not a directory code=VNR002`);
  await expect(startVirtnetd({ folder: path, sockets: below })).rejects.toThrow(
    `no socket can be made in '${below}': not a directory code=VNR002`,
  );
});

test('a killed daemon leaves no process, and one whose log nobody reads goes on', async () => {
  const childrenOf = (pid: number | undefined): number[] =>
    readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number);
  await using victim = await startVirtnetd({ folder });
  await expect.poll(() => childrenOf(victim.process.pid).length).toBeGreaterThan(1);
  const children = childrenOf(victim.process.pid);
  await victim.end('SIGKILL');
  await expect.poll(() => children.filter((pid) => existsSync(`/proc/${String(pid)}`))).toEqual([]);

  await using daemon = await startVirtnetd({ folder });
  daemon.process.stderr?.destroy();
  const client = await RawClient.open(daemon.readWrite);
  for (const n of [1, 2]) await client.call('networkDefineXml', xmlOf(n)); // a line of the log each
  expect(await client.call('networkLookupByName', 'net2')).toMatchObject({ name: 'net2' });
  expect(await daemon.end()).toBe(0);
});

test('sockets that a service manager hands over are used, and stay when the daemon ends', async () => {
  const paths = ['rw', 'ro'].map((name) => join(folder, name));
  const folders = ['--config-dir', join(folder, 'etc'), '--state-dir', join(folder, 'lib'), '--run-dir', join(folder, 'run')];
  const daemon = [process.execPath, bundlePath(), '--libvirt-sockets', join(folder, 'unused'), ...folders];
  const child = spawn('perl', ['-e', ACTIVATE, ...paths, ...daemon], { stdio: 'ignore' });
  const [rw = '', ro = ''] = paths;
  await expect.poll(() => existsSync(ro), { timeout: 10_000 }).toBe(true);
  const writer = await RawClient.open(rw);
  await writer.call('networkDefineXml', xmlOf(1));
  const reader = await RawClient.open(ro);
  expect(await reader.try('networkUndefine', { name: 'net1', uuid: '0a0a0a0a-2222-4222-8333-000000000001' })).toMatchObject({
    ok: false,
    error: { code: 29 },
  });
  expect(existsSync(join(folder, 'unused'))).toBe(false);
  const ended = new Promise((resolve) => void child.once('close', resolve));
  child.kill();
  expect(await ended).toBe(0);
  expect(existsSync(rw)).toBe(true);
});

test('mutated messages end neither the daemon nor another client’s session (npm run fuzz:daemon sends a million)', async () => {
  await using daemon = await startVirtnetd({ folder });
  const owner = await RawClient.open(daemon.readWrite);
  const kept = await owner.call('networkDefineXml', xmlOf(1));
  await owner.call('networkCreate', kept);
  const result = await fuzz({
    path: daemon.readWrite,
    count: 1000,
    seed: 7,
    witness: async (client) => {
      if ((await client.call('networkIsActive', kept)) !== 1) throw new Error('the network of another client was stopped');
      if (!linkExists('vk1')) throw new Error('the bridge of another client is gone');
    },
  });
  expect(result.sent).toBe(1000);
  expect(result.replies).toBeGreaterThan(300);
  expect(daemon.process.exitCode).toBeNull();
  for (const network of (await owner.call('listAllNetworks', { needResults: 1, flags: 2 })).networks)
    await owner.call('networkDestroy', network);
}, 60_000);
