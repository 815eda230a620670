import { expect, test } from 'vitest';
import type { Resource } from '../compile/host-state.ts';
import { hostState } from '../compile/host-state.ts';
import { diff } from '../plan/diff.ts';
import type { Step } from '../plan/plan.ts';
import { freshNetworks, mayGoBeside } from './overlap.ts';

const network = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const owner = { network };
const bridge: Resource = {
  kind: 'link',
  owner,
  name: 'virbr0',
  mac: '52:54:00:00:00:01',
  mtu: 1500,
  spec: { type: 'bridge', stp: true, forwardDelay: 0, vlanFiltering: false },
};
const rules: Resource = { kind: 'firewall', owner, chains: [], elements: [] };
const address: Resource = { kind: 'address', owner, dev: 'virbr0', address: '192.0.2.1/24' };
const guest: Resource = { kind: 'link-up', owner: { network, port: '00000000-0000-4000-8000-000000000001' }, dev: 'vnet0' };
const forwarding: Resource = { kind: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' };

const stepsOf = (steps: readonly Step[], ...kinds: readonly string[]): readonly Step[] => steps.filter((s) => kinds.includes(s.kind));
const start = diff(hostState([forwarding, rules, bridge, address, guest]), hostState([]));
const fresh = freshNetworks(start);

test("a bridge that is made goes beside its rules; a guest's port and the host's forwarding wait for them", () => {
  const loading = stepsOf(start, 'firewall');
  expect(mayGoBeside(loading, stepsOf(start, 'link'), fresh)).toBe(true);
  expect(mayGoBeside(loading, stepsOf(start, 'address'), fresh)).toBe(true);
  expect(mayGoBeside(loading, stepsOf(start, 'link-up'), fresh)).toBe(false);
  expect(mayGoBeside(loading, stepsOf(start, 'sysctl'), fresh)).toBe(false);
});

test('on a network that runs, what is added waits for its rules', () => {
  const edit = diff(hostState([rules, bridge, address]), hostState([bridge]));
  expect(mayGoBeside(stepsOf(edit, 'firewall'), stepsOf(edit, 'address'), freshNetworks(edit))).toBe(false);
});

test('rules go beside the deletion of their links, but nothing is made beside a deletion', () => {
  const stop = diff(hostState([]), hostState([rules, bridge, address]));
  expect(mayGoBeside(stepsOf(stop, 'link'), stepsOf(stop, 'firewall'), new Set())).toBe(true);
  expect(mayGoBeside(stepsOf(stop, 'link'), stepsOf(start, 'link'), fresh)).toBe(false);
  expect(mayGoBeside(stepsOf(stop, 'firewall'), stepsOf(start, 'link'), new Set())).toBe(false);
});
