import { describe, expect, it } from 'vitest';
import type { Forward } from '../network/forward.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { PortNetwork } from './effective.ts';
import { checkOvercommit } from './floor.ts';
import type { GuestInterface } from './interface.ts';
import { mergePort } from './merge.ts';
import type { NetworkPort } from './port.ts';

const MAC = '52:54:00:7b:35:93';

function network(mode: Forward['mode'], rest: Partial<PortNetwork> = {}): PortNetwork {
  return { name: 'n', forward: { mode, interfaces: [], addresses: [] }, portgroups: [], ...rest };
}
const hostBridge = (rest: Partial<PortNetwork> = {}): PortNetwork =>
  network('bridge', { bridge: { name: 'br0', stp: true, delay: 0 }, ...rest });

function merge(net: PortNetwork, port: Partial<NetworkPort> = {}, options?: Parameters<typeof mergePort>[1]) {
  return mergePort({ network: net, port: { mac: MAC, ...port } }, options);
}
function effective(net: PortNetwork, port: Partial<NetworkPort> = {}) {
  const result = merge(net, port);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}
const group = (name: string, rest: Partial<PortNetwork['portgroups'][number]> = {}) => ({ name, default: false, ...rest });
const inbound = (average: number) => ({ inbound: { average } });
const vlan = (id: number) => ({ trunk: false, tags: [{ id }] });

describe('bandwidth', () => {
  it('comes whole from the port, never mixed with the portgroup', () => {
    const net = network('nat', { portgroups: [group('a', { default: true, bandwidth: inbound(5) })] });
    const value = effective(net, { bandwidth: { outbound: { average: 7 } } });
    expect(value.bandwidth).toEqual({ outbound: { average: 7 } });
    expect(value.origins.bandwidth).toBe('port');
  });
  it('comes from the portgroup when the port has none', () => {
    const net = network('nat', { portgroups: [group('a', { default: true, bandwidth: inbound(5) })] });
    expect(effective(net)).toMatchObject({ bandwidth: inbound(5), portgroup: 'a', origins: { bandwidth: 'portgroup' } });
  });
  it("is never the network's own", () => {
    expect(effective(network('nat', { bandwidth: inbound(100) })).bandwidth).toBeUndefined();
  });
});

describe('vlan, isolation and rx filters', () => {
  const net = hostBridge({
    vlan: vlan(1),
    portIsolated: true,
    trustGuestRxFilters: true,
    portgroups: [group('a', { vlan: vlan(2), trustGuestRxFilters: false }), group('b')],
  });
  it.each([
    [{}, 1, 'network', true],
    [{ portgroup: 'b' }, 1, 'network', true],
    [{ portgroup: 'a' }, 2, 'portgroup', false],
    [{ portgroup: 'a', vlan: vlan(3), trustGuestRxFilters: true }, 3, 'port', true],
  ] as const)('of %j: vlan %i from the %s', (port, id, origin, trust) => {
    const value = effective(net, port);
    expect(value.vlan?.tags).toEqual([{ id }]);
    expect(value.origins.vlan).toBe(origin);
    expect(value.trustGuestRxFilters).toBe(trust);
  });
  it('lets a port step out of the isolation of its network', () => {
    expect(effective(net).isolated).toBe(true);
    expect(effective(net, { isolated: false }).isolated).toBe(false);
  });
});

describe('the portgroup', () => {
  const net = network('nat', { portgroups: [group('web', { default: true, bandwidth: inbound(5) }), group('accounting')] });
  it('is refused when unknown, with a guess', () => {
    const result = merge(net, { portgroup: 'acounting' });
    expect(result.diagnostics).toMatchObject([{ code: 'VNI201', severity: 'error', hint: "did you mean 'accounting'?" }]);
  });
  it('applies none when unknown ones are ignored, not even the default one', () => {
    const result = merge(net, { portgroup: 'acounting' }, { unknownPortgroup: 'ignore' });
    expect(result.ok && result.value.bandwidth).toBeUndefined();
    expect(result.diagnostics).toMatchObject([{ code: 'VNI201', severity: 'warning' }]);
  });
});

