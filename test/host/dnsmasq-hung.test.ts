import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { isolated, nat, sh } from '../support/driver-documents.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const driver = await openDriver();
const folder = mkdtempSync(join(tmpdir(), 'hung-'));
let reader: ChildProcess | undefined;

afterEach(async () => {
  sh('nft delete table inet outsider 2>/dev/null || true');
  reader?.kill('SIGKILL');
  const running = (await driver.list()).filter((n) => n.active).map((n) => n.name);
  if (running.length > 0) await driver.stopAll(running);
});
afterAll(async () => {
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ISOLATED = '7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11';
const pidOf = (uuid: string): number =>
  Number(readFileSync(join(process.env['VIRTNET_RUN_DIR'] ?? '', 'dnsmasq', uuid, 'pid'), 'utf8').trim());
const stateOf = (pid: number): string => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? '';
const planned = async (): Promise<string[]> => (await driver.diff()).steps.map((s) => `${s.op} ${s.key}: ${s.reason}`);

/** The network with its server's log led to a file, each query logged. */
function logging(document: string, log: string): string {
  const options = ['log-queries', `log-facility=${log}`].map((value) => `<dnsmasq:option value='${value}'/>`).join('');
  return document
    .replace('<network>', "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>")
    .replace('</network>', `<dnsmasq:options>${options}</dnsmasq:options></network>`);
}

/** Sends DNS questions for a name without waiting for answers. */
async function flood(address: string, count: number): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  // Header: id 7, one question; then "guest" A IN.
  const question = Buffer.from('0007010000010000000000000567756573740000010001', 'hex');
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => {
      socket.send(question, 53, address, resolve);
    });
    if (i % 50 === 0) await sleep(2);
  }
  socket.close();
}

const six = isolated.replace("<ip address='10.88.0.1' netmask='255.255.255.0'/>", "<ip family='ipv6' address='fd88::1' prefix='64'/>");

test.each([
  ['10.88.0.1', isolated],
  ['fd88::1', six],
])('a server at %s that hangs (its log goes to a pipe that nobody reads) is named, and only it is mended', async (address, document) => {
  const pipe = join(folder, 'log');
  sh(`rm -f ${pipe} && mkfifo ${pipe}`);
  reader = spawn('sleep', ['600'], { stdio: [openSync(pipe, 'r+'), 'ignore', 'ignore'] });
  await driver.up([nat, logging(document, pipe)]);
  expect(await planned()).toEqual([]);
  const [hung, other] = [pidOf(ISOLATED), pidOf('3e3fce45-4f53-4fa7-bb32-11f34168b82b')];
  await flood(address, 3000);
  // Its state is that of an idle one.
  expect(stateOf(hung)).toBe('S');
  expect(await planned()).toEqual([`change dnsmasq ${ISOLATED}: process hung -> current`]);
  rmSync(pipe);
  writeFileSync(pipe, '');
  expect((await driver.repair()).applied).toBe(true);
  expect(await planned()).toEqual([]);
  expect(existsSync(`/proc/${String(hung)}/exe`)).toBe(false);
  expect(pidOf('3e3fce45-4f53-4fa7-bb32-11f34168b82b')).toBe(other);
  expect(sh(`dig +short +time=2 +tries=1 @${address} version.bind txt chaos`)).toMatch(/^"dnsmasq-/);
});

test('a server that was stopped by a signal is named as hung', async () => {
  await driver.up([isolated]);
  const server = pidOf(ISOLATED);
  process.kill(server, 'SIGSTOP');
  await expect.poll(() => stateOf(server), { timeout: PATIENCE_MS }).toBe('T');
  expect(await planned()).toEqual([`change dnsmasq ${ISOLATED}: process hung -> current`]);
  await driver.repair();
  expect(await planned()).toEqual([]);
});

test('a server that a firewall keeps from answering is not taken for hung', async () => {
  await driver.up([isolated]);
  sh(
    "nft 'table inet outsider { chain o { type filter hook output priority 0; udp sport 53 drop; }; chain i { type filter hook input priority 0; }; }'",
  );
  expect(await planned()).toEqual([]);
  sh("nft 'flush chain inet outsider o; add rule inet outsider i udp dport 53 drop'");
  expect(await planned()).toEqual([]);
});
