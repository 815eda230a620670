import { basename } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { definitionFile } from './file-name.ts';
import { shareIndex } from './network-index.ts';
import { NetworkMap } from './network-map.ts';
import type { NetworkRecord } from './network-record.ts';

/**
 * Everything that should be: an immutable value. An operation makes the next one from it, the store writes the difference to files and
 * the host is reconciled to it; going back is the same with the former value.
 */
export interface DriverState {
  /** By uuid, in order of their names. */
  readonly networks: NetworkMap;
  /** Findings in files that could not be read: they are left alone. */
  readonly problems: readonly Diagnostic[];
}

export const emptyState: DriverState = { networks: NetworkMap.empty, problems: [] };

/** Why the file that a network of this name is stored in cannot be read, where it is there and cannot. */
export function problemOf({ problems }: DriverState, name: string): Diagnostic | undefined {
  return problems.find(({ source }) => basename(source ?? '') === definitionFile(name));
}

/** The state with this network's record replaced, or removed when it has neither document. */
export function withRecord(state: DriverState, record: NetworkRecord): DriverState {
  const draft = new Draft(state);
  draft.put(record);
  return draft.next;
}

/** The state with these networks (uuids) as they are in a former one. */
export function withFormer(state: DriverState, former: DriverState, networks: Iterable<string>): DriverState {
  const draft = new Draft(state);
  for (const uuid of networks) {
    const record = former.networks.get(uuid);
    const present = state.networks.get(uuid);
    if (record) draft.put(record);
    else if (present) draft.put(without(without(present, 'config'), 'live'));
  }
  return draft.next;
}

/** A state in the making, for an operation on many networks: what was put so far is known of each state on the way. */
export class Draft {
  readonly #former: DriverState;
  readonly #touched = new Set<string>();
  #next: DriverState;

  constructor(state: DriverState) {
    this.#former = this.#next = state;
  }

  /** The state so far; the former one as long as nothing was put. */
  get next(): DriverState {
    return this.#next;
  }

  /** Puts a network's record in place of its former one; one without documents goes. */
  put(record: NetworkRecord): void {
    const before = this.#next.networks;
    const isGone = record.config === undefined && record.live === undefined;
    const networks = isGone ? before.without(record.uuid) : before.with(record);
    shareIndex(before, networks, record);
    this.#touched.add(record.uuid);
    this.#next = { networks, problems: this.#former.problems };
    drafts.set(this.#next, { former: this.#former, touched: this.#touched });
  }
}

/** Of a state that was drafted: the one before it, and the networks (uuids) that were put since. */
const drafts = new WeakMap<DriverState, { readonly former: DriverState; readonly touched: ReadonlySet<string> }>();

/** The uuids of the networks that the two states do not have as the same record. Beside any number of others it costs what was put. */
export function changedNetworks(from: DriverState, to: DriverState): readonly string[] {
  const differs = (uuid: string): boolean => from.networks.get(uuid) !== to.networks.get(uuid);
  const draft = [drafts.get(to), drafts.get(from)].find((d) => d?.former === from || d?.former === to);
  return [...(draft?.touched ?? new Set([...from.networks.keys(), ...to.networks.keys()]))].filter(differs);
}

/** The record without one of its documents. */
export function without(record: NetworkRecord, what: 'config' | 'live'): NetworkRecord {
  const { [what]: _gone, ...rest } = record;
  return rest;
}
