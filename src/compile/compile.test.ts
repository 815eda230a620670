import { describe, expect, it } from 'vitest';
import { facts, ip4, ip6, network, UUID } from '../../test/support/network.ts';
import type { ForwardMode } from '../network/forward.ts';
import type { Network } from '../network/network.ts';
import { compileNetwork, compileShared } from './compile.ts';
import type { FirewalldFact } from './facts.ts';
import { resourceKey } from './host-state.ts';
import type { PortRecord } from './port.ts';

const compile = (net: Network, ports: readonly PortRecord[] = [], f = facts()) => compileNetwork({ network: net, ports, facts: f });
function resources(net: Network, ports: readonly PortRecord[] = [], f = facts()) {
  const result = compile(net, ports, f);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}
const codes = (net: Network, f = facts()) => compile(net, [], f).diagnostics.map((d) => `${d.severity} ${d.code}`);

describe('compileNetwork', () => {
  it('makes of a nat network its bridge, addresses, rules and dnsmasq', () => {
    expect(resources(network('nat', { ips: [ip4, ip6] })).map(resourceKey)).toEqual([
      'link virbr0',
      'sysctl net/ipv4/conf/virbr0/forwarding',
      'sysctl net/ipv6/conf/virbr0/disable_ipv6',
      'sysctl net/ipv6/conf/virbr0/accept_ra',
      'sysctl net/ipv6/conf/virbr0/autoconf',
      'sysctl net/ipv6/conf/virbr0/forwarding',
      'link-up virbr0',
      'checksum virbr0',
      'address 192.168.122.1/24 on virbr0',
      'address 2001:db8:1::1/64 on virbr0',
      `firewall ${UUID}`,
      `dnsmasq ${UUID}`,
    ]);
  });

  it("marks every resource as the network's own", () => {
    for (const resource of resources(network('route', { ips: [ip4, ip6], bandwidth: { inbound: { average: 10 } } }))) {
      expect(resource.owner).toEqual({ network: UUID });
    }
  });

  it('keeps IPv6 off a bridge that has no IPv6 address', () => {
    const value = (net: Network) => resources(net).find((r) => r.kind === 'sysctl' && r.path.endsWith('disable_ipv6'));
    expect(value(network('none', { ipv6: true, ips: [ip4] }))).toMatchObject({ value: '1' });
    expect(value(network('none', { ips: [ip6] }))).toMatchObject({ value: '0' });
  });

  it('sets static routes with metric 1 unless one is given', () => {
    const routes = [
      { address: '10.9.0.0', netmask: '255.255.0.0', gateway: '192.168.122.2' },
      { address: '10.8.0.0', prefix: 24, gateway: '192.168.122.2', metric: 5 },
      { address: '0.0.0.0', gateway: '192.168.122.3' },
    ];
    expect(resources(network('route', { ips: [ip4], routes })).filter((r) => r.kind === 'route')).toMatchObject([
      { to: '10.9.0.0/16', via: '192.168.122.2', metric: 1 },
      { to: '10.8.0.0/24', metric: 5 },
      { to: '0.0.0.0/0', metric: 1 },
    ]);
  });

  it('leaves out a route that the kernel does not take', () => {
    const routes = [
      { address: '10.9.0.0', prefix: 16, gateway: '192.168.122.255' },
      { family: 'ipv6', address: '2001:db8:9::', prefix: 48, gateway: '2001:db8:1::1' },
    ] as const;
    const routed = network('route', { ips: [ip4, ip6], routes });
    expect(resources(routed).filter((r) => r.kind === 'route')).toEqual([]);
    expect(codes(routed)).toEqual(['warning VNC005', 'warning VNC005']);
    const twice = [1, 2, 1].map((n) => ({ address: '10.9.0.0', prefix: 16, gateway: `192.168.122.${String(n + 1)}` }));
    const doubled = network('route', { ips: [ip4], routes: twice });
    expect(resources(doubled).filter((r) => r.kind === 'route')).toMatchObject([{ via: '192.168.122.2' }]);
    expect(compile(doubled).diagnostics.map(({ path }) => path)).toEqual(['/network/route[2]/@gateway']);
  });

  it.each(['::ffff:10.0.0.1', '::1', '::', 'ff02::5', '0.0.0.0'])('refuses %s, which no bridge can have', (address) => {
    const family = address.includes(':') ? ({ family: 'ipv6' } as const) : {};
    expect(codes(network('none', { ips: [{ ...family, address, prefix: 24 }] }))).toEqual(['error VNC005']);
  });

  it('leaves IPv6 to a bridge whose MTU is large enough for it', () => {
    const sysctls = (mtu: number) =>
      resources(network('nat', { ips: [ip4], mtu })).filter((r) => r.kind === 'sysctl' && r.path.startsWith('net/ipv6')).length;
    expect([sysctls(1279), sysctls(1280)]).toEqual([0, 3]);
    expect(codes(network('nat', { ips: [ip4, ip6], mtu: 1279 }))).toEqual(['error VNC012']);
  });

  it('cuts limits to what the kernel can count, and says so', () => {
    const inbound = { average: 10, burst: 5000 };
    const outbound = { average: 90_000_000 };
    const limited = network('nat', { ips: [ip4], bandwidth: { inbound, outbound } });
    expect(resources(limited).find((r) => r.kind === 'shaping')).toMatchObject({
      inbound: { average: 10, burst: 2670 }, // 2670 KiB are 273.4 s of 10 kB/s, and tc counts 274.8 s
      outbound: { average: 12_500_000, burst: 4_194_303 },
    });
    expect(JSON.stringify(resources(limited))).toContain('limit rate over 12500000000 bytes/second');
    expect(compile(limited).diagnostics.map(({ path }) => path)).toEqual([
      '/network/bandwidth/inbound/@burst',
      '/network/bandwidth/outbound/@average',
    ]);
  });

  it('touches nothing of a host bridge but its limit', () => {
    const hosted = network('bridge', { bridge: { name: 'br0', stp: true, delay: 0 } });
    expect(resources(hosted)).toEqual([]);
    expect(resources({ ...hosted, bandwidth: { inbound: { average: 100 } } }).map(resourceKey)).toEqual(['shaping br0']);
  });

  it("says with libvirt's error what the kernel will refuse", () => {
    const named = (name: string) => network('nat', { ips: [ip4], bridge: { name, stp: true, delay: 0 } });
    expect(compile(named('br 0')).diagnostics).toMatchObject([
      { code: 'VNC007', libvirt: { code: 38, message: 'error creating bridge interface br 0: Invalid argument' } },
    ]);
    expect(compile(named('abcdefghijklmnopqrst')).diagnostics[0]?.libvirt?.message).toMatch('Numerical result out of range');
    expect(codes(network('nat', { ips: [ip4], mtu: 67 }))).toEqual(['error VNC012']);
    expect(codes(network('nat', { ips: [ip4], mac: '00:00:00:00:00:00' }))).toEqual(['error VNC012']);
    expect(codes(network('nat', { ips: [ip4, ip4] }))).toEqual(['error VNC009']);
    const holes = { address: '10.0.0.1', netmask: '255.0.255.0' };
    expect(codes(network('nat', { ips: [holes] }))).toEqual(['error VNC009']);
    const words = (mode: ForwardMode) =>
      compile(network(mode, { ips: [ip4, ip4, holes] })).diagnostics.map(({ libvirt }) => libvirt?.message);
    const twice = expect.stringContaining('Failed to add IP address') as string;
    // Packet rules come before addresses, and are made for each subnet in two modes.
    for (const mode of ['nat', 'route'] as const) {
      expect(words(mode)).toEqual([`internal error: Invalid prefix or netmask for 'virbr0'`, twice]);
    }
    for (const mode of ['none', 'open'] as const) {
      expect(words(mode)).toEqual([twice, `internal error: bridge 'virbr0' has an invalid netmask or IP address`]);
    }
    expect(codes(network('nat', { ips: [{ address: '10.0.0.1', prefix: 27, localPtr: true }] }))).toEqual(['error VNC011']);
  });

  it('warns where dnsmasq cannot reach what it reads, and only a network that would lose something by it', () => {
    const closed = facts({ closedFolder: '/srv/virtnet' });
    const hosts = [{ mac: '52:54:00:00:00:02', name: 'web', ip: '192.168.122.9' }];
    const fixed = network('none', { ips: [{ ...ip4, dhcp: { ranges: [], hosts } }] });
    expect(codes(fixed, closed)).toEqual(['warning VNC014']);
    expect(codes(network('nat', { ips: [ip4] }), closed)).toEqual(['warning VNC014']);
    expect(codes(network('none', { ips: [ip4] }), closed)).toEqual([]);
    expect(codes(fixed)).toEqual([]);
  });

  it('says at plan time that dnsmasq will not start without the folder of its files for TFTP', () => {
    const bare = facts({ folders: { has: (path) => path === '/srv/tftp' } });
    const served = (tftpRoot: string) => network('nat', { ips: [ip6, { ...ip4, tftpRoot }] });
    expect(codes(served('/srv/tftp'), bare)).toEqual([]);
    expect(compile(served('/srv/nowhere'), [], bare).diagnostics).toMatchObject([
      {
        code: 'VNC014',
        severity: 'error',
        message: expect.stringContaining('TFTP directory /srv/nowhere inaccessible: No such file or directory') as unknown, // as of dnsmasq 2.90
        path: '/network/ip[2]/tftp/@root',
        hint: 'make the folder: mkdir -p /srv/nowhere',
        libvirt: { code: 1, domain: 0 }, // as for whatever dnsmasq itself refuses
      },
    ]);
  });

  it('skips with a warning what a helper service would do that is not there', () => {
    const f = facts();
    const bare = facts({ capabilities: { ...f.capabilities, firewalld: undefined, resolved: false } });
    const net = network('nat', {
      ips: [ip4],
      bridge: { name: 'virbr0', stp: true, delay: 0, zone: 'public' },
      domain: { name: 'lab.example', localOnly: true, register: true },
    });
    expect(codes(net, bare)).toEqual(['warning VNC006', 'warning VNC006']);
    expect(resources(net).slice(-2).map(resourceKey)).toEqual(['zone virbr0', 'resolved virbr0']);
  });

  it("puts a bridge without a zone into libvirt's zones, where firewalld has them", () => {
    const zoneOf = (mode: ForwardMode, firewalld: FirewalldFact | undefined, zone?: string): readonly string[] =>
      resources(
        network(mode, { ips: [ip4], bridge: { name: 'virbr0', stp: true, delay: 0, ...(zone !== undefined && { zone }) } }),
        [],
        facts({ capabilities: { ...facts().capabilities, firewalld } }),
      ).flatMap((r) => (r.kind === 'zone' ? r.zone : []));
    const zones = ['libvirt', 'libvirt-routed', 'public'];
    const all: FirewalldFact = { zones, policies: ['libvirt-routed-out'] };
    expect((['nat', 'none', 'route', 'open'] as const).map((mode) => zoneOf(mode, all))).toEqual([
      ['libvirt'],
      ['libvirt'],
      ['libvirt-routed'],
      [],
    ]);
    expect(zoneOf('route', { zones, policies: [] })).toEqual(['libvirt']);
    expect(zoneOf('route', { zones: ['libvirt'], policies: ['libvirt-routed-out'] })).toEqual(['libvirt']);
    expect(zoneOf('nat', all, '')).toEqual(['libvirt']);
    expect([zoneOf('nat', all, 'work'), zoneOf('open', all, 'work')]).toEqual([['work'], ['work']]);
    expect([zoneOf('nat', { zones: ['public'], policies: [] }), zoneOf('nat', undefined)]).toEqual([[], []]);
  });

  it('filters VLANs under macTableManager=libvirt where the kernel can', () => {
    const net = network('nat', { ips: [ip4], bridge: { name: 'virbr0', stp: false, delay: 2, macTableManager: 'libvirt' } });
    expect(resources(net)[0]).toMatchObject({ spec: { stp: false, forwardDelay: 2, vlanFiltering: true } });
    const old = facts({ capabilities: { ...facts().capabilities, vlanFiltering: false } });
    expect(resources(net, [], old)[0]).toMatchObject({ spec: { vlanFiltering: false } });
    expect(codes(net, old)).toEqual(['warning VNC006']);
  });
});

