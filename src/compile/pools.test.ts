import { describe, expect, it } from 'vitest';
import { facts, ip4, network, UUID } from '../../test/support/network.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { Forward, ForwardMode } from '../network/forward.ts';
import type { Network } from '../network/network.ts';
import type { PortRecord } from './port.ts';
import { expandPool, withConnections } from './pool-devices.ts';
import { allocate, nextClassId } from './pools.ts';

const pool = (mode: ForwardMode, devices: string[], rest: Partial<Network> = {}) =>
  network(mode, rest, { interfaces: devices.map((dev) => ({ dev })) });
const guest = (n: number, rest: Partial<NetworkPort> = {}): NetworkPort => ({
  uuid: `4f7dc2a5-0000-4000-8000-0000000001${String(n).padStart(2, '0')}`,
  owner: { name: `vm${String(n)}`, uuid: UUID },
  mac: `52:54:00:00:01:${String(n).padStart(2, '0')}`,
  ...rest,
});

/** Connects guests one after another; each answer is the device, or the error's code. */
function connect(
  net: Network,
  guests: readonly NetworkPort[],
  f = facts(),
): { readonly got: readonly string[]; readonly ports: readonly PortRecord[] } {
  const ports: PortRecord[] = [];
  const got = guests.map((port) => {
    const result = allocate({ network: net, ports, port, facts: f });
    if (!result.ok) return result.diagnostics.map((d) => d.code).join();
    const plug = result.value;
    ports.push({ port: { ...port, plug }, attachment: { type: 'none' } });
    return plug.type === 'direct' ? plug.dev : plug.type === 'hostdev-pci' ? `${String(plug.address.function)}` : plug.bridge;
  });
  return { got, ports };
}

const vf = (index: number, dev?: string) => ({
  pf: 'eth0',
  index,
  address: { domain: 0, bus: 4, slot: 0, function: index + 1 },
  ...(dev !== undefined && { dev }),
});
const qbh = { virtualport: { type: '802.1Qbh', profileid: 'p' } } as const;

