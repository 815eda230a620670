import type { Network } from '../src/network/network.ts';

/** The n-th of many like networks: NAT, one /24 with a DHCP range over all of it. 0 <= n < 30,000. */
export function benchNetwork(n: number): Network {
  const subnet = `10.${String(100 + Math.floor(n / 250))}.${String(n % 250)}`;
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
  return {
    name: `net${String(n)}`,
    uuid: `3e3fce45-4f53-4fa7-bb32-${hex(n, 12)}`,
    metadata: [],
    forward: { mode: 'nat', interfaces: [], addresses: [] },
    bridge: { name: `virbr${String(n)}`, stp: true, delay: 0 },
    mac: `52:54:00:00:${hex(n >> 8, 2)}:${hex(n & 255, 2)}`,
    ips: [
      { address: `${subnet}.1`, netmask: '255.255.255.0', dhcp: { ranges: [{ start: `${subnet}.2`, end: `${subnet}.254` }], hosts: [] } },
    ],
    routes: [],
    portgroups: [],
    dnsmasqOptions: [],
  };
}

/** `benchNetwork` with an IPv6 prefix beside its IPv4 subnet, as the default network has (examples/default.xml). 0 <= n < 30,000. */
export function dualStackNetwork(n: number): Network {
  const network = benchNetwork(n);
  return { ...network, ips: [...network.ips, { family: 'ipv6', address: `2001:db8:${n.toString(16)}::1`, prefix: 64 }] };
}
