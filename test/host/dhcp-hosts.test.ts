import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { attachGuest, sh } from '../support/driver-documents.ts';

const driver = await openDriver();
const UUID = '5b1d2f6c-6a5e-4d53-9d0b-0a8c3e7f1f10';
const folder = join(process.env['VIRTNET_RUN_DIR'] ?? '', 'dnsmasq', UUID);

afterAll(async () => {
  for (const guest of ['first', 'second']) {
    await driver.detach('many', guest);
    sh(`ip netns del ${guest}`);
  }
  await driver.stop('many');
  await driver[Symbol.asyncDispose]();
});

const host = (n: number): string =>
  `<host mac='52:54:01:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}' name='h${String(n)}' ip='10.91.${String(1 + (n >> 8))}.${String(n & 255)}'/>`;
const document = `<network><name>many</name><uuid>${UUID}</uuid><bridge name='virbr91'/><ip address='10.91.0.1' prefix='16'><dhcp>
  <range start='10.91.250.2' end='10.91.250.250'/>
  ${Array.from({ length: 10_000 }, (_, n) => host(n)).join('\n')}</dhcp></ip></network>`;

/** The files of the network's dnsmasq by their inodes: a file that is written anew has another one. */
const inodes = (): Record<string, number> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).ino]));
const lease = (netns: string): string =>
  execFileSync('sh', ['-c', `ip netns exec ${netns} udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1`], { encoding: 'utf8' });

test('the 10,001st fixed host is served by the same process, which nobody else notices', async () => {
  await driver.up([document]);
  await attachGuest(driver, 'many', 'first');
  expect(lease('first')).toMatch(/lease of 10\.91\.250\.\d+ obtained/);
  const leases = await driver.leases('many');
  const before = { pid: readFileSync(join(folder, 'pid'), 'utf8'), inodes: inodes() };
  const second = await attachGuest(driver, 'many', 'second');
  const request = { section: 'ip-dhcp-host', command: 'add-last', parentIndex: 0, affect: 'live+config' } as const;
  await driver.update('many', { ...request, fragment: `<host mac='${second.port.mac}' name='new' ip='10.91.200.7'/>` });

  expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(before.pid);
  const changed = Object.entries(inodes()).flatMap(([name, inode]) => (before.inodes[name] === inode ? [] : [name]));
  // `loaded` is the note of what the process was told to read.
  expect(changed.toSorted()).toEqual(['hosts', 'loaded']);
  expect(lease('second')).toContain('lease of 10.91.200.7 obtained');
  expect(await driver.leases('many')).toEqual(expect.arrayContaining([...leases]));
  expect((await driver.diff()).steps).toEqual([]);

  // A changed document does the same.
  const xml = await driver.xml('many', { inactive: true });
  const plan = await driver.up([xml.replace("name='new'", "name='renamed'")]);
  expect(plan.plan.steps.map((s) => [s.op, s.kind, s.changed, s.disturbance])).toEqual([['change', 'dnsmasq', ['hosts'], 'none']]);
  expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(before.pid);
});
