import { describe, expect, it } from 'vitest';
import { prefixOf, subnetOf } from './ip.ts';
import { readNetwork } from './read.ts';

const read = (ip: string) => readNetwork(`<network><name>lab</name>${ip}</network>`);

describe('<ip>', () => {
  it.each([
    [{ address: '10.1.2.3' }, 8],
    [{ address: '172.16.0.1' }, 16],
    [{ address: '192.168.1.1' }, 24],
    [{ address: '224.0.0.1' }, undefined],
    [{ address: 'fd00::1' }, 64],
    [{ address: '10.1.2.3', prefix: 30 }, 30],
    [{ address: '10.1.2.3', netmask: '0.0.0.0' }, 0],
    [{ address: '10.1.2.3', netmask: '255.255.255.255' }, 32],
    [{ address: '10.1.2.3', netmask: '255.255.254.0' }, 23],
    [{ address: '10.1.2.3', netmask: '255.255.253.0' }, undefined],
    [{ address: '10.1.2.3', netmask: '0.255.255.255' }, undefined],
  ])('the prefix of %j is %s', (ip, prefix) => {
    expect(prefixOf(ip)).toBe(prefix);
    expect(subnetOf(ip)?.prefix).toBe(prefix);
  });

  it('keeps what was written: family, netmask or prefix, localPtr', () => {
    expect(read("<ip family='ipv4' address='10.0.0.1' netmask='255.0.0.0' localPtr='yes'/>").network?.ips).toStrictEqual([
      { family: 'ipv4', address: '10.0.0.1', netmask: '255.0.0.0', localPtr: true },
    ]);
    expect(read("<ip family='ipv6' address='FD00:0::1' prefix='64'/>").network?.ips).toStrictEqual([
      { family: 'ipv6', address: 'fd00::1', prefix: 64 },
    ]);
  });

  it.each([
    ["<ip address='10.0.0.256' prefix='8'/>", 'VNM014'],
    ["<ip address='10.0.0.1' prefix='33'/>", 'VNM012'],
    ["<ip family='ipv6' address='fd00::1' prefix='129'/>", 'VNM012'],
    ["<ip family='ipv6' address='fd00::1' netmask='255.0.0.0'/>", 'VNM030'],
    ["<ip family='ipv6' address='10.0.0.1' prefix='8'/>", 'VNM022'],
    ["<ip family='ipx' address='10.0.0.1' prefix='8'/>", 'VNM013'],
    ["<ip prefix='8'/>", 'VNM010'],
  ])('%s is refused with %s', (ip, code) => {
    const { network, diagnostics } = read(ip);
    expect(network).toBeUndefined();
    expect(diagnostics.find((d) => d.severity === 'error')?.code).toBe(code);
  });

  it('tells of each subnet that lies in another one, whatever their order, and of none beside it', () => {
    const ips = [
      '10.0.1.1/24',
      '10.0.0.1/16',
      '10.1.0.1/16',
      '::10.0.3.1/128',
      '10.0.2.1/24',
      '::10.1.0.1/112',
      '10.1.0.1/16',
      '9.0.0.1/8',
    ];
    const elements = ips.map((ip) => ip.split('/')).map(([address = '', prefix = '']) => ({ address, prefix }));
    const text = elements.map(({ address, prefix }) => {
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      return `<ip family='${family}' address='${address}' prefix='${prefix}'/>`;
    });
    const { diagnostics } = read(text.join(''));
    expect(diagnostics.map(({ code, path, related }) => `${code} ${path ?? ''} in ${related?.[0]?.path ?? ''}`)).toStrictEqual([
      'VNM065 /network/ip[7]/@address in /network/ip[3]',
      'VNM066 /network/ip[1]/@address in /network/ip[2]',
      'VNM066 /network/ip[5]/@address in /network/ip[2]',
    ]);
  });

  it('tells of an address that stands twice as such, also where a third subnet has both in it', () => {
    const ip = (address: string, prefix: number): string => `<ip address='${address}' prefix='${String(prefix)}'/>`;
    const { diagnostics } = read([ip('10.0.1.1', 24), ip('10.0.0.1', 8), ip('10.0.1.1', 16), ip('10.0.1.1', 24)].join(''));
    expect(diagnostics.map(({ code, path, related }) => `${code} ${path ?? ''} in ${related?.[0]?.path ?? ''}`)).toStrictEqual([
      'VNM065 /network/ip[3]/@address in /network/ip[1]',
      'VNM065 /network/ip[4]/@address in /network/ip[1]',
      'VNM066 /network/ip[1]/@address in /network/ip[2]',
    ]);
  });
});
