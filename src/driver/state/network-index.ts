import type { NetworkMap } from './network-map.ts';
import type { NetworkRecord } from './network-record.ts';

/** Noted places per network beyond which an index is made anew: one for each name and bridge that a network has or had. */
const NOTES_PER_NETWORK = 8;

/**
 * Where networks of a name or of a bridge are to be found among any number. Successive states share one: it only ever learns, so a place that it
 * tells is looked at before it counts. What it was told of a state that came to nothing is such a place too.
 */
class NetworkIndex {
  readonly #names = new Map<string, Set<string>>();
  readonly #bridges = new Map<string, Set<string>>();
  #notes = 0;

  constructor(records: NetworkMap) {
    for (const record of records.values()) this.note(record);
  }

  note({ uuid, name, config, live }: NetworkRecord): void {
    this.#add(this.#names, name, uuid);
    for (const document of [config, live]) if (document?.bridge?.name !== undefined) this.#add(this.#bridges, document.bridge.name, uuid);
  }

  named(name: string): Iterable<string> {
    return this.#names.get(name) ?? [];
  }

  withBridge(bridge: string): Iterable<string> {
    return this.#bridges.get(bridge) ?? [];
  }

  isWorn(networks: number): boolean {
    return this.#notes > NOTES_PER_NETWORK * (networks + 1000);
  }

  #add(places: Map<string, Set<string>>, key: string, uuid: string): void {
    const known = places.get(key) ?? new Set<string>();
    if (known.has(uuid)) return;
    places.set(key, known.add(uuid));
    this.#notes++;
  }
}

const indexes = new WeakMap<NetworkMap, NetworkIndex>();

function indexOf(records: NetworkMap): NetworkIndex {
  let index = indexes.get(records);
  if (index === undefined) indexes.set(records, (index = new NetworkIndex(records)));
  return index;
}

/** A map that is another one but for what was put into it, this record last: they share an index. */
export function shareIndex(former: NetworkMap, records: NetworkMap, put: NetworkRecord): void {
  const index = indexes.get(records) ?? unworn(indexes.get(former), records.size);
  if (index === undefined) return; // made when somebody asks
  index.note(put);
  indexes.set(records, index);
}

function unworn(index: NetworkIndex | undefined, networks: number): NetworkIndex | undefined {
  return index?.isWorn(networks) === true ? undefined : index;
}

/** The network of a name. */
export function findByName({ networks }: { readonly networks: NetworkMap }, name: string): NetworkRecord | undefined {
  return found(networks, indexOf(networks).named(name)).find((record) => record.name === name);
}

/** The networks whose documents (stored or running) name a bridge. */
export function findByBridge({ networks }: { readonly networks: NetworkMap }, bridge: string): readonly NetworkRecord[] {
  return found(networks, indexOf(networks).withBridge(bridge)).filter(({ config, live }) =>
    [config, live].some((document) => document?.bridge?.name === bridge),
  );
}

function found(networks: NetworkMap, places: Iterable<string>): readonly NetworkRecord[] {
  return [...places].flatMap((uuid) => networks.get(uuid) ?? []);
}
