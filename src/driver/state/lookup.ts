import { nearest } from '../../base/nearest.ts';
import type { NetworkRef } from '../driver.ts';
import { notFoundByName, notFoundByUuid, notReadable } from '../errors.ts';
import { findByName } from './network-index.ts';
import type { NetworkRecord } from './network-record.ts';
import type { DriverState } from './state.ts';
import { problemOf } from './state.ts';

/** Where each hex pair of a uuid may stand; libvirt takes dashes anywhere, so they are only dropped. */
const HEX32 = /^[0-9a-f]{32}$/;

/** A uuid in canonical form (lower case, 8-4-4-4-12), or undefined when the text is none. */
export function canonicalUuid(text: string): string | undefined {
  const hex = text.trim().toLowerCase().replaceAll('-', '');
  if (!HEX32.test(hex)) return undefined;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The names and uuids that a network may have which is meant by this. */
export function wordsOf(ref: NetworkRef): readonly string[] {
  if (typeof ref === 'string') return [ref, canonicalUuid(ref) ?? ref];
  return 'name' in ref ? [ref.name] : [canonicalUuid(ref.uuid) ?? ref.uuid];
}

/**
 * Finds a network.
 * @throws VirtnetError VND001, or VND005 where its stored file cannot be read (libvirt's clients hear the same of both: libvirt skips such files)
 */
export function lookup(state: DriverState, ref: NetworkRef): NetworkRecord {
  if (typeof ref === 'string') {
    const uuid = canonicalUuid(ref);
    return (uuid === undefined ? undefined : state.networks.get(uuid)) ?? byName(state, ref);
  }
  if ('name' in ref) return byName(state, ref.name);
  const uuid = canonicalUuid(ref.uuid) ?? ref.uuid;
  const record = state.networks.get(uuid);
  if (record === undefined) throw notFoundByUuid(uuid);
  return record;
}

function byName(state: DriverState, name: string): NetworkRecord {
  const record = findByName(state, name);
  if (record !== undefined) return record;
  const problem = problemOf(state, name);
  if (problem !== undefined) throw notReadable(name, problem);
  throw notFoundByName(
    name,
    nearest(
      name,
      [...state.networks.values()].map((r) => r.name),
    ),
  );
}
