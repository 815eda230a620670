import type { Network } from '../../network/network.ts';
import { isManaged } from '../../network/network.ts';
import { alreadyActive, bridgeTaken, nameTaken, unreadable, uuidTaken } from '../errors.ts';
import { findByBridge, findByName } from './network-index.ts';
import type { NetworkRecord } from './network-record.ts';
import type { DriverState } from './state.ts';
import { problemOf } from './state.ts';

/** The network other than this one whose documents (stored and running) use a bridge, and whether one of those that do makes or fills it. */
export function bridgeUser(
  state: DriverState,
  bridge: string,
  exceptName: string,
): { readonly by: string; readonly managed: boolean } | undefined {
  let by: string | undefined;
  let managed = false;
  for (const { name, config, live } of findByBridge(state, bridge)) {
    if (name === exceptName) continue;
    by = name;
    for (const document of [config, live]) managed ||= document?.bridge?.name === bridge && isManaged(document);
  }
  return by === undefined ? undefined : { by, managed };
}

/**
 * Two networks must not make (or fill) the same bridge; two that use the same bridge of the host may.
 * @throws VirtnetError VND015
 */
export function checkBridge(state: DriverState, network: Network): void {
  const bridge = network.bridge?.name;
  const user = bridge === undefined ? undefined : bridgeUser(state, bridge, network.name);
  if (bridge === undefined || user === undefined) return;
  if (isManaged(network) || user.managed) throw bridgeTaken(bridge, user.by);
}

/**
 * The record that a document with this name and uuid belongs to, if there is one. Name and uuid must agree with each other.
 * A stored file that cannot be read keeps its name: nobody may overwrite it.
 * @throws VirtnetError VND002, VND005
 */
export function matchRecord(state: DriverState, name: string, uuid: string): NetworkRecord | undefined {
  const same = state.networks.get(uuid);
  if (same !== undefined) {
    if (same.name !== name) throw uuidTaken(same.name, uuid);
    return same;
  }
  const problem = problemOf(state, name);
  if (problem !== undefined) throw unreadable(name, problem);
  const namesake = findByName(state, name);
  if (namesake !== undefined) throw nameTaken(name, namesake.uuid);
  return undefined;
}

/** As `matchRecord`, for a document that is to run: it must not run yet. @throws VirtnetError VND002, VND003 */
export function matchInactive(state: DriverState, name: string, uuid: string): NetworkRecord | undefined {
  const record = matchRecord(state, name, uuid);
  if (record?.live !== undefined) throw alreadyActive(record.name);
  return record;
}
