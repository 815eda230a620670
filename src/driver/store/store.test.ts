import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../../../test/support/scratch.ts';
import type { PortRecord } from '../../compile/port.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';
import { emptyState, withRecord, without } from '../state/state.ts';
import type { DocumentCodec } from './load-file.ts';
import { Store } from './store.ts';

/** The store knows nothing of XML, so its tests use a form that shows a torn file as such. */
const codec: DocumentCodec = {
  read: (text) => ({ ok: true, value: JSON.parse(text) as Network, diagnostics: [] }),
  write: (network) => JSON.stringify(network),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'virtnet-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (options: { onOperation?: (op: string) => void; bootId?: string; keepLockMs?: number } = {}): Store =>
  new Store({ configDir: join(folder, 'etc'), runDir: join(folder, 'run'), codec, bootId: 'boot-1', ...options });

const network = (name: string, uuid: string, more: Partial<Network> = {}): Network => ({
  name,
  uuid,
  metadata: [],
  forward: { mode: 'none', interfaces: [], addresses: [] },
  ips: [],
  routes: [],
  portgroups: [],
  dnsmasqOptions: [],
  ...more,
});

const record = (name: string, uuid: string, more: Partial<NetworkRecord> = {}): NetworkRecord => ({
  name,
  uuid,
  config: network(name, uuid),
  autostart: false,
  ports: new Map(),
  ...more,
});

const port = (uuid: string): PortRecord => ({
  port: { uuid, mac: '52:54:00:00:00:01', owner: { name: 'vm', uuid: 'f'.repeat(36) } },
  attachment: { type: 'none' },
});

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';
const P = 'cccccccc-0000-4000-8000-000000000003';

test('the holder of the lock knows what it wrote, and sees what another store wrote', async () => {
  const [store, other] = [open(), open()];
  const first = withRecord(store.read(), record('a', A, { live: network('a', A) }));
  store.commit(emptyState, first);
  store.held();
  for (let n = 0; n < 20; n++) {
    const uuid = `${P.slice(0, -2)}${String(10 + n)}`;
    const writer = n % 3 === 2 ? other : store;
    const now = writer.held();
    const held = now.networks.get(A) as NetworkRecord;
    writer.commit(now, withRecord(now, { ...held, ports: new Map(held.ports).set(uuid, port(uuid)) }));
    expect([store.held().networks.get(A)?.ports.size, other.held().networks.get(A)?.ports.size], `after ${String(n)}`).toEqual([
      n + 1,
      n + 1,
    ]);
    expect(plain(store.held())).toEqual(plain(open().read()));
  }
});

test('what the holder of the lock knows after each kind of change is what the files say', async () => {
  const store = open();
  const steps: ((r: NetworkRecord) => NetworkRecord)[] = [
    (r) => ({ ...r, config: network('b', B, { mtu: 9000 }) }),
    (r) => ({ ...r, autostart: true }),
    (r) => ({ ...r, live: network('b', B) }),
    (r) => ({ ...r, ports: new Map([[P, port(P)]]) }),
    (r) => ({ ...r, live: network('b', B, { mtu: 1400 }) }),
    (r) => ({ ...r, ports: new Map() }),
    (r) => without(r, 'live'),
    (r) => without({ ...r, autostart: false }, 'config'),
  ];
  store.commit(store.read(), withRecord(store.held(), record('c', A)));
  store.commit(store.held(), withRecord(store.held(), record('b', B)));
  for (const [n, step] of steps.entries()) {
    const now = store.held();
    store.commit(now, withRecord(now, step(now.networks.get(B) as NetworkRecord)));
    expect(plain(store.held()), `step ${String(n)}`).toEqual(plain(open().read()));
  }
  expect([...store.held().networks.keys()]).toEqual([A]);
});

/** What a state says, in plain data that compares. */
const plain = (state: DriverState): unknown => [...state.networks.values()].map((r) => ({ ...r, ports: [...r.ports.values()] }));

describe('a store', () => {
  test('gives back in another process what was committed', async () => {
    const state = withRecord(
      withRecord(emptyState, record('a', A, { autostart: true, live: network('a', A, { mtu: 9000 }), ports: new Map([[P, port(P)]]) })),
      record('..', B),
    );
    open().commit(emptyState, state);
    expect([...state.networks.keys()]).toEqual([B, A]);
    expect(plain(open().read())).toEqual(plain(state));
    expect(readdirSync(join(folder, 'etc/networks'))).toEqual(['%2E..xml', 'a.xml', 'autostart']);
  });

  test('gives the same value while nothing changes, and a new one when another process writes', async () => {
    const reader = open();
    const before = reader.read();
    expect(reader.read()).toBe(before);
    open().commit(emptyState, withRecord(emptyState, record('a', A)));
    expect(plain(reader.glance())).toEqual(plain(withRecord(emptyState, record('a', A))));
    expect(reader.read()).toBe(reader.read());
  });

  test('a glance after a change of its own needs no look at the files, and sees what was put there by hand at the same time', async () => {
    const store = open({ keepLockMs: 20 });
    store.commit(emptyState, withRecord(emptyState, record('a', A)));
    const own = store.glance();
    expect(store.glance()).toBe(own);
    const at = statSync(join(folder, 'etc/networks')).mtime;
    writeFileSync(join(folder, 'etc/networks/b.xml'), JSON.stringify(network('b', B)));
    utimesSync(join(folder, 'etc/networks'), at, at);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([...store.glance().networks.keys()]).toEqual([A, B]);
    expect(store.glance()).toBe(store.glance());
  });

  test('reads a network that runs as it is stored into one value, and one that does not into two', async () => {
    const edited = network('b', B, { mtu: 1400 });
    const running = [record('a', A, { live: network('a', A) }), record('b', B, { live: edited })];
    open().commit(emptyState, running.reduce(withRecord, emptyState));
    const { networks } = open().read();
    expect(networks.get(A)?.live).toBe(networks.get(A)?.config);
    expect([networks.get(B)?.config, networks.get(B)?.live]).toEqual([network('b', B), edited]);
  });

  test.each([0, 20])(
    'sees a definition that somebody edited in place, and one that follows a change of its own (lock kept for %i ms)',
    async (keepLockMs) => {
      const store = open({ keepLockMs });
      store.commit(emptyState, withRecord(emptyState, record('a', A)));
      expect(store.read().networks.get(A)?.config?.mtu).toBeUndefined();
      const edit = (mtu: number): void => writeFileSync(join(folder, 'etc/networks/a.xml'), JSON.stringify(network('a', A, { mtu })));
      edit(1400);
      const edited = store.read();
      expect(edited.networks.get(A)?.config?.mtu).toBe(1400);
      store.commit(edited, withRecord(edited, record('a', A, { config: network('a', A, { mtu: 1300 }) })));
      await new Promise((resolve) => setTimeout(resolve, 5)); // a daemon looks at what it wrote once it has answered
      edit(1200);
      expect(store.read().networks.get(A)?.config?.mtu).toBe(1200);
    },
  );

  test('removes every file of a network that is gone', async () => {
    const full = withRecord(emptyState, record('a', A, { autostart: true, live: network('a', A), ports: new Map([[P, port(P)]]) }));
    const store = open();
    store.commit(emptyState, full);
    store.commit(full, emptyState);
    const left = ['etc/networks', 'etc/networks/autostart', 'run/networks', 'run/ports'].map((f) => readdirSync(join(folder, f)));
    expect(left).toEqual([['autostart'], [], [], []]);
  });

  test('forgets running networks and ports of an earlier boot, and keeps definitions', async () => {
    const full = withRecord(emptyState, record('a', A, { live: network('a', A), ports: new Map([[P, port(P)]]) }));
    open().commit(emptyState, full);
    const next = open({ bootId: 'boot-2' });
    expect(plain(next.read())).toEqual(plain(withRecord(emptyState, record('a', A))));
    next.setPending(new Set([B]));
    expect(readdirSync(join(folder, 'run/networks'))).toEqual([]);
    expect(next.pending()).toEqual(new Set([B]));
    expect(open({ bootId: 'boot-3' }).pending()).toEqual(new Set());
  });
});

test('what is being changed is noted on a full disk too: as an empty file, which means any network', async () => {
  let full = true;
  const store = open({
    onOperation: (operation) => {
      // An empty file needs no block, which is why only a text meets the full disk. (The temp file of both has the same name.)
      if (full && operation.startsWith('write ') && operation.includes('.pending.')) {
        full = false;
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      }
    },
  });
  store.setPending(new Set([A]));
  expect(store.pending()).toBe('all');
  store.setPending(new Set([A]));
  expect(store.pending()).toEqual(new Set([A]));
  store.setPending(new Set());
  expect(store.pending()).toEqual(new Set());
});

describe('a definition that cannot be used', () => {
  const put = (file: string, text: string): void => {
    mkdirSync(join(folder, 'etc/networks'), { recursive: true });
    writeFileSync(join(folder, 'etc/networks', file), text);
  };

  test.each([
    ['is torn', 'torn.xml', '{"name":"to', /cannot read .*torn\.xml/],
    ['stands under another name', 'other.xml', JSON.stringify(network('mine', B)), /'other\.xml' holds the network 'mine'/],
    ['has no uuid', 'bare.xml', JSON.stringify({ ...network('bare', B), uuid: undefined }), /no uuid/],
    ['has the uuid of another', 'twin.xml', JSON.stringify(network('twin', A)), /has the uuid .* of the network 'a'/],
  ])('because it %s is reported, left alone and keeps no other from loading', async (_why, file, text, message) => {
    put(file, text);
    const store = open();
    store.commit(emptyState, withRecord(emptyState, record('a', A)));
    const state = store.read();
    expect([...state.networks.keys()]).toEqual([A]);
    expect(state.problems).toEqual([expect.objectContaining({ code: 'VND005', message: expect.stringMatching(message) as string })]);
    expect(readFileSync(join(folder, 'etc/networks', file), 'utf8')).toBe(text);
  });
});

describe('a crash of the store', () => {
  const from = withRecord(
    withRecord(emptyState, record('a', A, { autostart: true, live: network('a', A), ports: new Map([[P, port(P)]]) })),
    record('b', B),
  );
  const changed = (state: DriverState, uuid: string, change: (r: NetworkRecord) => NetworkRecord): DriverState => {
    const found = state.networks.get(uuid);
    return found === undefined ? state : withRecord(state, change(found));
  };
  const moves: Record<string, DriverState> = {
    'of a redefinition': changed(from, A, (r) => ({ ...r, config: network('a', A, { mtu: 1400 }) })),
    'of a start': changed(from, B, (r) => ({ ...r, live: network('b', B) })),
    'of a stop': changed(from, A, (r) => ({ ...without(r, 'live'), ports: new Map() })),
    'of an undefine': changed(from, A, (r) => ({ ...without(r, 'config'), autostart: false })),
    'of both networks at once': changed(
      changed(from, A, (r) => without(r, 'live')),
      B,
      (r) => ({ ...r, config: network('b', B, { mtu: 1300 }), live: network('b', B, { mtu: 1300 }) }),
    ),
  };

  test.each(Object.entries(moves))('in the middle %s leaves each file old or new, whole, whatever the moment', (_name, to) => {
    const whole = (r: NetworkRecord | undefined): string[] => [r?.config, r?.live].map((d) => JSON.stringify(d ?? null));
    let total = Infinity;
    for (let at = 0; at < total; at++) {
      rmSync(folder, { recursive: true, force: true });
      open().commit(emptyState, from);
      let count = 0;
      // A killed process does nothing more, so every operation after the fatal one fails too.
      const dying = open({
        onOperation: () => {
          if (count++ >= at) throw new Error('killed');
        },
      });
      const outcome = outcomeOf(() => dying.commit(from, to)) === undefined ? 'done' : 'killed';
      if (outcome === 'done') total = at;
      const after = open();
      const found = after.read();
      expect(found.problems).toEqual([]);
      for (const uuid of [A, B]) {
        const [config, live] = whole(found.networks.get(uuid));
        expect([whole(from.networks.get(uuid))[0], whole(to.networks.get(uuid))[0]]).toContain(config);
        expect([whole(from.networks.get(uuid))[1], whole(to.networks.get(uuid))[1]]).toContain(live);
      }
      if (outcome === 'done') expect(plain(found)).toEqual(plain(to));
      // The next writer tidies up and carries on from whatever is there.
      after.sweep();
      after.commit(found, to);
      expect(plain(open().read())).toEqual(plain(to));
      const files = ['etc/networks', 'etc/networks/autostart', 'run/networks', 'run/ports'].flatMap((f) => readdirSync(join(folder, f)));
      expect(files.filter((f) => f.endsWith('.tmp'))).toEqual([]);
    }
    expect(total).toBeGreaterThan(1); // an undefine and a stop remove two files
  });

  test.each(Object.entries(moves))('that is only a failure %s puts everything back', (_name, to) => {
    let refusals = 0;
    for (let at = 0, isReached = true; isReached; at++) {
      rmSync(folder, { recursive: true, force: true });
      open().commit(emptyState, from);
      let count = 0;
      let goesOn = false;
      const failing = open({
        onOperation: (operation) => {
          const isMeant = count++ === at || goesOn;
          // Where a former file cannot be kept another way is tried: that fails too.
          goesOn = isMeant && /^(?:mkdir|keep) /.test(operation);
          if (isMeant) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        },
      });
      const error = outcomeOf(() => failing.commit(from, to));
      isReached = count > at;
      if (error !== undefined) {
        refusals++;
        expect(error).toMatchObject({ code: 'VND009', message: expect.stringContaining('no space left') as string });
      }
      expect(plain(open().read())).toEqual(plain(error === undefined ? to : from));
    }
    expect(refusals).toBeGreaterThan(1); // an undefine and a stop remove two files
  });
});

test('what a killed process was writing is swept, what another one that runs is writing is not', () => {
  open().commit(emptyState, withRecord(emptyState, record('a', A)));
  const temp = (pid: number): string => `.b.xml.${String(pid)}-0.tmp`;
  const noProcess = 4194999;
  for (const pid of [process.pid, process.ppid, noProcess]) writeFileSync(join(folder, 'etc/networks', temp(pid)), '');
  open().sweep();
  expect(readdirSync(join(folder, 'etc/networks'))).toEqual([temp(process.ppid), 'a.xml']);
});

/** What a change throws; undefined where it is made. */
function outcomeOf(change: () => unknown): unknown {
  try {
    change();
    return undefined;
  } catch (error) {
    return error;
  }
}