describe('allocate', () => {
  it("plugs into the bridge, the network's own or the host's", () => {
    const net = network('nat', { ips: [ip4], bridge: { name: 'virbr0', stp: true, delay: 0, macTableManager: 'libvirt' } });
    expect(allocate({ network: net, ports: [], port: guest(1), facts: facts() })).toMatchObject({
      ok: true,
      value: { type: 'network', bridge: 'virbr0', macTableManager: 'libvirt' },
    });
    expect(
      allocate({ network: network('bridge', { bridge: { name: 'br0', stp: true, delay: 0 } }), ports: [], port: guest(1), facts: facts() }),
    ).toMatchObject({ value: { type: 'bridge', bridge: 'br0' } });
  });

  it('gives a device that is missing only where no other is free, when it is told which are there', () => {
    const links = new Set(['eth2', 'eth3']);
    const given = (mode: ForwardMode, held: string[]) => {
      const ports = held.map((dev, n): PortRecord => ({
        port: guest(n, { plug: { type: 'direct', dev, mode: 'passthrough' } }),
        attachment: { type: 'none' },
      }));
      return allocate({ network: pool(mode, ['eth1', 'eth2', 'eth3']), ports, port: guest(9), facts: facts(), links });
    };
    expect(given('bridge', [])).toMatchObject({ value: { dev: 'eth2' } });
    expect(given('bridge', ['eth2'])).toMatchObject({ value: { dev: 'eth3' } });
    expect(given('passthrough', ['eth2', 'eth3'])).toMatchObject({ value: { dev: 'eth1' } });
    expect(allocate({ network: pool('bridge', ['eth1', 'eth2']), ports: [], port: guest(9), facts: facts() })).toMatchObject({
      value: { dev: 'eth1' },
    });
  });

  it('gives no device that a guest of another network has to itself, under whichever name it is listed', () => {
    const f = facts({ vfs: [vf(0, 'v0'), vf(1, 'v1')] });
    const byAddress = network('hostdev', {}, { pf: { dev: 'eth0' } });
    const byName = pool('passthrough', ['v0', 'v1']);
    const shared = pool('bridge', ['v0', 'v1']);
    const first = connect(byAddress, [guest(1)], f);
    expect(first.got).toEqual(['1']); // the function of v0
    const plug = (net: Network, others: readonly PortRecord[], n: number): unknown => {
      const result = allocate({ network: net, ports: [], others, port: guest(n), facts: f });
      return result.ok && result.value.type === 'direct' ? result.value.dev : result.diagnostics.map((d) => d.message).join();
    };
    expect(plug(byName, first.ports, 2)).toBe('v1');
    expect(plug(shared, first.ports, 2)).toBe('v1');
    const two = connect(byAddress, [guest(1), guest(2)], f);
    expect(plug(byName, two.ports, 3)).toBe("every device of network 'net' is in use: v0 by 'vm1', v1 by 'vm2'");
    // Guests that share a device keep only those away who want it alone.
    const sharing = connect(pool('bridge', ['v0']), [guest(1)], f);
    expect(plug(pool('vepa', ['v0']), sharing.ports, 2)).toBe('v0');
    expect(plug(pool('passthrough', ['v0', 'v1']), sharing.ports, 2)).toBe('v1');
  });

  it.each(['bridge', 'private', 'vepa'] as const)('spreads the guests of a %s pool evenly, the first device first', (mode) => {
    const net = pool(mode, ['a', 'b', 'c']);
    const { got, ports } = connect(
      net,
      [1, 2, 3, 4, 5].map((n) => guest(n)),
    );
    expect(got).toEqual(['a', 'b', 'c', 'a', 'b']);
    const after = ports.filter((p) => p.port.owner.name !== 'vm2' && p.port.owner.name !== 'vm5');
    const next = allocate({ network: net, ports: after, port: guest(6), facts: facts() });
    expect(next.ok && next.value).toEqual({ type: 'direct', dev: 'b', mode });
  });

  it('gives a passthrough device to one guest only, and says who has it', () => {
    const net = pool('passthrough', ['a', 'b']);
    const { got, ports } = connect(net, [guest(1), guest(2), guest(3)]);
    expect(got).toEqual(['a', 'b', 'VND006']);
    expect(allocate({ network: net, ports, port: guest(3), facts: facts() }).diagnostics).toMatchObject([
      {
        message: "every device of network 'net' is in use: a by 'vm1', b by 'vm2'",
        libvirt: { code: 1, message: "internal error: network 'net' requires exclusive access to interfaces, but none are available" },
      },
    ]);
  });

  it('shares private devices but for 802.1Qbh, which wants one of its own; vepa shares those too', () => {
    expect(connect(pool('private', ['a', 'b']), [guest(1, qbh), guest(2, qbh), guest(3, qbh), guest(4)]).got).toEqual([
      'a',
      'b',
      'VND006',
      'a',
    ]);
    expect(connect(pool('vepa', ['a']), [guest(1, qbh), guest(2, qbh)]).got).toEqual(['a', 'a']);
    expect(connect(pool('private', ['a'], { virtualport: qbh.virtualport }), [guest(1), guest(2)]).got).toEqual(['a', 'VND006']);
  });

  it('hands each virtual function of a hostdev network to one guest', () => {
    const f = facts({ vfs: [vf(1), vf(0)] });
    const net = network('hostdev', {}, { managed: true, pf: { dev: 'eth0' } });
    const { got, ports } = connect(net, [guest(1), guest(2), guest(3)], f);
    expect(got).toEqual(['1', '2', 'VND006']);
    expect(ports[0]?.port.plug).toEqual({ type: 'hostdev-pci', managed: true, address: { domain: 0, bus: 4, slot: 0, function: 1 } });
  });

  it("refuses an empty pool in libvirt's words", () => {
    const words = (forward: Partial<Forward>, mode: ForwardMode) =>
      allocate({ network: network(mode, {}, forward), ports: [], port: guest(1), facts: facts() }).diagnostics[0]?.libvirt?.message;
    expect(words({}, 'vepa')).toBe("internal error: network 'net' uses a direct mode, but has no forward dev and no interface pool");
    expect(words({}, 'hostdev')).toBe("internal error: network 'net' requires exclusive access to interfaces, but none are available");
  });

  it('finds no room beside a port of the same uuid in the last device', () => {
    const net = pool('passthrough', ['a']);
    const { ports } = connect(net, [guest(1)]);
    expect(allocate({ network: net, ports, port: guest(1), facts: facts() }).ok).toBe(false);
  });
});

describe('the live document', () => {
  it('counts guests on the network and on each device', () => {
    const net = { ...pool('vepa', ['a', 'b', 'c']), connections: 9 };
    const { ports } = connect(net, [guest(1), guest(2), guest(3), guest(4)].slice(0, 2));
    expect(withConnections(net, ports)).toMatchObject({
      connections: 2,
      forward: { interfaces: [{ dev: 'a', connections: 1 }, { dev: 'b', connections: 1 }, { dev: 'c' }] },
    });
    expect(withConnections(net, [])).not.toHaveProperty('connections');
  });

  it('lists the virtual functions of a physical one', () => {
    const f = facts({ vfs: [vf(1, 'eth0v1'), vf(0, 'eth0v0'), vf(2)] });
    expect(expandPool(network('passthrough', {}, { pf: { dev: 'eth0' } }), f).forward.interfaces).toEqual([
      { dev: 'eth0v0' },
      { dev: 'eth0v1' },
    ]);
    expect(expandPool(network('hostdev', {}, { pf: { dev: 'eth0' } }), f).forward.addresses).toHaveLength(3);
    expect(expandPool(network('nat', {}, { pf: { dev: 'eth0' } }), f).forward.interfaces).toEqual([]);
  });
});

describe('nextClassId', () => {
  it('starts at 3 and fills gaps', () => {
    const at = (classId: number): PortRecord => ({ port: guest(classId, { classId }), attachment: { type: 'none' } });
    expect(nextClassId([])).toBe(3);
    expect(nextClassId([at(3), at(5)])).toBe(4);
  });
});