describe('virtualports', () => {
  const qbg: VirtualPort = { type: '802.1Qbg', managerid: 3, typeid: 4, typeidversion: 1 };
  it('are merged parameter by parameter, an untyped one taking the type of the others', () => {
    const net = network('vepa', {
      virtualport: { type: '802.1Qbg', managerid: 3 },
      portgroups: [group('a', { virtualport: { typeid: 4 } })],
    });
    const value = effective(net, { portgroup: 'a', virtualport: { typeidversion: 1 } });
    expect(value.virtualport).toEqual(qbg);
    expect(value.missingUuid).toBe('instanceid');
  });
  it('lose the parameters that the settled type does not know', () => {
    const value = effective(hostBridge({ virtualport: { type: 'openvswitch' } }), { virtualport: { managerid: 3 } });
    expect(value.virtualport).toEqual({ type: 'openvswitch' });
    expect(value.missingUuid).toBe('interfaceid');
  });
  it('of type midonet are taken on a bridge of the host, but not as libvirt answers', () => {
    const virtualport = { type: 'midonet', interfaceid: 'c0ffee00-0000-4000-8000-000000000001' } as const;
    expect(effective(hostBridge(), { virtualport }).virtualport).toEqual(virtualport);
    expect(merge(hostBridge(), { virtualport }, { midonet: 'refuse' }).diagnostics).toMatchObject([{ code: 'VNI204' }]);
    expect(merge(network('nat'), { virtualport }).diagnostics).toMatchObject([{ code: 'VNI204' }]);
  });
  it('name both places of a clash', () => {
    const net = network('vepa', { virtualport: qbg, portgroups: [group('a', { virtualport: { typeid: 5 } })] });
    const [found] = merge(net, { portgroup: 'a' }).diagnostics;
    expect(found?.message).toBe("virtualport typeid is '4' in network 'n' and '5' in portgroup 'a'");
    expect(found?.related?.map((r) => r.message)).toEqual(["'4' in network 'n'", "'5' in portgroup 'a'"]);
  });
  it('of a portgroup count for nothing while nobody gives a type; a port of its own without type is refused', () => {
    const net = hostBridge({ portgroups: [group('a', { default: true, virtualport: { profileid: 'x' } })] });
    expect(effective(net).virtualport).toBeUndefined();
    expect(merge(net, { virtualport: {} }).diagnostics[0]?.libvirt?.message).toMatch(/<virtualport type='none'> not supported/);
  });

  // Answers of libvirt 11.3 to virNetworkPortCreateXML.
  const answers: readonly (readonly [string, PortNetwork, Partial<NetworkPort>, number, string])[] = [
    [
      'types',
      hostBridge({ virtualport: { type: 'openvswitch' } }),
      { virtualport: { type: 'midonet' } },
      27,
      'XML error: attempt to merge virtualports with mismatched types (midonet and openvswitch)',
    ],
    [
      'profileids',
      hostBridge({ virtualport: { type: 'openvswitch', profileid: 'x' } }),
      { virtualport: { type: 'openvswitch', profileid: 'y' } },
      27,
      "XML error: attempt to merge virtualports with mismatched profileids ('y' and 'x')",
    ],
    [
      'managerids',
      network('vepa', { virtualport: qbg, portgroups: [group('a', { default: true, virtualport: { managerid: 5 } })] }),
      {},
      27,
      'XML error: attempt to merge virtualports with mismatched managerids (3 and 5)',
    ],
    [
      'midonet on a host bridge',
      hostBridge(),
      { virtualport: { type: 'midonet' } },
      67,
      "unsupported configuration: <virtualport type='midonet'> not supported for network 'n' which uses a bridge device",
    ],
    [
      'openvswitch on macvtap',
      network('vepa'),
      { virtualport: { type: 'openvswitch' } },
      67,
      "unsupported configuration: <virtualport type='openvswitch'> not supported for network 'n' which uses a macvtap device",
    ],
    [
      'Qbh on an isolated network',
      network('none'),
      { virtualport: { type: '802.1Qbh' } },
      67,
      "unsupported configuration: <virtualport type='802.1Qbh'> not supported for network 'n' which uses IP forwarding",
    ],
    [
      'Qbg alone',
      network('vepa'),
      { virtualport: { type: '802.1Qbg' } },
      27,
      "XML error: missing managerid in <virtualport type='802.1Qbg'>",
    ],
    [
      'Qbg with managerid',
      network('vepa'),
      { virtualport: { type: '802.1Qbg', managerid: 3 } },
      27,
      "XML error: missing typeid in <virtualport type='802.1Qbg'>",
    ],
    [
      'Qbg with typeid',
      network('vepa'),
      { virtualport: { type: '802.1Qbg', managerid: 3, typeid: 4 } },
      27,
      "XML error: missing typeidversion in <virtualport type='802.1Qbg'>",
    ],
    [
      'Qbh alone',
      network('vepa'),
      { virtualport: { type: '802.1Qbh' } },
      27,
      "XML error: missing profileid in <virtualport type='802.1Qbh'>",
    ],
    [
      'Qbg alone with a floor',
      network('vepa'),
      { virtualport: { type: '802.1Qbg' }, bandwidth: { inbound: { floor: 20 } } },
      84,
      `Operation not supported: Invalid use of 'floor' on interface with MAC address ${MAC} - 'floor' is only supported for interface type 'network' with forward type 'nat', 'route', 'open' or none`,
    ],
    [
      'a floor without inbound',
      network('none', { bandwidth: { outbound: { average: 100 } } }),
      { bandwidth: { inbound: { floor: 20 } } },
      84,
      `Operation not supported: Invalid use of 'floor' on interface with MAC address ${MAC} - network 'n' has no inbound QoS set`,
    ],
  ];
  it.each(answers)('refuse %s with the words of libvirt', (_name, net, port, code, message) => {
    const first = merge(net, port, { midonet: 'refuse' }).diagnostics.find((d) => d.severity === 'error');
    expect(first?.libvirt).toMatchObject({ code, message });
  });
});

