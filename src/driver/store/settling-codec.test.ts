import { describe, expect, it } from 'vitest';
import type { DhcpHost } from '../../network/dhcp.ts';
import type { Network } from '../../network/network.ts';
import { codec } from './documents.ts';
import { keepHosts } from '../state/keep.ts';
import type { DocumentCodec } from './load-file.ts';
import { settlingCodec } from './settling-codec.ts';

const host = (n: number): DhcpHost => ({ mac: `52:54:00:00:00:0${String(n)}`, name: `h${String(n)}`, ip: `192.168.7.1${String(n)}` });
const withHosts = (hosts: readonly DhcpHost[], rest: Partial<Network> = {}): Network => ({
  name: 'lab',
  uuid: '11111111-2222-4333-8444-555555555555',
  metadata: [],
  forward: { mode: 'nat', interfaces: [], addresses: [] },
  bridge: { name: 'virbr7', stp: true, delay: 0 },
  mac: '52:54:00:00:07:01',
  ips: [
    { address: '192.168.7.1', prefix: 24, dhcp: { ranges: [], hosts } },
    { family: 'ipv6', address: 'fd00:7::1', prefix: 64, dhcp: { ranges: [], hosts: [{ id: '0:1', name: 'six', ip: 'fd00:7::9' }] } },
  ],
  routes: [],
  portgroups: [],
  dnsmasqOptions: [],
  ...rest,
});

/** What reading the written form gives, by the plain codec. */
function reread(network: Network): Network {
  const result = codec.read(codec.write(network), '');
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** A codec that counts the hosts it reads. */
function counting(): { readonly codec: DocumentCodec; readonly hostsRead: () => number } {
  let hostsRead = 0;
  return {
    codec: {
      write: codec.write,
      read: (text, source) => {
        hostsRead += text.split('<host ').length - 1;
        return codec.read(text, source);
      },
    },
    hostsRead: () => hostsRead,
  };
}

describe('a settled network', () => {
  // The interface of a NAT forward without a pool is one of the things that libvirt's form leaves out.
  const lossy: Partial<Network> = { forward: { mode: 'nat', interfaces: [{ dev: 'eth0' }], addresses: [] } };

  it.each([
    ['as it stands', withHosts([host(1), host(2)])],
    ['with what the form leaves out', withHosts([host(1)], lossy)],
    ['without hosts', withHosts([])],
    ['with a host like another', withHosts([host(1), host(1)])],
  ])('is what its file says, %s', (_, network) => {
    const { settle, says } = settlingCodec(codec);
    const settled = settle(network);
    expect(settled).toEqual(reread(network));
    expect(says(codec.write(network), settled)).toBe(true);
    expect(says(`${codec.write(network)}<!-- by hand -->`, settled)).toBe(false);
  });

  it('is not what was given, where the form leaves something out', () => {
    const given = withHosts([host(1)], { ips: [{ address: '192.168.7.1', prefix: 24, dhcp: { ranges: [], hosts: [] } }] });
    const settled = settlingCodec(codec).settle(given);
    expect(settled).not.toEqual(given); // an empty <dhcp> is not written
    expect(settled).toEqual(reread(given));
  });

  it('stays so after each edit of its hosts, and of the rest', () => {
    const { settle } = settlingCodec(codec);
    let now = settle(withHosts([host(1), host(2), host(3)]));
    const edits: readonly ((hosts: readonly DhcpHost[]) => readonly DhcpHost[])[] = [
      (hosts) => [...hosts, host(4)],
      (hosts) => [host(5), ...hosts],
      (hosts) => hosts.filter((_, i) => i !== 2),
      (hosts) => hosts.map((h, i) => (i === 1 ? { ...h, name: 'other', lease: { expiry: 5, unit: 'minutes' as const } } : h)),
      (hosts) => [...hosts].reverse(),
      () => [],
      () => [host(6)],
    ];
    for (const edit of edits) {
      const [first, ...others] = now.ips;
      const dhcp = first?.dhcp ?? { ranges: [], hosts: [] };
      const edited: Network = first ? { ...now, ips: [{ ...first, dhcp: { ...dhcp, hosts: edit(dhcp.hosts) } }, ...others] } : now;
      now = settle(edited);
      expect(now).toEqual(reread(edited));
    }
    expect(settle({ ...now, ...lossy })).toEqual(reread({ ...now, ...lossy }));
  });

  it('is read again but for the hosts that were settled before', () => {
    const { codec: counted, hostsRead } = counting();
    const { settle } = settlingCodec(counted);
    const many = Array.from({ length: 9 }, (_, i) => host(i));
    const before = settle(withHosts(many));
    const first = hostsRead();
    const written = { ...host(3), name: 'new', mac: '52:54:00:00:01:03', ip: '192.168.7.99' };
    settle(keepHosts(withHosts([...many, written]), before));
    // The first of each family, and the new one.
    expect(hostsRead() - first).toBe(3);
  });

  it('is never one that cannot be read back', () => {
    const { settle, says } = settlingCodec(codec);
    const bad = withHosts([{ ...host(1), ip: 'nowhere' }]);
    expect(settle(bad)).toBe(bad);
    expect(says(codec.write(bad), bad)).toBe(false);
  });

  it('takes no host for known in a subnet of the other family', () => {
    const { settle } = settlingCodec(codec);
    const [four, six] = settle(withHosts([host(1), host(2)])).ips;
    if (!four?.dhcp || !six?.dhcp) throw new Error('two subnets with hosts');
    const moved = withHosts([host(1)], { ips: [four, { ...six, dhcp: { ...six.dhcp, hosts: [...six.dhcp.hosts, ...four.dhcp.hosts] } }] });
    expect(codec.read(codec.write(moved), '').ok).toBe(false);
    expect(settle(moved)).toBe(moved);
  });
});

describe('keepHosts', () => {
  it('changes nothing but whose values they are', () => {
    const former = withHosts([host(1), host(2), host(3), host(4)]);
    for (const hosts of [
      [],
      [host(2)],
      [host(1), host(2), host(5), host(3), host(4)],
      [host(4), host(3)],
      [host(1), host(1), host(2), host(3), host(4), host(4)],
    ]) {
      const now = withHosts(hosts);
      expect(keepHosts(now, former)).toEqual(now);
    }
  });
});
