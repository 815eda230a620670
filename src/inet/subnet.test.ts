import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, parseIp } from './ip.ts';
import { contains, lastAddress, netmaskToPrefix, network, overlaps, parseSubnet, prefixToNetmask, type Subnet } from './subnet.ts';

const subnet = fc
  .record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), length: fc.nat(128) })
  .map(({ address, length }) => parseSubnet(`${address}/${String(address.includes(':') ? length : length % 33)}`))
  .filter((s): s is Subnet => s !== undefined);

describe('netmasks', () => {
  it('every prefix length has one netmask, and back', () => {
    for (let prefix = 0; prefix <= 32; prefix++) expect(netmaskToPrefix(prefixToNetmask(prefix))).toBe(prefix);
    expect(prefixToNetmask(23)).toBe('255.255.254.0');
  });

  it.each(['255.0.255.0', '0.0.0.255', '255.255.255.253', '127.255.255.255', 'fd00::1', '255.255.255'])('%s is none', (text) => {
    expect(netmaskToPrefix(text)).toBeUndefined();
  });
});

describe('subnets', () => {
  it('hold exactly the addresses from the first to the last', () => {
    fc.assert(
      fc.property(subnet, fc.bigInt(-2n, 2n), fc.boolean(), (s, off, atEnd) => {
        const value = (atEnd ? lastAddress(s).value : network(s).value) + off;
        fc.pre(value >= 0n && value < 1n << (s.family === 'ipv4' ? 32n : 128n));
        const isInside = value >= network(s).value && value <= lastAddress(s).value;
        expect(contains(s, { family: s.family, value })).toBe(isInside);
      }),
    );
  });

  it('of two families share nothing; one that holds the other overlaps it both ways', () => {
    const [small, large, other] = ['10.1.2.0/24', '10.1.0.0/16', '::a01:200/120'].map(parseSubnet);
    if (!small || !large || !other) throw new Error('not read');
    expect([overlaps(small, large), overlaps(large, small), overlaps(small, other)]).toEqual([true, true, false]);
  });

  it('an address is read to its number', () => {
    expect(parseIp('1.2.3.4')?.value).toBe(0x01020304n);
    expect(parseIp('2001:db8::ff00:42:8329')?.value).toBe(0x20010db8000000000000ff0000428329n);
    for (const bad of ['1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '01.2.3.4', '00.1.2.3', '256.1.1.1', '1.2.3.4 ', '1.2.3.x'])
      expect(parseIp(bad)).toBeUndefined();
    expect(formatIp({ family: 'ipv4', value: 0xffffffffn })).toBe('255.255.255.255');
  });
});
