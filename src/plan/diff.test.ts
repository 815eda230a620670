import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostState, type DnsmasqResource, type HostState, type LinkResource, type Owner, type Resource } from '../compile/host-state.ts';
import { diff, invert } from './diff.ts';
import type { Step } from './plan.ts';

const owner: Owner = { network: '3e3fce45-4f53-4fa7-bb32-11f34168b82b' };
const guest: Owner = { ...owner, port: '7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11' };

function bridge(name: string, extra: Partial<LinkResource> = {}): LinkResource {
  return { kind: 'link', owner, name, spec: { type: 'bridge', stp: true, forwardDelay: 0, vlanFiltering: false }, ...extra };
}

function running(dev = 'virbr0'): Resource[] {
  return [
    { kind: 'firewall-base' },
    { kind: 'firewall', owner, chains: [{ name: 'to', rules: ['reject'] }], elements: [{ map: 'to_guest', key: dev, verdict: 'jump to' }] },
    bridge(dev, { mac: '52:54:00:00:00:01' }),
    { kind: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' },
    { kind: 'sysctl', owner, path: `net/ipv6/conf/${dev}/accept_ra`, value: '0' },
    { kind: 'address', owner, dev, address: '192.168.122.1/24' },
    { kind: 'link-up', owner, dev },
    { kind: 'dnsmasq', owner, bridge: dev, conf: 'a', hosts: 'h', addnHosts: '' },
    { kind: 'link', owner: guest, name: 'vnet0', spec: { type: 'tap', vnetHeader: true, multiQueue: false } },
    { kind: 'bridge-port', owner: guest, dev: 'vnet0', bridge: dev, isolated: false, learning: true, unicastFlood: true },
    { kind: 'link-up', owner: guest, dev: 'vnet0' },
  ];
}

/** What a kernel would be in after the steps: the same cascade rules, written down a second time for links only. */
function play(state: HostState, steps: readonly Step[]): HostState {
  const next = new Map(state);
  for (const s of steps) {
    if (s.op !== 'delete') {
      next.set(s.key, s.after as Resource);
      continue;
    }
    next.delete(s.key);
    if (s.before?.kind !== 'link') continue;
    const name = s.before.name;
    for (const [key, r] of next) {
      const dead =
        ('dev' in r && r.dev === name) ||
        (r.kind === 'bridge-port' && r.bridge === name) ||
        (r.kind === 'sysctl' && r.owner !== undefined && r.path.includes(`/${name}/`));
      if (dead) next.delete(key);
    }
  }
  return next;
}

const keys = (steps: readonly Step[]): string[] => steps.map((s) => `${s.op} ${s.key}`);

describe('diff', () => {
  it('is empty between equal states', () => {
    expect(diff(hostState(running()), hostState(running()))).toEqual([]);
  });

  it('names a field alone where its values are too long to show', () => {
    const rules = ['x'.repeat(100)];
    const edited = running().map((r) => {
      if (r.kind === 'firewall') return { ...r, chains: [{ name: 'to', rules }] };
      return r.kind === 'dnsmasq' ? { ...r, conf: 'a\nb' } : r;
    });
    expect(diff(hostState(running()), hostState(edited)).map((s) => s.reason)).toEqual(['chains changed', 'conf changed']);
  });

  it('makes rules before links, links before addresses, services before guests', () => {
    expect(keys(diff(hostState(running()), hostState([])))).toEqual([
      'create firewall-base',
      'create firewall 3e3fce45-4f53-4fa7-bb32-11f34168b82b',
      'create sysctl net/ipv4/ip_forward',
      'create link virbr0',
      'create sysctl net/ipv6/conf/virbr0/accept_ra',
      'create address 192.168.122.1/24 on virbr0',
      'create link-up virbr0',
      'create dnsmasq 3e3fce45-4f53-4fa7-bb32-11f34168b82b',
      'create link vnet0',
      'create bridge-port vnet0',
      'create link-up vnet0',
    ]);
  });

  it('takes down in the other order, rules last, and leaves what dies with its link and shared sysctls alone', () => {
    expect(keys(diff(hostState([]), hostState(running())))).toEqual([
      'delete link vnet0',
      'delete dnsmasq 3e3fce45-4f53-4fa7-bb32-11f34168b82b',
      'delete link virbr0',
      'delete firewall-base',
      'delete firewall 3e3fce45-4f53-4fa7-bb32-11f34168b82b',
    ]);
  });

  it('changes in place what the kernel can change, and says what and why', () => {
    const desired = hostState([...running(), bridge('virbr0', { mac: '52:54:00:00:00:01', mtu: 9000 })]);
    const actual = hostState([...running(), bridge('virbr0', { mac: '52:54:00:00:00:01', mtu: 1500 })]);
    expect(diff(desired, actual)).toMatchObject([
      { op: 'change', key: 'link virbr0', changed: ['mtu'], reason: 'mtu 1500 -> 9000', disturbance: 'none' },
    ]);
  });

  it('makes a link anew when its type is wrong, with everything that dies with it', () => {
    const veth: LinkResource = { ...bridge('virbr0'), spec: { type: 'veth', peer: { netns: 'x', name: 'y', mac: '52:54:00:00:00:02' } } };
    const actual = hostState([...running(), veth]);
    const steps = diff(hostState(running()), actual);
    expect(keys(steps)).toEqual([
      'delete link virbr0',
      'create link virbr0',
      'create sysctl net/ipv6/conf/virbr0/accept_ra',
      'create address 192.168.122.1/24 on virbr0',
      'create link-up virbr0',
      'create bridge-port vnet0',
    ]);
    expect(steps[0]?.disturbance).toBe('network-down');
    expect(diff(hostState(running()), play(actual, steps))).toEqual([]);
  });

  it('restarts a dnsmasq that is dead or stale, and only tells it to read hosts files again otherwise', () => {
    const dnsmasq: DnsmasqResource = { kind: 'dnsmasq', owner, bridge: 'virbr0', conf: 'a', hosts: 'h', addnHosts: '' };
    const seen = (extra: Partial<DnsmasqResource>): HostState => hostState([{ ...dnsmasq, ...extra }]);
    const dead = diff(hostState([dnsmasq]), seen({ process: 'dead' }));
    expect(dead).toMatchObject([{ op: 'change', changed: ['process'], disturbance: 'dns-dhcp-pause' }]);
    const hosts = diff(seen({ hosts: 'new' }), seen({ process: 'current', hostsLoaded: true }));
    expect(hosts).toMatchObject([{ op: 'change', changed: ['hosts'], disturbance: 'none' }]);
    const unread = diff(hostState([dnsmasq]), seen({ process: 'current', hostsLoaded: false }));
    expect(unread).toMatchObject([{ op: 'change', changed: ['hostsLoaded'], disturbance: 'none' }]);
  });

  it('takes the queue of what guests send away once none of their devices leads to it', () => {
    const rate = { average: 100 };
    const queue: Resource = { kind: 'shaping', owner, dev: 'virbr0', outbound: rate, floors: [] };
    const leads: Resource = { kind: 'shaping', owner: guest, dev: 'vnet0', inbound: rate, floors: [] };
    const via = { bridge: 'virbr0', mac: '52:54:00:00:00:01' };
    const inbound: Resource = { kind: 'shaping', owner, dev: 'virbr0', inbound: rate, floors: [] };
    const before = hostState([...running(), { ...inbound, outbound: rate }, { ...leads, via }]);
    expect(keys(diff(hostState([...running(), inbound, leads]), before))).toEqual(['change shaping vnet0', 'change shaping virbr0']);
    expect(keys(diff(hostState([...running(), leads]), hostState([...running(), queue, { ...leads, via }])))).toEqual([
      'change shaping vnet0',
      'delete shaping virbr0',
    ]);
    expect(keys(diff(before, hostState([...running(), inbound, leads])))).toEqual(['change shaping virbr0', 'change shaping vnet0']);
  });

  it('takes the 2 s that the kernel makes of no forward delay with STP for what was asked', () => {
    const actual = bridge('virbr0', { spec: { type: 'bridge', stp: true, forwardDelay: 2, vlanFiltering: false } });
    expect(diff(hostState([bridge('virbr0')]), hostState([actual]))).toEqual([]);
  });
});

describe('diff, for any two states', () => {
  const pool = fc.subarray([...running('virbr0'), ...running('virbr1').filter((r) => r.owner?.port === undefined)]);
  const consistent = pool.map((resources) => {
    const links = new Set(resources.flatMap((r) => (r.kind === 'link' ? [r.name] : [])));
    return hostState(
      resources.filter((r) => {
        if (r.kind === 'bridge-port' && !links.has(r.bridge)) return false;
        if (r.kind === 'sysctl' && r.owner) return links.has(r.path.split('/')[3] ?? '');
        return !('dev' in r) || links.has(r.dev);
      }),
    );
  });

  it('leads from one to the other (sysctls stay), and the steps invert', () => {
    fc.assert(
      fc.property(consistent, consistent, (desired, actual) => {
        const steps = diff(desired, actual);
        const reached = play(actual, steps);
        expect(diff(desired, reached)).toEqual([]);
        expect(diff(actual, play(reached, diff(actual, reached)))).toEqual([]);
        expect(invert(invert(steps)).map((s) => `${s.op} ${s.key}`)).toEqual(keys(steps));
      }),
    );
  });
});
