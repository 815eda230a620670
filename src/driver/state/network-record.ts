import type { PortRecord } from '../../compile/port.ts';
import type { Network } from '../../network/network.ts';

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

/** The network's ports in the order of their files, whichever way this process came to know them. */
export function portsInOrder({ ports }: Pick<NetworkRecord, 'ports'>): readonly PortRecord[] {
  return [...ports.values()].sort((a, b) => (a.port.uuid < b.port.uuid ? -1 : 1));
}

/** The document that a running network lives by, or the stored one. */
export function currentDocument(record: NetworkRecord): Network {
  const document = record.live ?? record.config;
  if (document === undefined) throw new TypeError(`network ${record.uuid} has no document`);
  return document;
}
