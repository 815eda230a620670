import { describe, expect, it } from 'vitest';
import { hostState, type Resource } from '../compile/host-state.ts';
import { withBounces } from './bounce.ts';
import { diff } from './diff.ts';

const network = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const owner = { network };
const guest = (n: number): { readonly network: string; readonly port: string } => ({
  network,
  port: `7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a0${String(n)}`,
});
const address = (text: string): Resource => ({ kind: 'address', owner, dev: 'virbr0', address: text });
const bridge: readonly Resource[] = [
  { kind: 'link', owner, name: 'virbr0', spec: { type: 'bridge', stp: false, forwardDelay: 0, vlanFiltering: false } },
  { kind: 'link-up', owner, dev: 'virbr0' },
];
const veth = (n: number): Resource => ({
  kind: 'link',
  owner: guest(n),
  name: `veth${String(n)}`,
  spec: { type: 'veth', peer: { netns: 'g', name: 'eth0', mac: '52:54:00:00:00:01' } },
});
const up = (n: number, dev = `veth${String(n)}`): Resource => ({ kind: 'link-up', owner: guest(n), dev });
const tap: Resource = { kind: 'link', owner: guest(9), name: 'vnet9', spec: { type: 'tap', vnetHeader: true, multiQueue: false } };

const planned = (before: readonly Resource[], after: readonly Resource[]): readonly string[] => {
  const desired = hostState(after);
  return withBounces(diff(desired, hostState(before)), desired).map((s) => `${s.op} ${s.key} (${s.disturbance})`);
};

describe('a bounce of links', () => {
  const guests = [veth(1), up(1), tap, up(9, 'vnet9')];

  it('ends a plan that takes an address away, for guests whose link follows the host’s end', () => {
    expect(planned([...bridge, address('10.0.0.1/24'), ...guests], [...bridge, address('10.0.1.1/24'), ...guests])).toEqual([
      'delete address 10.0.0.1/24 on virbr0 (renumber)',
      'create address 10.0.1.1/24 on virbr0 (none)',
      'change link-up veth1 (link-bounce)',
    ]);
  });

  it('is no part of other plans', () => {
    expect(planned([...bridge, ...guests], [...bridge, address('10.0.0.1/24'), ...guests])).toEqual([
      'create address 10.0.0.1/24 on virbr0 (none)',
    ]);
    expect(planned([...bridge, ...guests], [...bridge, ...guests])).toEqual([]);
  });

  it('leaves links alone that are down or come up by the plan itself', () => {
    const before = [...bridge, address('10.0.0.1/24'), veth(1), veth(2)];
    const after = [...bridge, address('10.0.1.1/24'), veth(1), veth(2), up(2)];
    expect(planned(before, after)).toEqual([
      'delete address 10.0.0.1/24 on virbr0 (renumber)',
      'create address 10.0.1.1/24 on virbr0 (none)',
      'create link-up veth2 (none)',
    ]);
  });
});
