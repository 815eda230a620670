import { describe, expect, it } from 'vitest';
import { ip4, ip6, network } from '../../test/support/network.ts';
import { FORWARDS_NAMESPACE } from '../forwards/forward.ts';
import type { Network } from '../network/network.ts';
import { compileFirewall } from './firewall.ts';
import { complete } from './complete.ts';

const TAIL = '4f7dc2a5_0000_4000_8000_000000000001';

/** The rules of a network by the way they guard. */
function rules(net: Network): Record<string, readonly string[]> {
  const firewall = compileFirewall(complete(net), 'virbr0');
  return Object.fromEntries((firewall?.chains ?? []).map((chain) => [chain.name.replace(`n_${TAIL}_`, ''), chain.rules]));
}

describe('the packet rules of', () => {
  it('a nat network let answers in, its subnet out, and translate what leaves the subnet', () => {
    expect(rules(network('nat', { ips: [ip4] }))).toEqual({
      to: [
        'iifname "virbr0" accept',
        'ct direction original ct status dnat ip daddr 192.168.122.0/24 jump forwarded',
        'ip daddr 192.168.122.0/24 ct state established,related accept',
        'reject with icmp port-unreachable',
      ],
      from: ['ip saddr 192.168.122.0/24 accept', 'reject with icmp port-unreachable'],
      nat: [
        'ip saddr 192.168.122.0/24 ip daddr { 224.0.0.0/24, 255.255.255.255 } return',
        'ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 meta l4proto { tcp, udp } masquerade to :1024-65535',
        'ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 masquerade',
      ],
    });
  });

  it('a nat network route IPv6 unless it is translated too', () => {
    const routed = rules(network('nat', { ips: [ip4, ip6] }));
    expect(routed['to']).toContain('ip6 daddr 2001:db8:1::/64 accept');
    expect(routed['to']?.at(-1)).toBe('reject');
    expect(routed['nat']?.join()).not.toContain('ip6');
    const translated = rules(network('nat', { ips: [ip6] }, { nat: { ipv6: true, addressStart: '1.2.3.4', addressEnd: '1.2.3.9' } }));
    expect(translated['to']).toContain('ip6 daddr 2001:db8:1::/64 ct state established,related accept');
    expect(translated['nat']).toEqual([
      'ip6 saddr 2001:db8:1::/64 ip6 daddr ff02::/16 return',
      'ip6 saddr 2001:db8:1::/64 ip6 daddr != 2001:db8:1::/64 meta l4proto { tcp, udp } masquerade to :1024-65535',
      'ip6 saddr 2001:db8:1::/64 ip6 daddr != 2001:db8:1::/64 masquerade',
    ]);
  });

  it('a nat network with an address and a port range translate to them', () => {
    const nat = { addressStart: '203.0.113.4', addressEnd: '203.0.113.10', portStart: 500, portEnd: 1000 };
    expect(rules(network('nat', { ips: [ip4] }, { nat }))['nat']?.slice(1)).toEqual([
      'ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 meta l4proto { tcp, udp } snat ip to 203.0.113.4-203.0.113.10:500-1000',
      'ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 snat ip to 203.0.113.4-203.0.113.10',
    ]);
    const one = { addressStart: '203.0.113.4', addressEnd: '203.0.113.4' };
    expect(rules(network('nat', { ips: [ip4] }, { nat: one }))['nat']?.at(-1)).toMatch(/snat ip to 203\.0\.113\.4$/);
  });

  it('a forward device guard both ways and the translation', () => {
    const guarded = rules(network('nat', { ips: [ip4] }, { interfaces: [{ dev: 'eth1' }] }));
    expect(guarded['to']?.[2]).toBe('iifname "eth1" ip daddr 192.168.122.0/24 ct state established,related accept');
    expect(guarded['from']?.[0]).toBe('oifname "eth1" ip saddr 192.168.122.0/24 accept');
    expect(guarded['nat']?.every((rule) => rule.startsWith('oifname "eth1" '))).toBe(true);
  });

  it('a routed network let its subnets pass both ways and translate nothing', () => {
    expect(rules(network('route', { ips: [ip4, ip6] }))).toEqual({
      to: ['iifname "virbr0" accept', 'ip daddr 192.168.122.0/24 accept', 'ip6 daddr 2001:db8:1::/64 accept', 'reject'],
      from: ['ip saddr 192.168.122.0/24 accept', 'ip6 saddr 2001:db8:1::/64 accept', 'reject'],
    });
  });

  it('an isolated network let nothing pass but between its guests', () => {
    expect(rules(network('none', { ips: [ip4] }))).toEqual({
      to: ['iifname "virbr0" accept', 'reject with icmp port-unreachable'],
      from: ['reject with icmp port-unreachable'],
    });
    expect(rules(network('none', { ipv6: true }))['from']).toEqual(['reject']);
    expect(compileFirewall(complete(network('none')), 'virbr0')?.elements).toContainEqual({
      map: 'isolated',
      key: 'virbr0',
      verdict: 'accept',
    });
  });

  it("open networks and those on the host's devices are none", () => {
    for (const mode of ['open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev'] as const) {
      expect(compileFirewall(complete(network(mode, { ips: [ip4] })), 'virbr0')).toBeUndefined();
    }
  });

  it('every network hang on the verdict maps by the name of its bridge', () => {
    expect(compileFirewall(complete(network('nat', { ips: [ip4] })), 'virbr7')?.elements).toEqual([
      { map: 'to_guest', key: 'virbr7', verdict: `jump n_${TAIL}_to` },
      { map: 'from_guest', key: 'virbr7', verdict: `jump n_${TAIL}_from` },
      { map: 'nat_from', key: 'virbr7', verdict: `jump n_${TAIL}_nat` },
    ]);
  });

  it('port forwards translate what asks for the host, let just that in, and bring its own guests back by the host', () => {
    const forwards = `<forwards xmlns='${FORWARDS_NAMESPACE}'>
      <forward proto='tcp' port='80' to='192.168.122.10' to-port='8080'/>
      <forward proto='tcp' port='8070' end='8090' to='192.168.122.10'><source address='10.0.0.0/8'/><source address='0.0.0.0/0'/></forward>
      <forward proto='udp' address='2001:db8::1' port='53' to='2001:db8:1::a' to-port='5353'/></forwards>`;
    const metadata = [{ namespace: FORWARDS_NAMESPACE, xml: forwards }];
    const firewall = compileFirewall(complete(network('nat', { ips: [ip4, ip6], metadata })), 'virbr0');
    const to = rules(network('nat', { ips: [ip4, ip6], metadata }));
    expect(to['to']).toEqual([
      'iifname "virbr0" accept',
      'ct direction original ct status dnat ip daddr 192.168.122.0/24 jump forwarded',
      'ip daddr 192.168.122.0/24 ct state established,related accept',
      'ip6 daddr 2001:db8:1::/64 accept',
      'reject',
    ]);
    expect(to['nat']?.[0]).toBe('oifname "virbr0" ct status dnat masquerade');
    const every = 'meta l4proto tcp fib daddr type local ip daddr != 127.0.0.0/8 dnat ip to 192.168.122.10';
    expect(to).toMatchObject({
      forward_tcp_ip_80: [`${every}:8080`],
      forward_tcp_ip_8070: [`ip saddr 10.0.0.0/8 ${every}`, every],
      forward_udp_2001_db8__1_53: ['meta l4proto udp fib daddr type local dnat ip6 to [2001:db8:1::a]:5353'],
      forwarded: ['accept'],
    });
    expect(firewall?.elements.slice(3)).toEqual([
      { map: 'forward_ip', key: '0.0.0.0/0 . tcp . 80', verdict: `jump n_${TAIL}_forward_tcp_ip_80` },
      { map: 'forward_ip', key: '0.0.0.0/0 . tcp . 8070-8090', verdict: `jump n_${TAIL}_forward_tcp_ip_8070` },
      { map: 'forward_ip6', key: '2001:db8::1 . udp . 53', verdict: `jump n_${TAIL}_forward_udp_2001_db8__1_53` },
      // Port 8080 is in the range: no key twice.
      ...['8070-8079', '8080', '8081-8090'].map((ports) => ({
        map: 'forwarded_ip',
        key: `192.168.122.10 . tcp . ${ports}`,
        verdict: `jump n_${TAIL}_forwarded`,
      })),
      { map: 'forwarded_ip6', key: '2001:db8:1::a . udp . 5353', verdict: `jump n_${TAIL}_forwarded` },
    ]);
  });

  it('port forwards let those of their sources in, port by port', () => {
    const forwards = `<forwards xmlns='${FORWARDS_NAMESPACE}'>
      <forward proto='tcp' port='80' to='192.168.122.10' to-port='8080'><source address='10.0.0.0/8'/><source address='10.9.9.9'/></forward>
      <forward proto='tcp' port='81' to='192.168.122.10' to-port='8080'><source address='10.0.0.0/8'/></forward>
      <forward proto='tcp' port='8079' end='8080' to='192.168.122.10'><source address='192.0.2.1'/></forward>
      <forward proto='tcp' port='82' to='192.168.122.10' to-port='8079'/></forwards>`;
    const net = network('nat', { ips: [ip4], metadata: [{ namespace: FORWARDS_NAMESPACE, xml: forwards }] });
    expect(rules(net)).toMatchObject({
      forwarded: ['accept'],
      forwarded_tcp_192_168_122_10_8080: ['ip saddr 10.0.0.0/8 accept', 'ip saddr 10.9.9.9 accept', 'ip saddr 192.0.2.1 accept'],
    });
    expect(compileFirewall(complete(net), 'virbr0')?.elements.filter(({ map }) => map === 'forwarded_ip')).toEqual([
      { map: 'forwarded_ip', key: '192.168.122.10 . tcp . 8079', verdict: `jump n_${TAIL}_forwarded` },
      { map: 'forwarded_ip', key: '192.168.122.10 . tcp . 8080', verdict: `jump n_${TAIL}_forwarded_tcp_192_168_122_10_8080` },
    ]);
  });

  it('port forwards of a network with a forward device come by it alone, and those of a routed one need no rule to be let in', () => {
    const xml = `<forwards xmlns='${FORWARDS_NAMESPACE}'><forward proto='tcp' port='80' to='192.168.122.10'/></forwards>`;
    const metadata = [{ namespace: FORWARDS_NAMESPACE, xml }];
    expect(rules(network('nat', { ips: [ip4], metadata }, { interfaces: [{ dev: 'eth1' }] }))['to']).toContain(
      'iifname "eth1" ct direction original ct status dnat ip daddr 192.168.122.0/24 jump forwarded',
    );
    expect(rules(network('route', { ips: [ip4], metadata }))).toMatchObject({
      to: ['iifname "virbr0" accept', 'ip daddr 192.168.122.0/24 accept', 'reject with icmp port-unreachable'],
      nat: ['oifname "virbr0" ct status dnat masquerade'],
    });
  });
});
