import { describe, expect, it } from 'vitest';
import { facts, ip4, network, UUID } from '../../test/support/network.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { Network } from '../network/network.ts';
import type { Vlan } from '../network/vlan.ts';
import { compileNetwork } from './compile.ts';
import type { HostFacts, LinkFact } from './facts.ts';
import type { Resource } from './host-state.ts';
import type { Attachment } from './port.ts';
import { bridgePortVlan, ovsPortVlan } from './port-vlan.ts';

const port: NetworkPort = { uuid: '4f7dc2a5-0000-4000-8000-00000000000a', owner: { name: 'vm', uuid: UUID }, mac: '52:54:00:aa:00:01' };
const netns: Attachment = { type: 'netns', dev: 'vnet0', netns: 'g', guestDev: 'eth0' };
const macvtap: Attachment = { type: 'macvtap', dev: 'mt0' };
const vf = { pf: 'eth0', index: 2, address: { domain: 0, bus: 4, slot: 0, function: 3 }, dev: 'eth1' };
const tag: Vlan = { trunk: false, tags: [{ id: 42 }] };

function compile(net: Network, given: Partial<NetworkPort>, attachment: Attachment, f: HostFacts = facts()) {
  return compileNetwork({ network: net, ports: [{ port: { ...port, ...given }, attachment }], facts: f });
}
function guest(net: Network, given: Partial<NetworkPort>, attachment: Attachment, f?: HostFacts): readonly Resource[] {
  const result = compile(net, given, attachment, f);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value.filter((r) => r.owner?.port !== undefined);
}
const codes = (...args: Parameters<typeof compile>) => compile(...args).diagnostics.map((d) => `${d.severity} ${d.code}`);

const hostBridge = network('bridge', { bridge: { name: 'br0', stp: true, delay: 0 } });
const ovs = { ...hostBridge, virtualport: { type: 'openvswitch', interfaceid: UUID, profileid: 'gold' } } as const;
const pool = (mode: 'bridge' | 'passthrough', rest: Partial<Network> = {}) => network(mode, rest, { interfaces: [{ dev: 'eth1' }] });
const direct = (mode: 'bridge' | 'passthrough') => ({ plug: { type: 'direct', dev: 'eth1', mode } }) as const;

describe('a guest whose device somebody else makes', () => {
  const nat = network('nat', { bridge: { name: 'br7', stp: true, delay: 0 }, ips: [ip4] });
  const given = { virtualport: { type: 'openvswitch' }, plug: { type: 'network', bridge: 'br7' } } as const;

  it('is plugged as far as its network can, and refuses the network nothing', () => {
    expect(codes(nat, given, { type: 'none' })).toEqual(['warning VNI204']);
    const tap: LinkFact = { name: 'vnet9', type: 'tun', mac: 'fe:54:00:aa:00:01' };
    const bridge: LinkFact = { name: 'br7', type: 'bridge', alias: `virtnet:${UUID}` };
    const links = new Map([bridge, tap].map((link) => [link.name, link]));
    expect(guest(nat, given, { type: 'none' }, facts({ links }))).toContainEqual(
      expect.objectContaining({ kind: 'bridge-port', dev: 'vnet9', bridge: 'br7' }),
    );
  });

  it('is refused where virtnet would make it', () => {
    expect(codes(nat, given, netns)).toContain('error VNI204');
  });
});

