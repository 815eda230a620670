import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { dnsmasqFiles } from '../../src/compile/dnsmasq-files.ts';
import type { Lease } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { startDriverReader } from '../support/driver-process.ts';

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const UUID = '5b1d2f6c-6a5e-4d53-9d0b-0a8c3e7f1f11';
const CLIENTS = join(import.meta.dirname, '../support/dhcp-clients.pl');
const document = `<network><name>log</name><uuid>${UUID}</uuid><bridge name='virbr93' stp='off'/><ip address='10.93.0.1' prefix='16'>
  <dhcp><range start='10.93.1.1' end='10.93.4.255'/></dhcp></ip></network>`;
const files = dnsmasqFiles(
  { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '' },
  UUID,
);
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
}

let batches = 0;
/** MAC and address of everybody who was ever answered. */
const answered = new Map<string, string>();

/** New clients ask for addresses, as fast as they are answered or so many a second; resolves as soon as the last one has its own. */
async function newClients(count: number, rate = 0): Promise<void> {
  const words = ['10.93.0.2', '10.93.0.1', ++batches, count, rate].map(String);
  const child = spawn('ip', ['netns', 'exec', 'clients', 'perl', CLIENTS, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, out).toBe(0);
  for (const line of out.trim().split('\n')) answered.set(line.split(' ')[0] ?? '', line.split(' ')[1] ?? '');
}

/** Everybody who was answered is listed with the address that they were told, nobody else is, and no address is listed twice. */
function expectAll(found: readonly Lease[], when?: string): void {
  expect(Object.fromEntries(found.map((l) => [l.mac, l.ip])), when).toEqual(Object.fromEntries(answered));
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

/**
 * dnsmasq hands a lease on to its helper an instant after it has answered; when it waits for packets it has. What was not handed on is lost
 * with it, whoever keeps the leases. The helper may still have the whole batch to write down.
 */
async function handedOn(): Promise<void> {
  while (!/\) S /.test(readFileSync(`/proc/${String(pid())}/stat`, 'utf8'))) await sleep(1);
}

/** A server that has just started tells its helper all leases that it knows, which may fill the pipe between the two. */
async function settled(): Promise<void> {
  for (let before = -1; before !== size(); await sleep(300)) before = size();
}

test('no lease is lost or given twice when dnsmasq is killed or restarted as soon as it has answered', async () => {
  await up();
  for (const end of ['kill', 'edit', 'kill', 'edit', 'halt', 'kill'] as const) {
    await settled();
    await newClients(120);
    await handedOn();
    if (end === 'edit') await driver.up([document.replace('</ip>', `</ip><domain name='d${String(batches)}.example'/>`)]);
    else {
      process.kill(pid(), end === 'kill' ? 'SIGKILL' : 'SIGSTOP');
      await driver.repair('log');
    }
    expectAll(await driver.leases('log'), `${end} after batch ${String(batches)}`);
  }
});

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
    },
    { timeout: 60_000, interval: 200 },
  );
  process.kill(pid(), 'SIGKILL');
  await driver.repair('log');
  expectAll(await driver.leases('log'));
}, 120_000);

/** A part of 256 KiB with what came while it was closed, and a base. */
const BOUND = 700_000;
const size = (): number =>
  ['', '.1', '.base'].reduce((sum, ending) => sum + (statSync(files.leases + ending, { throwIfNoEntry: false })?.size ?? 0), 0);

test('a full disk costs no record that was there, and what could not be written is listed after it', async () => {
  await up();
  await newClients(50);
  const before = await leases();
  expectAll(before);
  const filler = join(dirname(files.leases), 'filler');
  sh(`head -c 8m /dev/zero >${filler} 2>/dev/null || true`);
  await newClients(50); // dnsmasq serves on
  await sleep(500);
  const within = await driver.leases('log');
  expect(within).toEqual(expect.arrayContaining([...before]));
  expect(within.length).toBeLessThan(100);
  sh(`rm ${filler}`);
  // dnsmasq tells its leases again when it reads its files anew.
  process.kill(pid(), 'SIGHUP');
  expectAll(await leases());
  process.kill(pid(), 'SIGKILL');
  await driver.repair('log');
  expectAll(await driver.leases('log'));
});
