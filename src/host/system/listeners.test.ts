import { expect, it } from 'vitest';
import { parseListeners } from './listeners.ts';

it('reads who waits: the byte order is that of the machine, little-endian here', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const line = (local: string, state: string): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1\n`;
  const tcp = head + line('0100007F:0035', '0A') + line('00000000:1F90', '0A') + line('017100CB:0050', '01');
  expect(parseListeners(tcp, 'tcp', 'ipv4')).toEqual([
    { proto: 'tcp', family: 'ipv4', address: '127.0.0.1', port: 53 },
    { proto: 'tcp', family: 'ipv4', port: 8080 },
  ]);
  const udp6 = head + line('B80D0120000000000000000001000000:0223', '07');
  expect(parseListeners(udp6, 'udp', 'ipv6')).toEqual([{ proto: 'udp', family: 'ipv6', address: '2001:db8::1', port: 547 }]);
  expect(parseListeners('', 'tcp', 'ipv4')).toEqual([]);
});
