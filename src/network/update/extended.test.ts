import { describe, expect, it } from 'vitest';
import { parseNetwork } from '../read.ts';
import { updateNetwork, type NetworkUpdate } from '../update.ts';

const NETWORK = parseNetwork(`<network><name>n</name><uuid>11111111-2222-3333-4444-555555555501</uuid><forward mode='nat'/>
  <bridge name='virbr5' stp='on' delay='0'/><mac address='52:54:00:00:05:01'/><domain name='a.test'/>
  <dns><forwarder addr='9.9.9.9'/></dns><ip address='10.0.0.1' prefix='24'/><ip address='10.1.0.1' prefix='24'/></network>`);

const change = (section: NetworkUpdate['section'], command: 'modify' | 'delete' | 'add-last' | 'add-first', fragment: string) =>
  updateNetwork(NETWORK, { section, command, fragment }, { extended: true });

describe('extended updates', () => {
  it.each([
    ['mtu', 'add-last', "<mtu size='1400'/>", { mtu: 1400 }],
    ['domain', 'modify', "<domain name='b.test' localOnly='yes'/>", { domain: { name: 'b.test', localOnly: true } }],
    ['bridge', 'modify', "<bridge stp='off' delay='3'/>", { bridge: { name: 'virbr5', stp: false, delay: 3 } }],
    ['bandwidth', 'add-first', "<bandwidth><inbound average='10'/></bandwidth>", { bandwidth: { inbound: { average: 10 } } }],
    [
      'forward',
      'modify',
      "<forward mode='route' dev='eth0'/>",
      { forward: { mode: 'route', interfaces: [{ dev: 'eth0' }], addresses: [] } },
    ],
    ['forward', 'delete', '<forward/>', { forward: { mode: 'none', interfaces: [], addresses: [] } }],
    ['port', 'add-last', "<port isolated='yes'/>", { portIsolated: true }],
    ['title', 'add-last', '<title>Lab</title>', { title: 'Lab' }],
    [
      'dns-forwarder',
      'add-first',
      "<forwarder addr='8.8.8.8'/>",
      { dns: { ...NETWORK.dns, forwarders: [{ addr: '8.8.8.8' }, { addr: '9.9.9.9' }] } },
    ],
    ['dns-forwarder', 'modify', "<forwarder addr='8.8.8.8'/>", { dns: { ...NETWORK.dns, forwarders: [{ addr: '8.8.8.8' }] } }],
    [
      'ip',
      'add-last',
      "<ip family='ipv6' address='fd00::1' prefix='64'/>",
      { ips: [...NETWORK.ips, { family: 'ipv6', address: 'fd00::1', prefix: 64 }] },
    ],
    ['ip', 'modify', "<ip address='10.1.0.1' prefix='16'/>", { ips: [NETWORK.ips[0], { address: '10.1.0.1', prefix: 16 }] }],
    [
      'route',
      'add-last',
      "<route address='172.16.0.0' prefix='16' gateway='10.0.0.9'/>",
      { routes: [{ address: '172.16.0.0', prefix: 16, gateway: '10.0.0.9' }] },
    ],
  ] as const)('%s %s %s', (section, command, fragment, part) => {
    const result = change(section, command, fragment);
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && result.value).toEqual({ ...NETWORK, ...part });
  });
  it('takes parts away', () => {
    const { domain: _domain, ...rest } = NETWORK;
    const result = change('domain', 'delete', '<domain/>');
    expect(result.ok && result.value).toEqual(rest);
    const fewer = change('ip', 'delete', "<ip address='10.1.0.1'/>");
    expect(fewer.ok && fewer.value).toEqual({ ...NETWORK, ips: NETWORK.ips.slice(0, 1) });
  });
  it.each([
    ['mtu', 'modify', "<mtu size='1400'/>", 'VNE005'],
    ['domain', 'add-last', "<domain name='b.test'/>", 'VNE004'],
    ['bridge', 'delete', '<bridge/>', 'VNE010'],
    ['ip', 'delete', "<ip address='10.9.0.1'/>", 'VNE005'],
    ['mtu', 'add-last', "<bridge name='x'/>", 'VNE003'],
    ['bandwidth', 'add-last', '<bandwidth/>', 'VNE003'],
  ] as const)('%s %s %s is refused as %s', (section, command, fragment, code) => {
    expect(change(section, command, fragment).diagnostics.find((d) => d.severity === 'error')?.code).toBe(code);
  });
  it('refuse an outcome that could not be defined', () => {
    const result = change('route', 'add-last', "<route address='172.16.0.0' prefix='16' gateway='192.0.2.1'/>");
    expect(result.diagnostics.find((d) => d.severity === 'error')?.libvirt?.message).toMatch(
      /unreachable static route gateway '192.0.2.1'/,
    );
  });
  it('are off unless asked for, with the error of libvirt', () => {
    const result = updateNetwork(NETWORK, { section: 'bridge', command: 'modify', fragment: "<bridge stp='off'/>" });
    expect(result.diagnostics[0]?.libvirt).toEqual({
      code: 84,
      message: "Operation not supported: can't update 'bridge' section of network 'n'",
    });
  });
});
