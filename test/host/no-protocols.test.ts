import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';

/** On a host without /etc/protocols (Debian without netbase: containers, small images) nft lists protocols by number. */
const driver = await openDriver();
const document = `<network><name>bare</name><forward mode='nat'/><bridge name='virbr95' stp='off'/>
  <metadata><f:forwards xmlns:f='urn:virtnet:forwards'><f:forward proto='udp' port='9053' to='10.95.0.9' to-port='53'/></f:forwards></metadata>
  <ip address='10.95.0.1' prefix='24'><dhcp><host mac='52:54:00:00:95:09' ip='10.95.0.9'/></dhcp></ip></network>`;

beforeAll(() => void sh('mount --bind /dev/null /etc/protocols'));
afterAll(async () => {
  sh('umount /etc/protocols');
  await driver[Symbol.asyncDispose]();
});

test('a network is as it should be once it is up, and leaves nothing behind', async () => {
  sh('echo 1 >/proc/sys/net/ipv4/ip_forward'); // which stays on
  const before = hostSnapshot();
  await driver.up([document]);
  expect(sh('nft list table inet virtnet')).toMatch(/meta l4proto 6 reject[^]*meta l4proto \{ 6, 17 \} masquerade/);
  expect((await driver.diff()).steps).toEqual([]);
  await driver.stop('bare');
  await driver.undefine('bare');
  expect(hostSnapshot()).toEqual(before);
});

test("another firewall's rules by protocol are read", async () => {
  await driver.up([document]);
  const warned = async (): Promise<readonly string[]> => (await driver.warnings(['bare'])).map(({ message }) => message);
  sh("nft 'table ip other { chain input { type filter hook input priority 0; policy drop; meta l4proto { tcp, udp } accept; }; }'");
  expect(await warned()).toEqual([]);
  sh("nft 'flush chain ip other input; add rule ip other input meta l4proto tcp accept'");
  expect(await warned()).toEqual([expect.stringContaining('other')]);
  sh('nft delete table ip other');
  await driver.stop('bare');
});
