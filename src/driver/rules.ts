import { basename } from 'node:path';
import type { Network } from '../network/network.ts';
import { isManaged } from '../network/network.ts';
import { alreadyActive, bridgeTaken, nameTaken, unreadable, uuidTaken } from './errors.ts';
import { definitionFile } from './file-name.ts';
import type { DriverState, NetworkRecord } from './state.ts';

/** A network that a document may be about: complete, so with a uuid. */
export type CompleteNetwork = Network & { readonly uuid: string };

/** All bridge names that documents (stored and running) of other networks use, with the network that uses each. */
export function bridgesInUse(
  state: DriverState,
  exceptName: string,
): ReadonlyMap<string, { readonly by: string; readonly managed: boolean }> {
  const used = new Map<string, { by: string; managed: boolean }>();
  for (const record of state.networks.values()) {
    if (record.name === exceptName) continue;
    for (const document of [record.config, record.live]) {
      const bridge = document?.bridge?.name;
      if (document === undefined || bridge === undefined) continue;
      used.set(bridge, { by: record.name, managed: isManaged(document) || (used.get(bridge)?.managed ?? false) });
    }
  }
  return used;
}

/**
 * Two networks must not make (or fill) the same bridge; two that use the same bridge of the host may.
 * @throws VirtnetError VND015
 */
export function checkBridge(state: DriverState, network: Network): void {
  const bridge = network.bridge?.name;
  const user = bridge === undefined ? undefined : bridgesInUse(state, network.name).get(bridge);
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
  const problem = state.problems.find((p) => basename(p.source ?? '') === definitionFile(name));
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

export function findByName(state: DriverState, name: string): NetworkRecord | undefined {
  for (const record of state.networks.values()) if (record.name === name) return record;
  return undefined;
}
