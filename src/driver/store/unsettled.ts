import type { DriverState } from '../state/state.ts';

/** Networks (uuids) of which nobody knows how far their last change came: `all` when there was no room to note which. */
export type Unsettled = ReadonlySet<string> | 'all';

/** The networks of either. */
export function bothOf(a: Unsettled, b: Unsettled): Unsettled {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

/** Those of the first that are not of the second; of `all` nothing can be taken. */
export function without(a: Unsettled, b: ReadonlySet<string>): Unsettled {
  return a === 'all' ? a : new Set([...a].filter((uuid) => !b.has(uuid)));
}

/** True where there is any. */
export function isSome(networks: Unsettled): boolean {
  return networks === 'all' || networks.size > 0;
}

/** The same one by one (uuids), where `all` are those that the state has. */
export function named(networks: Unsettled, state: DriverState): ReadonlySet<string> {
  return networks === 'all' ? new Set(state.networks.keys()) : networks;
}
