import { expect, test } from 'vitest';
import { parseNetwork } from '../../network/index.ts';
import { leaseView } from './lease.ts';

const network = parseNetwork(`<network><name>lab</name><ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.10' end='10.0.0.20'/>
  <host mac='52:54:00:00:00:09' ip='10.0.0.9'/></dhcp></ip>
  <ip family='ipv6' address='fd00::1' prefix='64'><dhcp><host id='0:1' ip='fd00:0:0:0::9'/></dhcp></ip></network>`);
const lease = (ip: string, mac?: string): Parameters<typeof leaseView>[2] => ({
  interface: 'virbr0',
  expiry: 0,
  family: ip.includes(':') ? 'ipv6' : 'ipv4',
  ip,
  prefix: 24,
  ...(mac === undefined ? {} : { mac }),
});
const ports = [{ port: { mac: '52:54:00:00:00:0a', owner: { uuid: '', name: 'web' } } }];

test.each([
  [lease('10.0.0.9', '52:54:00:00:00:09'), true, { state: 'active', origin: 'fixed' }],
  [lease('10.0.0.10', '52:54:00:00:00:0A'), false, { state: 'kept', origin: 'range', guest: 'web' }],
  [lease('fd00::9'), true, { state: 'active', origin: 'fixed' }],
])('a lease says where it is from and whose it is', (given, active, says) => {
  expect(leaseView({ name: 'lab', active, network }, ports, given)).toEqual({ network: 'lab', ...given, ...says });
});