describe('a guest on a host bridge', () => {
  it('is put on its VLAN by the filter of its bridge port', () => {
    expect(guest(hostBridge, { vlan: tag }, netns)).toContainEqual(
      expect.objectContaining({ kind: 'bridge-port', bridge: 'br0', vlan: { pvid: 42, untagged: 42, tagged: [] } }),
    );
  });

  it('is refused where the bridge, the filter or Open vSwitch is missing', () => {
    const bare = facts({ capabilities: { ...facts().capabilities, vlanFiltering: false, openvswitch: false } });
    expect(codes(hostBridge, {}, netns, facts({ links: new Map() }))).toEqual(['warning VNC004', 'error VNC004']);
    expect(codes(hostBridge, { vlan: tag }, netns, bare)).toEqual(['error VNC005']);
    expect(codes(hostBridge, {}, netns, bare)).toEqual([]);
    expect(codes(ovs, {}, netns, bare)).toEqual(['error VNC005']);
  });

  it('of MidoNet is no port of the bridge: MidoNet is told of its device', () => {
    const midonet = { ...hostBridge, virtualport: { type: 'midonet', interfaceid: UUID } } as const;
    const told = guest(midonet, {}, netns);
    expect(told.filter(({ kind }) => kind === 'bridge-port')).toEqual([]);
    expect(told.filter(({ kind }) => kind === 'association')).toEqual([
      { kind: 'association', owner: { network: UUID, port: port.uuid }, device: 'vnet0', spec: { type: 'midonet', interfaceid: UUID } },
    ]);
    const bare = facts({ capabilities: { ...facts().capabilities, midonet: false } });
    expect(codes(midonet, {}, netns, bare)).toEqual(['error VNC005']);
    expect(codes(midonet, { isolated: true }, netns)).toEqual(['error VNC005']);
    expect(codes(midonet, { vlan: tag }, netns)).toEqual(['warning VNI207']);
  });

  it('of Open vSwitch is known to a controller by its interface id', () => {
    expect(guest(ovs, { vlan: tag }, netns).at(-1)).toEqual({
      kind: 'ovs-port',
      owner: { network: UUID, port: port.uuid },
      bridge: 'br0',
      dev: 'vnet0',
      tag: 42,
      trunks: [],
      vlanMode: 'access',
      isolated: false,
      externalIds: { 'attached-mac': port.mac, 'vm-id': UUID, 'iface-status': 'active', 'iface-id': UUID, 'port-profile': 'gold' },
    });
  });
});

describe('a guest on a macvtap device', () => {
  it('behind a switch that keeps 802.1Qbg needs the tool of lldpad', () => {
    const parameters = { managerid: 11, typeid: 1, typeidversion: 2, instanceid: UUID } as const;
    const behind = pool('bridge', { virtualport: { type: '802.1Qbg', ...parameters } });
    const bare = facts({ capabilities: { ...facts().capabilities, vdp: false } });
    expect(codes(behind, direct('bridge'), macvtap)).toEqual([]);
    expect(codes(behind, direct('bridge'), macvtap, bare)).toEqual(['error VNC005']);
  });

  it('has its own address on it, and its two directions are the other way round', () => {
    const bandwidth = { inbound: { average: 10 }, outbound: { average: 20 } };
    expect(guest(pool('bridge'), { ...direct('bridge'), bandwidth }, macvtap)).toMatchObject([
      { kind: 'link', name: 'mt0', mac: port.mac, spec: { type: 'macvtap', parent: 'eth1', mode: 'bridge', allMulticast: false } },
      { kind: 'link-up', dev: 'mt0' },
      { kind: 'parent-up', dev: 'eth1' },
      { kind: 'shaping', dev: 'mt0', inbound: { average: 20 }, outbound: { average: 10 } },
    ]);
  });

  it('in passthrough on a virtual function is put on its VLAN by the physical one', () => {
    const f = facts({ vfs: [vf] });
    expect(guest(pool('passthrough', { vlan: tag }), direct('passthrough'), macvtap, f)).toMatchObject([
      { kind: 'link', spec: { mode: 'passthru' } },
      { kind: 'link-up' },
      { kind: 'vf', pf: 'eth0', index: 2, mac: port.mac, vlan: 42 },
      { kind: 'parent-up', dev: 'eth1' },
    ]);
    expect(guest(pool('passthrough'), direct('passthrough'), macvtap).map((r) => r.kind)).toEqual(['link', 'link-up', 'parent-up']);
  });

  it('is refused on a missing device and by a namespace', () => {
    expect(codes(pool('bridge'), { plug: { type: 'direct', dev: 'gone', mode: 'bridge' } }, macvtap)).toEqual(['error VNC004']);
    expect(codes(pool('bridge'), direct('bridge'), netns)).toEqual(['error VNC005']);
  });

  it('is told the switch: by lldpad on its parent, or by the card as a port profile', () => {
    const owner = { network: UUID, port: port.uuid };
    const qbg = { type: '802.1Qbg', managerid: 11, typeid: 1193047, typeidversion: 2, instanceid: UUID } as const;
    const told = (net: Network, f = facts(), asked: Partial<NetworkPort> = {}) =>
      guest(net, { ...direct('bridge'), ...asked }, macvtap, f).filter((r) => r.kind === 'association');
    const spec = { ...qbg, mac: port.mac, vlan: 42 };
    expect(told(pool('bridge', { virtualport: qbg }), facts(), { vlan: tag })).toEqual([
      { kind: 'association', owner, device: 'eth1', spec },
    ]);
    const qbh = { type: '802.1Qbh', profileid: 'gold' } as const;
    const profile = { ...qbh, instance: UUID };
    expect(told(pool('bridge', { virtualport: qbh }))).toEqual([{ kind: 'association', owner, device: 'eth1', spec: profile }]);
    // eth1 is a virtual function of eth0 here.
    expect(told(pool('bridge', { virtualport: qbh }), facts({ vfs: [vf] }))).toEqual([
      { kind: 'association', owner, device: 'eth0', spec: { ...profile, vf: 2 } },
    ]);
    expect(told(pool('bridge'))).toEqual([]);
  });
});

