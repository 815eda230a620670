import { dnsmasqFiles } from '../../src/compile/dnsmasq-files.ts';
import type { HostPaths } from '../../src/compile/facts.ts';
import type { Resource } from '../../src/compile/host-state.ts';
import { NETWORK } from './states.ts';

const owner = { network: NETWORK };

export const bridge: Resource = {
  kind: 'link',
  owner,
  name: 'virbr0',
  mac: '52:54:00:00:00:01',
  mtu: 1400,
  spec: { type: 'bridge', stp: true, forwardDelay: 0, vlanFiltering: false },
};
export const up: Resource = { kind: 'link-up', owner, dev: 'virbr0' };
export const v4: Resource = { kind: 'address', owner, dev: 'virbr0', address: '10.77.0.1/24' };
const v6: Resource = { kind: 'address', owner, dev: 'virbr0', address: 'fd77::1/64' };
const route: Resource = { kind: 'route', owner, dev: 'virbr0', to: '10.78.0.0/16', via: '10.77.0.2', metric: 3 };
const route6: Resource = { kind: 'route', owner, dev: 'virbr0', to: 'fd78::/64', via: 'fd77::2', metric: 1024 };
const forwarding: Resource = { kind: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' };
const acceptRa: Resource = { kind: 'sysctl', owner, path: 'net/ipv6/conf/virbr0/accept_ra', value: '0' };
export const base: Resource = { kind: 'firewall-base' };
export const chain = (network: string, way: string): string => `n_${network.replaceAll('-', '_')}_${way}`;
export const firewall = (network: string, dev: string, rules: readonly string[]): Resource => ({
  kind: 'firewall',
  owner: { network },
  chains: [
    { name: chain(network, 'to'), rules: [`iifname "${dev}" accept`, ...rules, 'reject'] },
    { name: chain(network, 'from'), rules: ['reject with icmp port-unreachable'] },
  ],
  elements: [
    { map: 'to_guest', key: dev, verdict: `jump ${chain(network, 'to')}` },
    { map: 'from_guest', key: dev, verdict: `jump ${chain(network, 'from')}` },
  ],
});
export const rules = firewall(NETWORK, 'virbr0', ['ip daddr 10.77.0.0/24 ct state established,related accept']);
/** A dnsmasq of the network, with more lines in its conf file and hosts in its hosts file. */
export function dnsmasqOf(paths: HostPaths, more = '', hosts = ''): Resource {
  const files = dnsmasqFiles(paths, NETWORK);
  const conf = `pid-file=${files.pid}\ninterface=virbr0\nexcept-interface=lo\nbind-dynamic\nno-resolv\ndhcp-range=10.77.0.10,10.77.0.20\nleasefile-ro\ndhcp-hostsfile=${files.hosts}\naddn-hosts=${files.addnHosts}\n${more}`;
  return { kind: 'dnsmasq', owner, bridge: 'virbr0', conf, hosts, addnHosts: '' };
}

/** A network with one resource at least of each kind that every network may have. */
export function wholeNetwork(paths: HostPaths): readonly Resource[] {
  return [bridge, up, v4, v6, route, route6, forwarding, acceptRa, base, rules, dnsmasqOf(paths)];
}
