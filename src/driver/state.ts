import type { Diagnostic } from '../base/diagnostic.ts';
import type { PortRecord } from '../compile/port.ts';
import type { Network } from '../network/network.ts';

/**
 * One network as the driver knows it. A network with a `config` is persistent, one with a `live` document is running (it should be: the
 * host follows). `ports` outlive a stop of their network.
 */
export interface NetworkRecord {
  readonly uuid: string;
  readonly name: string;
  /** The stored definition, complete (uuid, bridge name, mac). */
  readonly config?: Network;
  /** The definition in force, with a pool's virtual functions expanded; without what is counted (connections). */
  readonly live?: Network;
  readonly autostart: boolean;
  /** By port uuid. */
  readonly ports: ReadonlyMap<string, PortRecord>;
}

/**
 * Everything that should be: an immutable value. An operation makes the next one from it, the store writes the difference to files and
 * the host is reconciled to it; going back is the same with the former value.
 */
export interface DriverState {
  /** By uuid, in order of their names. */
  readonly networks: ReadonlyMap<string, NetworkRecord>;
  /** Findings in files that could not be read: they are left alone. */
  readonly problems: readonly Diagnostic[];
}

export const emptyState: DriverState = { networks: new Map(), problems: [] };

/** The document that a running network lives by, or the stored one. */
export function currentDocument(record: NetworkRecord): Network {
  const document = record.live ?? record.config;
  if (document === undefined) throw new TypeError(`network ${record.uuid} has no document`);
  return document;
}

/** The state with this network's record replaced, or removed when it has neither document. */
export function withRecord(state: DriverState, record: NetworkRecord): DriverState {
  const networks = new Map(state.networks);
  if (record.config === undefined && record.live === undefined) networks.delete(record.uuid);
  else networks.set(record.uuid, record);
  return { ...state, networks };
}

/** The record without one of its documents. */
export function without(record: NetworkRecord, what: 'config' | 'live'): NetworkRecord {
  const { [what]: _gone, ...rest } = record;
  return rest;
}