describe('a network that runs already', () => {
  const net = network('nat', { ips: [ip4] });
  const taken = facts({ routes: [{ to: '192.168.122.0/24', dev: 'tun0' }] });

  it('keeps running when somebody takes its subnet, with a warning', () => {
    const result = compileNetwork({ network: net, ports: [], facts: taken, running: true });
    expect(result.ok).toBe(true);
    expect(result.diagnostics.map((d) => `${d.severity} ${d.code}`)).toEqual(['warning VNC001']);
    expect(compile(net, [], taken).ok).toBe(false);
  });

  it('is edited though its pool lists what is missing, and not onto a subnet that is taken', () => {
    const pool = network('vepa', {}, { interfaces: [{ dev: 'nope' }] });
    const result = compileNetwork({ network: pool, ports: [], facts: facts(), mayMissDevices: true });
    expect(result.ok).toBe(true);
    expect(result.diagnostics.map((d) => `${d.severity} ${d.code}`)).toEqual(['warning VNC004']);
    expect(compile(pool, []).ok).toBe(false);
    expect(compileNetwork({ network: net, ports: [], facts: taken, mayMissDevices: true }).ok).toBe(false);
  });

  it("cannot be mended when its bridge name is somebody else's", () => {
    const links = new Map([['virbr0', { name: 'virbr0', type: 'bridge' }]]);
    expect(compileNetwork({ network: net, ports: [], facts: facts({ links }), running: true }).ok).toBe(false);
  });
});

