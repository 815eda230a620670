import { describe, expect, it } from 'vitest';
import { facts, ip4, network, UUID } from '../../test/support/network.ts';
import { FORWARDS_NAMESPACE } from '../forwards/forward.ts';
import type { Network } from '../network/network.ts';
import type { RouteFact } from './facts.ts';
import { findConflicts } from './conflicts.ts';

const nat = network('nat', { ips: [ip4] });
const withRoutes = (...routes: RouteFact[]) => facts({ routes });
const codes = (net: Network, f = facts(), others: Network[] = []) => findConflicts(net, f, others).map((d) => `${d.severity} ${d.code}`);

describe('findConflicts', () => {
  it('is silent on a host that has room', () => {
    expect(findConflicts(nat, withRoutes({ to: '0.0.0.0/0', dev: 'eth0' }, { to: '10.0.0.0/24', dev: 'eth0' }))).toEqual([]);
  });

  it("refuses a subnet that an interface has, with its name and libvirt's words", () => {
    expect(findConflicts(nat, withRoutes({ to: '192.168.122.0/24', dev: 'eth1' }))).toMatchObject([
      {
        code: 'VNC001',
        severity: 'error',
        message: "subnet 192.168.122.0/24 is in use by interface 'eth1'",
        path: '/network/ip[1]',
        libvirt: { code: 1, domain: 0, message: 'internal error: Network is already in use by interface eth1' },
      },
    ]);
  });

  it('warns of an overlap, saying what is lost', () => {
    const wide = findConflicts(nat, withRoutes({ to: '192.168.0.0/16', dev: 'tun0' }));
    expect(wide).toMatchObject([{ code: 'VNC002', severity: 'warning' }]);
    expect(wide[0]?.message).toContain("192.168.122.0/24 will no longer be reached through interface 'tun0'");
    const narrow = findConflicts(nat, withRoutes({ to: '192.168.122.128/25', dev: 'tun0' }));
    expect(narrow[0]?.message).toContain('guests with addresses in 192.168.122.128/25 will be out of reach');
  });

  it("refuses another network's subnet and bridge", () => {
    const other = network('nat', { name: 'other', uuid: UUID.replace(/1$/, '2'), ips: [ip4] });
    expect(codes(nat, facts(), [other])).toEqual(['error VNC003', 'error VNC001']);
    expect(codes(nat, facts(), [nat])).toEqual([]);
  });

  it('refuses to forward IPv6 where that takes routes of the host away, in libvirt’s words', () => {
    const host = facts({ advertisedRoutes: ['eth0', 'wlan0.7'] });
    const v6 = { ips: [{ address: 'fd00:1::1', family: 'ipv6', prefix: 64 }] } as const;
    const [found, ...more] = findConflicts(network('route', v6), host);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      code: 'VNC016',
      severity: 'error',
      libvirt: {
        code: 1,
        domain: 0,
        message:
          'internal error: Check the host setup: interface eth0 has kernel autoconfigured IPv6 routes and enabling forwarding without accept_ra set to 2 will cause the kernel to flush them, breaking networking.',
      },
    });
    expect(found?.hint).toContain('sysctl -w net/ipv6/conf/eth0/accept_ra=2 net/ipv6/conf/wlan0.7/accept_ra=2');
    expect(codes(network('none', v6), host)).toEqual([]);
    expect(codes(nat, host)).toEqual([]);
    expect(codes(network('route', v6), facts())).toEqual([]);
  });

  it('refuses a port that another network forwards', () => {
    const forwarding = (rest: string, n: number): Network => {
      const xml = `<forwards xmlns='${FORWARDS_NAMESPACE}'><forward proto='tcp' ${rest} to='10.0.${String(n)}.10'/></forwards>`;
      const own = {
        name: `net${String(n)}`,
        uuid: UUID.replace(/1$/, String(n)),
        bridge: { name: `virbr${String(n)}`, stp: true, delay: 0 },
      };
      const ips = [{ address: `10.0.${String(n)}.1`, netmask: '255.255.255.0' }];
      return network('nat', { ...own, ips, metadata: [{ namespace: FORWARDS_NAMESPACE, xml }] });
    };
    const web = forwarding("port='80'", 1);
    expect(findConflicts(web, facts(), [web, forwarding("port='79' end='81' address='203.0.113.1'", 2)])).toMatchObject([
      {
        code: 'VNC015',
        severity: 'error',
        message: "tcp 80 is forwarded to '10.0.2.10' of network 'net2' already",
        libvirt: { code: 55, message: "Requested operation is not valid: port forward tcp 80 is in use by network 'net2'" },
      },
    ]);
    expect(
      codes(web, facts(), [
        forwarding("port='81'", 2),
        network('nat', { uuid: UUID.replace(/1$/, '3'), bridge: { name: 'b', stp: true, delay: 0 } }),
      ]),
    ).toEqual([]);
  });

  it('refuses a static route to a subnet of the host', () => {
    const net = network('nat', { ips: [ip4], routes: [{ address: '203.0.113.0', prefix: 24, gateway: '192.168.122.9' }] });
    expect(findConflicts(net, withRoutes({ to: '203.0.113.0/24', dev: 'eth1' }))).toMatchObject([
      {
        code: 'VNC001',
        libvirt: { code: 1, domain: 0, message: "internal error: Route address '203.0.113.0' conflicts with IP address for 'eth1'" },
      },
    ]);
  });

  it('refuses a route or a subnet that another network has a route to', () => {
    const routes = [{ address: '10.200.0.0', prefix: 16, gateway: '192.168.122.9' }];
    const other = network('none', {
      name: 'other',
      uuid: UUID.replace(/1$/, '2'),
      bridge: { name: 'virbr9', stp: true, delay: 0 },
      ips: [],
      routes,
    });
    const here = { ...ip4, address: '192.168.77.1' };
    const same = findConflicts(network('nat', { ips: [here], routes }), facts(), [other]);
    expect(same).toMatchObject([
      {
        code: 'VNC001',
        libvirt: { code: 1, domain: 0, message: "internal error: Route address '10.200.0.0' conflicts with IP address for 'virbr9'" },
      },
    ]);
    expect(codes(network('nat', { ips: [{ address: '10.200.0.1', prefix: 16 }] }), facts(), [other])).toEqual(['error VNC001']);
    expect(codes(network('nat', { ips: [here] }), facts(), [other])).toEqual([]);
  });

  it('takes a bridge for its own only by the mark of this very network', () => {
    const link = (alias?: string) =>
      facts({ links: new Map([['virbr0', { name: 'virbr0', type: 'bridge', ...(alias !== undefined && { alias }) }]]) });
    expect(codes(nat, link(`virtnet:${UUID}`))).toEqual([]);
    expect(codes(nat, link())).toEqual(['error VNC003']);
    expect(codes(nat, link('virtnet:4f7dc2a5-0000-4000-8000-000000000009'))).toEqual(['error VNC003']);
    expect(findConflicts(nat, link())[0]?.libvirt).toEqual({
      code: 38,
      domain: 0,
      message: 'error creating bridge interface virbr0: File exists',
    });
  });

  it('says as libvirt that a bridge left behind with its address uses the subnet', () => {
    const links = new Map([['virbr0', { name: 'virbr0', type: 'bridge' }]]);
    const left = (to: string) => facts({ links, routes: [{ to, dev: 'virbr0' }] });
    expect(findConflicts(nat, left('192.168.122.0/24'))).toMatchObject([
      { code: 'VNC003', libvirt: { code: 1, domain: 0, message: 'internal error: Network is already in use by interface virbr0' } },
    ]);
    expect(findConflicts(nat, left('192.168.0.0/16'))[0]?.libvirt?.code).toBe(38);
    const six = network('nat', { ips: [{ family: 'ipv6', address: 'fd00::1', prefix: 64 }] });
    expect(findConflicts(six, left('fd00::/64'))[0]?.libvirt?.code).toBe(38);
    const routed = network('nat', { ips: [ip4], routes: [{ address: '10.77.0.0', prefix: 24, gateway: '192.168.122.9' }] });
    expect(findConflicts(routed, left('10.77.0.0/24'))).toMatchObject([
      { code: 'VNC003', libvirt: { code: 1, message: "internal error: Route address '10.77.0.0' conflicts with IP address for 'virbr0'" } },
    ]);
    expect(findConflicts(routed, left('10.77.0.0/16'))[0]?.libvirt?.code).toBe(38);
  });

  it('misses the devices of a pool, and a physical function without virtual ones', () => {
    expect(codes(network('vepa', {}, { interfaces: [{ dev: 'eth0' }, { dev: 'nope' }] }))).toEqual(['error VNC004']);
    expect(codes(network('passthrough', {}, { pf: { dev: 'eth0' } }))).toEqual(['error VNC010']);
    expect(codes(network('hostdev', {}, { addresses: [{ address: { domain: 0, bus: 4, slot: 0, function: 1 } }] }))).toEqual([
      'error VNC004',
    ]);
    expect(codes(network('nat', { ips: [ip4] }, { interfaces: [{ dev: 'nope' }] }))).toEqual(['warning VNC004']);
    expect(codes(network('bridge', { bridge: { name: 'br9', stp: true, delay: 0 } }))).toEqual(['warning VNC004']);
  });
});