describe('a guest with a PCI device', () => {
  const hostdev = network('hostdev', { vlan: tag, trustGuestRxFilters: true }, { managed: true, addresses: [{ address: vf.address }] });
  const plug = { plug: { type: 'hostdev-pci', managed: true, address: vf.address } } as const;
  const f = facts({ vfs: [vf] });

  it('gets it set up through the physical function and bound to vfio-pci', () => {
    const owner = { network: UUID, port: port.uuid };
    expect(guest(hostdev, plug, { type: 'hostdev' }, f)).toEqual([
      { kind: 'vf', owner, pf: 'eth0', index: 2, mac: port.mac, vlan: 42, trust: true, spoofCheck: false },
      { kind: 'pci-driver', owner, address: vf.address, driver: 'vfio-pci' },
    ]);
    const profiled = { ...hostdev, virtualport: { type: '802.1Qbh', profileid: 'gold' } } as const;
    expect(guest(profiled, plug, { type: 'hostdev' }, f).at(-1)).toEqual({
      kind: 'association',
      owner,
      device: 'eth0',
      spec: { type: '802.1Qbh', profileid: 'gold', instance: UUID, vf: 2 },
    });
    const unmanaged = { plug: { ...plug.plug, managed: false } };
    expect(guest(hostdev, unmanaged, { type: 'hostdev' }, f).map((r) => r.kind)).toEqual(['vf']);
    expect(guest(hostdev, plug, { type: 'none' }, f)).toEqual([]);
  });
});

describe('names from outside', () => {
  it('are refused where no device or namespace can have them', () => {
    const net = network('nat', { ips: [ip4] });
    for (const bad of [{ dev: 'a b' }, { dev: 'all' }, { guestDev: 'x/y' }, { netns: 'a\nb' }, { netns: 'a/b' }, { netns: '' }]) {
      expect(codes(net, {}, { ...netns, ...bad })).toEqual(['error VNC007']);
    }
    expect(codes(net, {}, { ...netns, netns: '/proc/7/ns/net' })).toEqual([]);
  });
});

describe('VLAN tags', () => {
  const trunk = (native?: 'tagged' | 'untagged'): Vlan => ({
    trunk: true,
    tags: [{ id: 42, ...(native && { nativeMode: native }) }, { id: 47 }],
  });

  it('of a trunk stay on the frames, but for an untagged native one', () => {
    expect(bridgePortVlan(trunk())).toEqual({ tagged: [42, 47] });
    expect(bridgePortVlan(trunk('untagged'))).toEqual({ pvid: 42, untagged: 42, tagged: [47] });
    expect(bridgePortVlan(trunk('tagged'))).toEqual({ pvid: 42, tagged: [42, 47] });
  });

  it('of an Open vSwitch port are its columns', () => {
    expect(ovsPortVlan(trunk())).toEqual({ trunks: [42, 47], vlanMode: 'trunk' });
    expect(ovsPortVlan(trunk('untagged'))).toEqual({ tag: 42, trunks: [42, 47], vlanMode: 'native-untagged' });
    expect(ovsPortVlan(trunk('tagged'))).toEqual({ tag: 42, trunks: [42, 47], vlanMode: 'native-tagged' });
  });
});
