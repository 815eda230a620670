import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { devicesOfAdvertisedRoutes } from './advertised-routes.ts';

let proc: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(proc, path)), { recursive: true });
  writeFileSync(join(proc, path), text);
};
const NONE = '0'.repeat(32);
const GATEWAY = 'fe80000000000000bc31a0fffeed5382';
/** A row of /proc/net/ipv6_route, whose columns seq_printf pads (`rt6_info_route` in the kernel). */
const row = (to: string, length: string, gateway: string, flags: string, dev: string): string =>
  `${to} ${length} ${NONE} 00 ${gateway} 00000400 00000001 00000000 ${flags} ${dev.padStart(8)}\n`;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'proc-'));
  put('sys/net/ipv6/conf/all/forwarding', '0\n');
  for (const [dev, value] of [
    ['eth0', '1'],
    ['eth1', '2'],
    ['eth2', '0'],
    ['eth3', '1'],
  ] as const)
    put(`sys/net/ipv6/conf/${dev}/accept_ra`, `${value}\n`);
  put(
    'net/ipv6_route',
    // A default route of an advertisement: up, gateway, default, addrconf, expires. A second router of the same device.
    row(NONE, '00', GATEWAY, '00450003', 'eth0') +
      row(NONE, '00', GATEWAY.replace('bc', 'bd'), '00450003', 'eth0') +
      row(NONE, '00', GATEWAY, '00450003', 'eth1') +
      // A route information option (addrconf, routeinfo), on a device that has stopped listening.
      row('20010db8'.padEnd(32, '0'), '20', GATEWAY, '00c40003', 'eth2') +
      // A program's own route (up, gateway, expires), and an on-link prefix of an advertisement.
      row(NONE, '00', GATEWAY, '00400003', 'eth3') +
      row('20010db80009'.padEnd(32, '0'), '40', NONE, '000c0001', 'eth3'),
  );
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

it('finds the devices whose routes by advertisement would go, each once', () => {
  expect(devicesOfAdvertisedRoutes(proc)).toEqual(['eth0', 'eth2']);
});

it('finds none where the host forwards IPv6 already, or has none', () => {
  put('sys/net/ipv6/conf/all/forwarding', '1\n');
  expect(devicesOfAdvertisedRoutes(proc)).toEqual([]);
  rmSync(join(proc, 'sys'), { recursive: true });
  expect(devicesOfAdvertisedRoutes(proc)).toEqual([]);
});