describe('a guest', () => {
  const port = { uuid: '4f7dc2a5-0000-4000-8000-00000000000a', owner: { name: 'vm', uuid: UUID }, mac: '52:54:00:aa:00:01' };
  const attachment = { type: 'netns', dev: 'vnet0', netns: 'guest', guestDev: 'eth0' } as const;
  const own = (net: Network, record: Partial<PortRecord> = {}) =>
    resources(net, [{ port, attachment, ...record }]).filter((r) => r.owner?.port === port.uuid);

  it('in a namespace is a veth on the bridge', () => {
    expect(own(network('nat', { ips: [ip4], mtu: 1400 }))).toEqual([
      {
        kind: 'link',
        owner: { network: UUID, port: port.uuid },
        name: 'vnet0',
        mtu: 1400,
        spec: { type: 'veth', peer: { netns: 'guest', name: 'eth0', mac: port.mac } },
      },
      { kind: 'link-up', owner: { network: UUID, port: port.uuid }, dev: 'vnet0' },
      {
        kind: 'bridge-port',
        owner: { network: UUID, port: port.uuid },
        dev: 'vnet0',
        bridge: 'virbr0',
        isolated: false,
        learning: true,
        unicastFlood: true,
      },
    ]);
  });

  it('is reached by an entry of its own where virtnet keeps the MAC table', () => {
    const net = network('nat', {
      ips: [ip4],
      bridge: { name: 'virbr0', stp: true, delay: 0, macTableManager: 'libvirt' },
      portIsolated: true,
    });
    expect(own(net).slice(2)).toMatchObject([
      { kind: 'bridge-port', isolated: true, learning: false, unicastFlood: false },
      { kind: 'fdb', dev: 'vnet0', mac: port.mac },
    ]);
  });

  it('with its link down is plugged but not raised', () => {
    expect(own(network('none'), { linkDown: true }).map((r) => r.kind)).toEqual(['link', 'bridge-port']);
  });

  it('whose device somebody else makes has no resources', () => {
    expect(own(network('nat', { ips: [ip4] }), { attachment: { type: 'none' } })).toEqual([]);
  });

  it("with a guaranteed rate has a share of the network's inbound", () => {
    const record = { port: { ...port, classId: 3, bandwidth: { inbound: { average: 50, floor: 20 } } } };
    const net = network('nat', { ips: [ip4], bandwidth: { inbound: { average: 1000, peak: 2000, burst: 512 } } });
    const shaping = resources(net, [{ attachment, ...record }]).filter((r) => r.kind === 'shaping');
    expect(shaping).toMatchObject([
      { dev: 'virbr0', inbound: { average: 1000, peak: 2000, burst: 512 }, floors: [{ classId: 3, mac: port.mac, floor: 20 }] },
      { dev: 'vnet0', inbound: { average: 50 }, floors: [] },
    ]);
  });
});

describe('compileShared', () => {
  it('asks for forwarding of the families that networks with a way out have', () => {
    expect(compileShared([]).map(resourceKey)).toEqual([]);
    expect(compileShared([network('none', { ips: [ip4, ip6] })]).map(resourceKey)).toEqual(['firewall-base']);
    expect(compileShared([network('open', { ips: [ip6] })]).map(resourceKey)).toEqual(['sysctl net/ipv6/conf/all/forwarding']);
    expect(compileShared([network('nat', { ips: [ip4] }), network('none')]).map(resourceKey)).toEqual([
      'firewall-base',
      'sysctl net/ipv4/ip_forward',
    ]);
  });
});
