// last: dnsmasq killed, disks full and logs grown long
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { dnsmasqFiles } from '../../src/compile/dnsmasq-files.ts';
import type { Lease } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { startDriverReader } from '../support/driver-process.ts';

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const UUID = '5b1d2f6c-6a5e-4d53-9d0b-0a8c3e7f1f11';
const SUPPORT = join(import.meta.dirname, '../support');
const document = `<network><name>log</name><uuid>${UUID}</uuid><bridge name='virbr93' stp='off'/><ip address='10.93.0.1' prefix='16'>
  <dhcp><range start='10.93.1.1' end='10.93.4.255'/></dhcp></ip>
  <ip family='ipv6' address='fd93::1' prefix='64'><dhcp><range start='fd93::1:1' end='fd93::1:fff'/></dhcp></ip></network>`;
const files = dnsmasqFiles({ runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '' }, UUID);
const driver = await openDriver();

beforeAll(() => {
  mkdirSync(dirname(files.leases), { recursive: true });
  sh(`mount -t tmpfs -o size=4m tmpfs ${dirname(files.leases)}; ip netns add clients`);
});
afterEach(async () => {
  answered.clear();
  await driver.detach('log', 'clients');
  await driver.stop('log');
  await driver.undefine('log');
  expect(existsSync(files.leases)).toBe(false);
});
afterAll(async () => {
  await driver[Symbol.asyncDispose]();
  sh(`umount ${dirname(files.leases)}`);
});

async function up(): Promise<void> {
  await driver.up([document]);
  await driver.attach('log', { owner: { name: 'clients' }, attachment: { type: 'netns', netns: 'clients' } });
  sh('ip -n clients addr add 10.93.0.2/16 dev eth0; ip -n clients link set eth0 up; ip netns exec clients ping -q -c 1 -W 5 10.93.0.1');
  sh('for i in $(seq 100); do ip -n clients -6 addr show dev eth0 scope link -tentative | grep -q fe80 && break; sleep 0.05; done');
}

let batches = 0;
/** By whom each address was given: the MAC, or the DUID, of everybody who was ever answered. */
const answered = new Map<string, string>();

/** Clients of one kind; what they print goes to `answered`. Resolves as soon as the last one has its address. */
async function clients(script: string, words: readonly string[], stdin = ''): Promise<string> {
  const child = spawn('ip', ['netns', 'exec', 'clients', 'perl', join(SUPPORT, script), ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  let read = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    const whole = out.lastIndexOf('\n') + 1;
    for (const line of out.slice(read, whole).trim().split('\n')) answered.set(line.split(' ')[0] ?? '', line.split(' ')[1] ?? '');
    read = whole;
  });
  child.stdin.on('error', () => undefined).end(stdin); // new clients read nothing, and may have ended
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, out).toBe(0);
  return out;
}

/** New clients ask for addresses, as fast as they are answered or so many a second. */
async function newClients(count: number, rate = 0): Promise<void> {
  await clients('dhcp-clients.pl', ['10.93.0.2', '10.93.0.1', ++batches, count, rate].map(String));
}

/** As `newClients`, of both families at once. */
async function newClientsOfBoth(count: number, rate: number): Promise<void> {
  await Promise.all([newClients(count, rate), clients('dhcp6-clients.pl', ['eth0', ...[batches, count, rate].map(String)])]);
}

/** Everybody asks for what they have been given; each must be given it again, and nobody may answer otherwise. */
async function renewAll(): Promise<void> {
  const lines = [...answered].map(([client, ip]) => `${client} ${ip}\n`);
  const [four, six] = [lines.filter((l) => !l.includes('fd93::')), lines.filter((l) => l.includes('fd93::'))];
  const told = await Promise.all([
    clients('dhcp-clients.pl', ['10.93.0.2', '10.93.0.1', 'renew'], four.join('')),
    clients('dhcp6-clients.pl', ['eth0', 'renew'], six.join('')),
  ]);
  expect(told.join('').trim().split('\n').toSorted()).toEqual(lines.map((l) => l.trim()).toSorted());
}

const holder = (l: Lease): string => (l.family === 'ipv4' ? l.mac : l.clientId) ?? '';

/** Everybody who was answered is listed with the address that they were told, nobody else is, and no address is listed twice. */
function expectAll(found: readonly Lease[], when?: string): void {
  expect(Object.fromEntries(found.map((l) => [holder(l), l.ip])), when).toEqual(Object.fromEntries(answered));
  expect(found, when).toHaveLength(answered.size);
  expect(new Set(answered.values()).size, when).toBe(answered.size);
}

/** The list, once it has as many; the server notes leases a moment after the clients have them. */
async function leases(): Promise<readonly Lease[]> {
  let found = await driver.leases('log');
  for (const end = Date.now() + 50_000; found.length < answered.size && Date.now() < end;) {
    await sleep(20);
    found = await driver.leases('log');
  }
  return found;
}
const pid = (): number => Number(readFileSync(files.pid, 'utf8'));

