import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const driver = await openDriver();
const document = `<network><name>sums</name><forward mode='nat'/><bridge name='virbr94' stp='off'/><ip address='10.94.0.1' prefix='24'>
  <dhcp><range start='10.94.0.10' end='10.94.0.90'/></dhcp></ip></network>`;

/** The program that the kernel asks for a module, proc_sys_kernel(5). */
const SETTING = '/proc/sys/kernel/modprobe';
const DELETE = 'tc filter delete dev virbr94 egress pref 68';
const ADD = 'tc filter add dev virbr94 egress protocol ip pref 68 u32';

/** What tcpdump in the guest says of the UDP checksums of the answers to a DHCP client there. */
async function seenByGuest(): Promise<readonly string[]> {
  const child = spawn('ip', ['netns', 'exec', 'guest', 'tcpdump', '-lnvv', '-i', 'eth0', 'udp dst port 68'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await new Promise<void>((resolve) => {
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
      if (words.includes('listening on')) resolve();
    });
  });
  sh('ip netns exec guest udhcpc -i eth0 -n -q -f -t 20 -T 2 -s /bin/true 2>&1');
  for (let i = 0; i < 100 && !/ACK/.test(out); i++) await sleep(100);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await gone;
  const verdicts = [...out.matchAll(/10\.94\.0\.1\.67 > .*\.68: \[(udp sum ok|bad udp cksum)/g)];
  return [...new Set(verdicts.map((m) => m[1] ?? ''))];
}

describe('a DHCP answer', () => {
  beforeAll(async () => {
    for (const module of ['bridge', 'veth', 'tun']) sh(`modprobe ${module}`);
    sh('ip netns add guest');
    await driver.up([document]);
    await driver.attach('sums', { owner: { name: 'guest' }, attachment: { type: 'netns', netns: 'guest' } });
    await driver.attach('sums', { owner: { name: 'machine' }, attachment: { type: 'tap', dev: 'tap94' } });
  }, 120_000);
  afterAll(async () => {
    await driver.stop('sums');
    await driver[Symbol.asyncDispose]();
  });
  const seenByMachine = (): string => sh(`perl ${join(import.meta.dirname, '../support/dhcp-frame.pl')} tap94`).trim();

  test('reaches guests with its checksum filled in, and without the filter it would not', async () => {
    expect(await seenByGuest()).toEqual(['udp sum ok']);
    expect(seenByMachine()).toBe('ok');
    sh('tc filter delete dev virbr94 egress');
    expect(await seenByGuest()).toEqual(['bad udp cksum']);
    expect(seenByMachine()).toBe('bad');
  }, 120_000);

  test('keeps it while limits of the network come and go', async () => {
    await driver.repair('sums');
    const limits = "<bandwidth><inbound average='9000'/><outbound average='9000'/></bandwidth>";
    for (const edited of [document.replace('</network>', `${limits}</network>`), document]) {
      await driver.up([edited]);
      expect((await driver.diff('sums')).steps).toEqual([]);
      expect(sh('tc filter show dev virbr94 egress')).toMatch(edited === document ? /^((?!mirred)[\s\S])*$/ : /mirred \(Egress Redirect/);
      expect(sh('tc filter show dev virbr94 egress')).toContain('csum (iph, udp)');
      expect(await seenByGuest()).toEqual(['udp sum ok']);
    }
  }, 120_000);

  test.each([
    ['is gone', 'tc qdisc delete dev virbr94 clsact'],
    // The kernel takes a filter's new action, but never a new match.
    [
      'does something else',
      'tc filter replace dev virbr94 egress protocol ip pref 68 handle 800::800 u32 match ip dport 68 0xffff action csum ip',
    ],
    ['is for something else', `${DELETE} && ${ADD} match ip dport 69 0xffff action csum ip and udp`],
    ['has another beside it', `${ADD} match ip dport 67 0xffff action csum ip`],
  ])(
    'is mended when its filter %s',
    async (_how, command) => {
      await driver.repair('sums');
      sh(command);
      expect((await driver.diff('sums')).steps.map((s) => `${s.op} ${s.key}`)).toEqual(['create checksum virbr94']);
      await driver.repair('sums');
      expect((await driver.diff('sums')).steps).toEqual([]);
      expect(seenByMachine()).toBe('ok');
    },
    120_000,
  );

  test('is for a guest that is plugged without a look for a module that there is not', async () => {
    // Kernel helpers see the machine's own /tmp.
    const folder = mkdtempSync('/tmp/modules-');
    const asked = (): readonly string[] => readFileSync(`${folder}/asked`, 'utf8').match(/\S+$/gm) ?? [];
    const modprobe = readFileSync(SETTING, 'utf8');
    writeFileSync(`${folder}/asked`, '');
    writeFileSync(`${folder}/record`, `#!/bin/sh\necho "$*" >>${folder}/asked\nexec ${modprobe.trim()} "$@"\n`, { mode: 0o755 });
    writeFileSync(SETTING, `${folder}/record`);
    try {
      // What a name that is no device's leads to.
      sh('tc qdisc add dev if4711 clsact 2>/dev/null || true');
      expect(asked()).toContain('netdev-if4711');
      writeFileSync(`${folder}/asked`, '');
      const { port } = await driver.attach('sums', { owner: { name: 'another' }, attachment: { type: 'tap' } });
      await driver.detach('sums', port.port.uuid);
      expect(asked()).toEqual([]);
    } finally {
      writeFileSync(SETTING, modprobe);
    }
  }, 120_000);
});
