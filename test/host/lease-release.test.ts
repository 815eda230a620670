import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Lease } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { attachGuest, sh } from '../support/driver-documents.ts';

const driver = await openDriver();
const document = `<network><name>dhcp</name><bridge name='virbr92'/><domain name='lab.example' localOnly='yes'/>
  <ip address='10.92.0.1' prefix='24'><dhcp><range start='10.92.0.50' end='10.92.0.50'/></dhcp></ip>
  <ip family='ipv6' address='fd92::1' prefix='64'><dhcp><range start='fd92::50' end='fd92::50'/></dhcp></ip></network>`;

afterEach(async () => {
  for (const { name, active } of await driver.list()) {
    if (active) await driver.stop(name);
    await driver.undefine(name);
  }
  for (const guest of ['a', 'b']) sh(`ip netns del ${guest} 2>/dev/null || true`);
});
afterAll(() => driver[Symbol.asyncDispose]());

const client = (netns: string, tries = 40): string =>
  sh(`ip netns exec ${netns} udhcpc -i eth0 -n -q -f -t ${String(tries)} -T 1 -x hostname:${netns}-host -s /bin/true 2>&1 || true`);
/** A DHCPv6 client's four messages; true when each was answered. A link-local address is needed first. */
function client6(netns: string): void {
  sh(`for i in $(seq 100); do ip -n ${netns} -6 addr show dev eth0 scope link -tentative | grep -q fe80 && break; sleep 0.05; done`);
  sh(`ip netns exec ${netns} perfdhcp -6 -l eth0 -R 1 -n 1 -r 1 -W 2000000 all 2>&1 || true`);
}
const answers = (name: string): string => sh(`dig +short +time=5 +tries=5 @10.92.0.1 ${name}`).trim();

/** The leases, once there are as many; the server notes them a moment after the client has them. */
async function leases(count: number): Promise<readonly Lease[]> {
  let found = await driver.leases('dhcp');
  for (let i = 0; i < 1000 && found.length !== count; i++) {
    await sleep(20);
    found = await driver.leases('dhcp');
  }
  return found;
}

test('an unplugged guest leaves its addresses to the next one, and its name with them', async () => {
  await driver.up([document]);
  await attachGuest(driver, 'dhcp', 'a');
  expect(client('a')).toContain('lease of 10.92.0.50 obtained');
  client6('a');
  expect((await leases(2)).map((l) => l.ip).toSorted()).toEqual(['10.92.0.50', 'fd92::50']);
  expect(answers('a-host.lab.example')).toBe('10.92.0.50');
  await attachGuest(driver, 'dhcp', 'b');
  expect(client('b', 5)).toContain('no lease, failing');

  await driver.detach('dhcp', 'a');
  expect(await leases(0)).toEqual([]);
  expect(answers('a-host.lab.example')).toBe('');
  expect(client('b')).toContain('lease of 10.92.0.50 obtained');
  client6('b');
  expect((await leases(2)).map((l) => l.ip).toSorted()).toEqual(['10.92.0.50', 'fd92::50']);
});

test('nobody else loses a lease, and one that is unplugged while the network is stopped gives its back as well', async () => {
  await driver.up([document.replace("end='10.92.0.50'", "end='10.92.0.60'")]);
  await attachGuest(driver, 'dhcp', 'a');
  await attachGuest(driver, 'dhcp', 'b');
  expect(client('a')).toMatch(/lease of 10\.92\.0\.\d+ obtained/);
  const [before] = await leases(1);
  expect(client('b')).toMatch(/lease of 10\.92\.0\.\d+ obtained/);
  expect(await leases(2)).toHaveLength(2);
  await driver.detach('dhcp', 'b');
  expect(await leases(1)).toEqual([before]);
  await driver.stop('dhcp');
  await driver.detach('dhcp', 'a');
  expect(await driver.leases('dhcp')).toEqual([]);
  await driver.start('dhcp');
  expect(answers('a-host.lab.example')).toBe('');
});
