import { SortedTree } from '../../base/sorted-tree.ts';
import type { NetworkRecord } from './network-record.ts';

/**
 * The records of a state by uuid, in the order of their names: an immutable value. The next state's shares all but what was changed with it, so
 * that a change beside 10,000 networks costs what it costs beside ten.
 */
export class NetworkMap {
  readonly #byUuid: SortedTree<NetworkRecord>;
  readonly #byName: SortedTree<NetworkRecord>;
  /** Those that run, by name too. */
  readonly #running: SortedTree<NetworkRecord>;

  private constructor(byUuid: SortedTree<NetworkRecord>, byName: SortedTree<NetworkRecord>, running: SortedTree<NetworkRecord>) {
    this.#byUuid = byUuid;
    this.#byName = byName;
    this.#running = running;
  }

  static readonly empty = new NetworkMap(SortedTree.empty, SortedTree.empty, SortedTree.empty);

  /** @param records of one uuid each */
  static of(records: Iterable<NetworkRecord>): NetworkMap {
    const all = [...records];
    const named = all.map((record) => [place(record), record] as const);
    return new NetworkMap(
      SortedTree.of(all.map((record) => [record.uuid, record])),
      SortedTree.of(named),
      SortedTree.of(named.filter(([, { live }]) => live !== undefined)),
    );
  }

  get size(): number {
    return this.#byUuid.size;
  }

  get(uuid: string): NetworkRecord | undefined {
    return this.#byUuid.get(uuid);
  }

  has(uuid: string): boolean {
    return this.#byUuid.get(uuid) !== undefined;
  }

  values(): Iterable<NetworkRecord> {
    return this.#byName.values();
  }

  /** The uuids. */
  *keys(): Generator<string, undefined> {
    for (const { uuid } of this.#byName.values()) yield uuid;
  }

  /** The records of the networks that run. */
  running(): Iterable<NetworkRecord> {
    return this.#running.values();
  }

  /** The map with a record in place of that network's former one. */
  with(record: NetworkRecord): NetworkMap {
    const former = this.#byUuid.get(record.uuid);
    const { byName, running } = this.#withoutPlace(former !== undefined && former.name !== record.name ? former : undefined);
    const at = place(record);
    return new NetworkMap(
      this.#byUuid.with(record.uuid, record),
      byName.with(at, record),
      record.live === undefined ? running.without(at) : running.with(at, record),
    );
  }

  /** The map without a network; itself where it does not have it. */
  without(uuid: string): NetworkMap {
    const former = this.#byUuid.get(uuid);
    if (former === undefined) return this;
    const { byName, running } = this.#withoutPlace(former);
    return new NetworkMap(this.#byUuid.without(uuid), byName, running);
  }

  #withoutPlace(record: NetworkRecord | undefined): Readonly<Record<'byName' | 'running', SortedTree<NetworkRecord>>> {
    if (record === undefined) return { byName: this.#byName, running: this.#running };
    return { byName: this.#byName.without(place(record)), running: this.#running.without(place(record)) };
  }
}

/** Files may say that two networks have one name. No name holds a NUL. */
function place({ name, uuid }: NetworkRecord): string {
  return `${name}\0${uuid}`;
}
