import type { HostFacts } from '../../src/compile/facts.ts';
import type { Forward, ForwardMode } from '../../src/network/forward.ts';
import type { Ip } from '../../src/network/ip.ts';
import type { Network } from '../../src/network/network.ts';

export const UUID = '4f7dc2a5-0000-4000-8000-000000000001';

/** A complete managed network with little in it. */
export function network(mode: ForwardMode, rest: Partial<Network> = {}, forward: Partial<Forward> = {}): Network {
  const managed = mode === 'none' || mode === 'nat' || mode === 'route' || mode === 'open';
  return {
    name: 'net',
    uuid: UUID,
    metadata: [],
    forward: { mode, interfaces: [], addresses: [], ...forward },
    ...(managed && { bridge: { name: 'virbr0', stp: true, delay: 0 }, mac: '52:54:00:00:00:01' }),
    ips: [],
    routes: [],
    portgroups: [],
    dnsmasqOptions: [],
    ...rest,
  };
}

export const ip4: Ip = { address: '192.168.122.1', netmask: '255.255.255.0' };
export const ip6: Ip = { family: 'ipv6', address: '2001:db8:1::1', prefix: 64 };

/** A host with an uplink and nothing else, whose kernel can do everything. */
export function facts(rest: Partial<HostFacts> = {}): HostFacts {
  const link = (name: string, type = '') => [name, { name, type }] as const;
  return {
    links: new Map([link('lo'), link('eth0'), link('eth1'), link('br0', 'bridge')]),
    routes: [],
    vfs: [],
    capabilities: {
      vlanFiltering: true,
      csum: true,
      openvswitch: true,
      midonet: true,
      vdp: true,
      firewalld: { zones: [], policies: [] },
      resolved: true,
    },
    paths: { runDir: '/run/virtnet', stateDir: '/var/lib/virtnet', leaseScript: '/usr/lib/virtnet/lease-script' },
    ...rest,
  };
}
