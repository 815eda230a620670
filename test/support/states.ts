import { hostState } from '../../src/compile/host-state.ts';
import type { HostState, Resource } from '../../src/compile/host-state.ts';
import { diff } from '../../src/plan/diff.ts';
import type { Host } from '../../src/host/host.ts';

export const NETWORK = 'b5a1c0de-0000-4000-8000-000000000001';
export const OTHER = 'b5a1c0de-0000-4000-8000-000000000002';
export const PORT = 'c0ffee00-0000-4000-8000-000000000001';

/** Brings a host to a state by the real loop: observe, diff, execute. */
export async function reach(host: Host, resources: readonly Resource[], networks: ReadonlySet<string> | 'all' = 'all'): Promise<void> {
  const desired = hostState(resources);
  const actual = await host.observe({ networks, desired });
  await host.execute(diff(desired, actual));
}

/** What is still to do for a state: the keys and reasons of the steps of a second plan. */
export async function remaining(
  host: Host,
  resources: readonly Resource[],
  networks: ReadonlySet<string> | 'all' = 'all',
): Promise<readonly string[]> {
  const desired = hostState(resources);
  return diff(desired, await host.observe({ networks, desired })).map((s) => `${s.op} ${s.key}: ${s.reason}`);
}

/** All that the host carries of ours. */
export function carried(host: Host): Promise<HostState> {
  return host.observe({ networks: 'all', desired: hostState([]) });
}