describe('a vlan on a kind of network that has none', () => {
  const guest: GuestInterface = { source: { type: 'network', network: 'n' }, vlan: vlan(5), rest: [] };
  it('is an error in an interface and a warning in a port, as libvirt starts no such guest but makes the port', () => {
    expect(mergePort({ network: network('nat'), interface: guest }).diagnostics).toMatchObject([{ code: 'VNI207', severity: 'error' }]);
    expect(merge(network('vepa'), { vlan: vlan(5) })).toMatchObject({ ok: true, diagnostics: [{ code: 'VNI207', severity: 'warning' }] });
  });
  it.each([hostBridge(), network('passthrough'), network('hostdev')])('is fine on $forward.mode', (net) => {
    expect(mergePort({ network: net, interface: guest }).diagnostics).toEqual([]);
  });
});

describe('plug types', () => {
  it.each([
    [network('none'), 'network'],
    [network('open'), 'network'],
    [hostBridge(), 'bridge'],
    [network('bridge'), 'direct'],
    [network('private'), 'direct'],
    [network('hostdev'), 'hostdev-pci'],
  ] as const)('of %# is %s', (net, plugType) => {
    expect(effective(net).plugType).toBe(plugType);
  });
});

describe('checkOvercommit', () => {
  const bridge = { name: 'virbr0', stp: true, delay: 0 };
  const ask = (limits: { average?: number; peak?: number }, floor: number, others: readonly number[]) =>
    checkOvercommit(
      { network: network('none', { bridge, bandwidth: { inbound: limits } }), mac: MAC, bandwidth: { inbound: { floor } } },
      others,
    );
  it('allows guarantees up to the average, or up to the peak where there is one', () => {
    expect(ask({ average: 100 }, 40, [60])).toBeUndefined();
    expect(ask({ average: 100, peak: 200 }, 140, [60])).toBeUndefined();
  });
  it.each([
    [{ average: 100 }, 101, [], 'floor=101 would overcommit average=100'],
    [{ average: 100, peak: 200 }, 141, [60], 'floor=201 would overcommit peak=200'],
  ] as const)('refuses more in the words of libvirt: %j', (limits, floor, others, words) => {
    expect(ask(limits, floor, others)?.libvirt).toEqual({
      code: 55,
      message: `Requested operation is not valid: Cannot plug '${MAC}' interface into 'virbr0' because new combined inbound ${words} on network 'n'`,
    });
  });
});
