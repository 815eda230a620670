import * as ipaddr from 'ipaddr.js';
import * as fc from 'fast-check';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { formatIp, parseIp, parseIpNumeric } from './ip.ts';

describe('parseIp', () => {
  it('agrees with node:net on what is an address', () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/));
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
  it('gives the bytes that ipaddr.js gives (it reads the deprecated ::1.2.3.4 as ::ffff:1.2.3.4, so not those)', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()).filter((t) => !/^::\d+\./.test(t)),
        (text) => {
          const bytes = ipaddr.parse(text).toByteArray();
          expect(parseIp(text)?.value).toBe(bytes.reduce((v, b) => (v << 8n) | BigInt(b), 0n));
        },
      ),
    );
  });
});

describe('formatIp', () => {
  it('is undone by parseIp', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
        expect(parseIp(formatIp({ family: 'ipv6', value }))?.value).toBe(value);
      }),
    );
  });
  it.each([
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('prints %s as %s (RFC 5952)', (text, printed) => {
    const ip = parseIp(text);
    expect(ip && formatIp(ip)).toBe(printed);
  });
});

describe('parseIpNumeric', () => {
  it.each([
    ['1.2.3', '1.2.0.3'],
    ['8.8.8', '8.8.0.8'],
    ['192.168.010.001', '192.168.8.1'],
    ['0x7f.1', '127.0.0.1'],
  ])('expands %s to %s as inet_aton does', (text, printed) => {
    const ip = parseIpNumeric(text);
    expect(ip && formatIp(ip)).toBe(printed);
  });
  it.each(['256.1.1.1', '1.2.3.4.5', '1..2', '', ' 1.2.3.4', '08.1.1.1'])('refuses %j', (text) => {
    expect(parseIpNumeric(text)).toBeUndefined();
  });
});