test('dnsmasq killed at any moment under load: whoever was answered is listed, and keeps the address', async () => {
  await up();
  for (const end of ['kill', 'kill', 'edit', 'kill', 'halt', 'kill'] as const) {
    const asking = newClientsOfBoth(60, 300);
    await sleep(20 + Math.random() * 200);
    if (end === 'edit') await driver.up([document.replace('</ip>', `</ip><domain name='d${String(batches)}.example'/>`)]);
    else {
      process.kill(pid(), end === 'kill' ? 'SIGKILL' : 'SIGSTOP');
      await sleep(20); // what the clients were sent before
      const before = new Map(answered);
      const found = new Map((await driver.leases('log')).map((l) => [holder(l), l.ip]));
      expect(Object.fromEntries([...before.keys()].map((client) => [client, found.get(client)])), end).toEqual(Object.fromEntries(before));
      await driver.repair('log');
    }
    await asking;
    expectAll(await driver.leases('log'), `${end} in batch ${String(batches)}`);
  }
  await killDnsmasq();
  await driver.repair('log');
  expectAll(await driver.leases('log'));
  await renewAll();
  expectAll(await driver.leases('log'));
}, 120_000);

test('a log that has grown long is made short by those who read it, and loses nothing when these are killed', async () => {
  await up();
  await newClients(200);
  // Renewals of a client that is gone since, as a long time would bring them.
  const renewals = (n: number): void => {
    appendFileSync(files.leases, `\nold 1000 - 52:54:00:00:00:01 10.93.3.88 * * * virbr93 * .\n`.repeat(n));
  };
  const adding = newClients(200, 100);
  for (let i = 0; i < 20; i++) {
    renewals(2000);
    const reader = startDriverReader('log');
    await sleep(20 * i);
    reader.kill('SIGKILL');
  }
  await adding;
  expectAll(await leases());
  renewals(5000);
  // A closed part is folded 10 s later, when no script can be writing to it any more; what came meanwhile is closed then, and folded next.
  await vi.waitFor(
    async () => {
      expectAll(await driver.leases('log'));
      expect(size()).toBeLessThan(BOUND);
      expect(statSync(files.journal).size).toBeLessThan(BOUND);
    },
    { timeout: 60_000, interval: 200 },
  );
  await killDnsmasq();
  await driver.repair('log');
  expectAll(await driver.leases('log'));
}, 120_000);

/** SIGKILL, and its end: until then a look at the host finds it alive. */
async function killDnsmasq(): Promise<void> {
  const id = pid();
  process.kill(id, 'SIGKILL');
  await vi.waitFor(() => expect(existsSync(`/proc/${String(id)}`)).toBe(false), { timeout: 10_000, interval: 5 });
}

/** A part of 256 KiB with what came while it was closed, and a base. */
const BOUND = 700_000;
const size = (): number =>
  ['', '.1', '.base'].reduce((sum, ending) => sum + (statSync(files.leases + ending, { throwIfNoEntry: false })?.size ?? 0), 0);

test('a full disk costs no lease: the journal keeps what the log has no room for, and the log gets it when there is room', async () => {
  await up();
  await newClients(50);
  expectAll(await leases());
  const filler = join(dirname(files.leases), 'filler');
  sh(`head -c 8m /dev/zero >${filler} 2>/dev/null || true`);
  await newClients(50); // dnsmasq serves on
  expectAll(await driver.leases('log'), 'with a full disk');
  await killDnsmasq();
  await driver.repair('log');
  expectAll(await driver.leases('log'), 'with a full disk, served by another dnsmasq');
  sh(`rm ${filler}`);
  await killDnsmasq();
  await driver.repair('log');
  expect(statSync(files.journal).size).toBe(24);
  expectAll(await driver.leases('log'), 'with room');
});

test('a journal that has reached its limit stops nobody, and is made short by who reads it; a document may leave it out', async () => {
  await up();
  truncateSync(files.journal, 16 * 1024 * 1024 - 100);
  await newClients(30);
  expect(statSync(files.journal).size).toBe(16 * 1024 * 1024);
  expectAll(await leases());
  await vi.waitFor(
    async () => {
      expectAll(await driver.leases('log'));
      expect(statSync(files.journal).size).toBeLessThan(BOUND);
    },
    { timeout: 20_000 },
  );
  const log = join(dirname(files.folder), 'words');
  const options = `<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><dnsmasq:option value='log-facility=${log}'/></dnsmasq:options>`;
  await driver.up([document.replace('</network>', `${options}</network>`)]);
  expect(existsSync(files.journal)).toBe(false);
  expect(sh(`grep 'Max file size' /proc/${String(pid())}/limits`)).toMatch(/size +unlimited/);
  await newClients(10);
  expectAll(await leases());
  expect(sh(`grep -c DHCPACK ${log}`)).toBe('10\n');
});
