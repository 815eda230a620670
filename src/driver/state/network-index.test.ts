import { describe, expect, test } from 'vitest';
import { parseNetwork, type Network } from '../../network/index.ts';
import { findByBridge, findByName } from './network-index.ts';
import { NetworkMap } from './network-map.ts';
import { type NetworkRecord } from './network-record.ts';
import { changedNetworks, Draft, emptyState, withRecord, type DriverState } from './state.ts';

const record = (n: number, bridge = `br${String(n)}`, name = `net${String(n)}`): NetworkRecord => ({
  uuid: `3e3fce45-4f53-4fa7-bb32-${n.toString(16).padStart(12, '0')}`,
  name,
  config: parseNetwork(`<network><name>${name}</name><bridge name='${bridge}'/></network>`),
  autostart: false,
  ports: new Map(),
});
const names = (records: readonly NetworkRecord[]): readonly string[] => records.map(({ name }) => name);

/** What a look at every network gives. */
function scan(state: DriverState, bridge: string): readonly string[] {
  return names([...state.networks.values()].filter(({ config, live }) => [config, live].some((d) => d?.bridge?.name === bridge)));
}

describe('networks found by name and bridge', () => {
  test('a state is found in as it is, whatever other states share its index', () => {
    const first = withRecord(emptyState, record(1));
    expect(findByName(first, 'net1')?.uuid).toBe(record(1).uuid);
    const moved = withRecord(first, record(1, 'other'));
    expect(names(findByBridge(moved, 'other'))).toEqual(['net1']);
    expect(findByBridge(moved, 'br1')).toEqual([]);
    expect(names(findByBridge(first, 'br1'))).toEqual(['net1']);
    expect(findByBridge(first, 'other')).toEqual([]);
    const { config: _, ...gone } = record(1);
    expect(findByName(withRecord(moved, gone), 'net1')).toBeUndefined();
  });

  test('a draft is found in while it is drawn up', () => {
    const draft = new Draft(emptyState);
    for (let n = 0; n < 5; n++) {
      draft.put(record(n));
      expect(findByName(draft.next, `net${String(n)}`)?.uuid).toBe(record(n).uuid);
      expect(names(findByBridge(draft.next, `br${String(n)}`))).toEqual([`net${String(n)}`]);
    }
  });

  test('the index stays right through more changes than it keeps', () => {
    let state = emptyState;
    for (let n = 0; n < 10_000; n++) {
      const bridge = `br${String((n * 7) % 3001)}`;
      state = withRecord(state, record(n % 20, bridge));
      if (n % 97 === 0)
        expect(names(findByBridge(state, bridge)).toSorted(), `change ${String(n)}`).toEqual(scan(state, bridge).toSorted());
    }
  });
});

describe('the difference of two states', () => {
  test('is what was put, forth and back, and between states that know nothing of each other', () => {
    const base = withRecord(withRecord(emptyState, record(1)), record(2));
    const next = withRecord(base, record(3));
    expect(changedNetworks(base, next)).toEqual([record(3).uuid]);
    expect(changedNetworks(next, base)).toEqual([record(3).uuid]);
    expect(changedNetworks(base, withRecord(next, record(1, 'other'))).toSorted()).toEqual([record(1).uuid, record(3).uuid]);
    const same = base.networks.get(record(2).uuid) as NetworkRecord;
    expect(changedNetworks(base, withRecord(base, same))).toEqual([]);
  });

  test('the networks that run are told by name, whatever starts, stops or goes', () => {
    const live = (n: number): NetworkRecord => ({ ...record(n), live: record(n).config as Network });
    const running = (state: DriverState): readonly string[] => names([...state.networks.running()]);
    let state = withRecord(withRecord(withRecord(emptyState, live(2)), record(3)), live(1));
    expect(running(state)).toEqual(['net1', 'net2']);
    expect(names([...NetworkMap.of(state.networks.values()).running()])).toEqual(['net1', 'net2']);
    state = withRecord(withRecord(state, record(2)), live(3));
    expect(running(state)).toEqual(['net1', 'net3']);
    const { config: _, live: __, ...gone } = live(3);
    expect(running(withRecord(state, gone))).toEqual(['net1']);
  });

  test('a network that is new stands among the others by its name', () => {
    let state = emptyState;
    for (const name of ['m', 'c', 'z', 'd', 'a']) state = withRecord(state, record(name.charCodeAt(0), `br-${name}`, name));
    expect(names([...state.networks.values()])).toEqual(['a', 'c', 'd', 'm', 'z']);
  });
});
