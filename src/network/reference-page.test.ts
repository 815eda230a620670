import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readNetwork } from './read.ts';

const page = readFileSync(new URL('../../docs/reference/network-xml.md', import.meta.url), 'utf8');

/** A document with every element of the format, each with an attribute and a child that no element has. */
function everywhereWrong(): string {
  const odd = (tag: string, attributes = '', children = ''): string => `<${tag} ${attributes} nosuch='x'>${children}<nosuch/></${tag}>`;
  const bandwidth = odd('bandwidth', '', odd('inbound', "average='1'") + odd('outbound', "average='1'"));
  const vlan = odd('vlan', '', odd('tag', "id='1'"));
  const virtualport = odd('virtualport', "type='openvswitch'", odd('parameters', "profileid='p'"));
  const nat = odd('nat', '', odd('address', "start='10.0.0.1' end='10.0.0.2'") + odd('port', "start='1024' end='2048'"));
  const lease = odd('lease', "expiry='5'");
  const dhcp = odd(
    'dhcp',
    '',
    odd('range', "start='192.168.1.2' end='192.168.1.9'", lease) +
      odd('host', "mac='52:54:00:00:00:01' ip='192.168.1.3'") +
      odd('bootp', "file='f'"),
  );
  const dns = odd(
    'dns',
    '',
    odd('forwarder', "addr='192.0.2.1'") +
      odd('txt', "name='a' value='b'") +
      odd('srv', "service='s' protocol='tcp'") +
      odd('host', "ip='192.168.1.4'", '<hostname>h</hostname>'),
  );
  const forward = (mode: string, children: string): string => odd('forward', `mode='${mode}'`, children);
  const rest = [
    odd('bridge', "name='virbr9'"),
    odd('mtu', "size='1500'"),
    odd('mac', "address='52:54:00:00:00:02'"),
    odd('domain', "name='d'"),
    dns,
    vlan,
    bandwidth,
    odd('port', "isolated='yes'"),
    odd('ip', "address='192.168.1.1' prefix='24'", odd('tftp', "root='/t'") + dhcp),
    odd('route', "address='10.9.0.0' prefix='16' gateway='192.168.1.5'"),
    virtualport,
    odd('portgroup', "name='p'", vlan + virtualport + bandwidth),
  ].join('');
  const pool =
    odd('interface', "dev='eth1'") + odd('pf', "dev='eth2'") + odd('address', "type='pci' bus='1'") + odd('driver', "name='vfio'");
  return odd('network', '', `<name>n</name>${forward('nat', nat + pool)}${rest}`);
}

describe('docs/reference/network-xml.md', () => {
  it('names every element and attribute that the reader knows', () => {
    const result = readNetwork(everywhereWrong());
    const known = result.diagnostics
      .filter(({ code }) => code === 'VNM002' || code === 'VNM003')
      .flatMap(({ code, allowed }) => (allowed ?? '').split(', ').map((name) => (code === 'VNM002' ? `<${name}>` : `\`${name}\``)));
    const names = [...new Set(known)].filter((name) => name !== '<>' && name !== '``');
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name) => !page.includes(name))).toEqual([]);
  });
});
