// last: power is seldom cut at that moment
// root: a file system on a loop device
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codec } from '../../src/driver/store/documents.ts';
import { Store } from '../../src/driver/store/store.ts';
import type { DriverState } from '../../src/driver/state/state.ts';
import { withRecord } from '../../src/driver/state/state.ts';
import type { Network } from '../../src/network/network.ts';
import { sh } from '../support/driver-documents.ts';

/**
 * The machine stops while definitions change: the file system is shut down as it is on the disk at that instant (EXT4_IOC_SHUTDOWN without a flush
 * of its journal), mounted again and looked at as the next boot does. What was on the disk before is never lost or torn; what was changed since is
 * as before, or as changed.
 */
const folder = mkdtempSync(join(tmpdir(), 'virtnet-power-'));
const disk = join(folder, 'disk');
const CUTS = 20;
/** Containers may have none. */
const hasLoop = existsSync('/dev/loop-control');

/** Numbers below `below` (Park and Miller's generator): the same ones in each run. */
let seed = 7;
const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;

beforeAll(() => {
  mkdirSync(disk);
  sh(`truncate -s 48M ${folder}/image && mkfs.ext4 -q ${folder}/image`);
});
afterAll(() => {
  for (const mounted of [disk, join(folder, 'small')]) spawnSync('umount', [mounted]); // where a test failed
  rmSync(folder, { recursive: true });
});

/** What the next boot finds. */
function started(boot: string): Store {
  sh(`mount -o loop,noauto_da_alloc ${folder}/image ${disk}`);
  const store = new Store({ configDir: join(disk, 'etc'), runDir: join(folder, boot), codec, bootId: boot });
  store.sweep();
  expect(store.read().problems, boot).toEqual([]);
  expect(existsSync(join(disk, 'etc')) ? readdirSync(join(disk, 'etc')) : ['networks'], boot).toEqual(['networks']);
  return store;
}

async function cutPower(store: Store): Promise<void> {
  // Somebody else's file is synced: the journal then has the names of files whose contents are not written yet.
  if (random(4) > 0) writeFileSync(join(disk, 'other'), 'text', { flush: true });
  sh(`perl -e 'open(F, "<", $ARGV[0]) or die; $flags = pack("I", 2); ioctl(F, 0x8004587d, $flags) or die "$!"' ${disk}`);
  await store.settled().catch(() => undefined);
  sh(`umount ${disk}`);
}

const sometimes = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random(150)));

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
/** A document of some blocks: the longer, the more there is to tear. */
function network(name: string, version: number, length = (version * 997) % 20_000): Network {
  const uuid = `11111111-0000-4000-8000-${String(NAMES.indexOf(name)).padStart(12, '0')}`;
  const words = `<title>version ${String(version)}</title><description>${'x'.repeat(length)}</description>`;
  const read = codec.read(`<network><name>${name}</name><uuid>${uuid}</uuid>${words}</network>`, 'here');
  if (!read.ok) throw new Error('no network');
  return read.value;
}
const versionOf = (state: DriverState, name: string): string =>
  [...state.networks.values()].find((record) => record.name === name)?.config?.title ?? 'none';

test.skipIf(!hasLoop)(`${String(CUTS)} power cuts in the middle of changes`, async () => {
  /** What may be found of each network: first what the disk has, then what it was changed to. */
  let possible = new Map(NAMES.map((name) => [name, ['none']]));
  const found = { before: 0, changed: 0, put: 0 };
  let version = 0;
  for (let boot = 0; boot <= CUTS; boot++) {
    const told = `boot ${String(boot)}`;
    const store = started(told);
    let state = store.read();
    for (const [name, versions] of possible) {
      const is = versionOf(state, name);
      expect(versions, `${told}: ${name}`).toContain(is);
      if (versions.length > 1) found[is === versions[0] ? 'before' : 'changed']++;
    }
    possible = new Map(NAMES.map((name) => [name, [versionOf(state, name)]]));
    const steps = 1 + random(14);
    for (let step = 0; step < steps; step++) {
      const name = NAMES[random(NAMES.length)] ?? '';
      const isThere = versionOf(state, name) !== 'none';
      const text = network(name, ++version);
      const next = isThere && random(3) === 0 ? { config: undefined } : { config: text };
      const uuid = text.uuid ?? '';
      state = store.commit(
        state,
        withRecord(state, {
          uuid,
          name,
          autostart: next.config !== undefined && random(2) === 0,
          ports: new Map(),
          ...(next.config && next),
        }),
      );
      possible.get(name)?.push(next.config?.title ?? 'none');
      if (random(5) === 0) {
        await store.settled();
        possible = new Map(NAMES.map((n) => [n, [versionOf(state, n)]]));
      } else if (random(4) === 0) await sometimes();
      found.put++;
    }
    await cutPower(store);
  }
  console.log(`changes ${String(found.put)}; after a cut ${String(found.before)} as before, ${String(found.changed)} as changed`);
  expect(found.before).toBeGreaterThan(0);
  expect(found.changed).toBeGreaterThan(0);
});

test.skipIf(!hasLoop)(`${String(CUTS)} power cuts after a network took another one's place: one of the two is left`, async () => {
  const found = { former: 0, later: 0, both: 0 };
  const record = (name: string) => ({
    uuid: network(name, 1).uuid ?? '',
    name,
    autostart: true,
    ports: new Map(),
    config: network(name, 1),
  });
  for (let cut = 0; cut < CUTS; cut++) {
    sh(`mkfs.ext4 -qF ${folder}/image`);
    const store = started(`place ${String(cut)}`);
    const first = store.commit(store.read(), withRecord(store.read(), record('a')));
    await store.settled();
    const both = store.commit(first, withRecord(first, record('b')));
    const { config: _config, ...bare } = record('a');
    store.commit(both, withRecord(both, { ...bare, autostart: false }));
    if (random(3) > 0) await sometimes();
    await cutPower(store);
    const next = started(`place ${String(cut)}, again`);
    const names = [...next.read().networks.values()].map(({ name, autostart }) => (autostart ? name : `${name} without its mark`));
    expect([['a'], ['b'], ['a', 'b']], `cut ${String(cut)}`).toContainEqual(names);
    found[names.length > 1 ? 'both' : names[0] === 'a' ? 'former' : 'later']++;
    await cutPower(next);
  }
  console.log(`left: ${JSON.stringify(found)}`);
});

test.skipIf(!hasLoop)('what the disk refused of a process that ended is on it once another one has come', async () => {
  // A disk whose free blocks have no room: a file system in one that is full.
  const small = join(folder, 'small');
  mkdirSync(small);
  sh(`mount -t tmpfs -o size=80M tmpfs ${small}`);
  sh(`dd if=/dev/zero of=${small}/first bs=1M count=32 status=none; mkfs.ext4 -qF -E nodiscard,lazy_itable_init=0 ${small}/first
      cp --sparse=never ${small}/first ${small}/image; rm ${small}/first ${folder}/image; ln -s small/image ${folder}/image`);
  const before = started('refusing');
  const record = (version: number) => ({
    uuid: network('a', 1).uuid ?? '',
    name: 'a',
    autostart: false,
    ports: new Map(),
    config: network('a', version, 300_000),
  });
  before.commit(before.read(), withRecord(before.read(), record(1)));
  await before.settled();
  sh(`umount ${disk}`); // gives back what it has reserved
  const store = started('refusing');
  const first = store.read();
  sh(`fstrim ${disk}; ! dd if=/dev/zero of=${small}/fill bs=4096 status=none 2>/dev/null`);
  store.commit(first, withRecord(first, record(2)));
  await expect(store.settled()).rejects.toMatchObject({ code: 'VND018' });
  sh(`rm ${small}/fill`);
  const [kept = ''] = readdirSync(join(disk, 'etc')).filter((name) => name.startsWith('.unsynced-'));
  renameSync(join(disk, 'etc', kept), join(disk, 'etc', '.unsynced-refusing.4194999.1.0')); // its process has ended
  const next = new Store({ configDir: join(disk, 'etc'), runDir: join(folder, 'refusing'), codec, bootId: 'refusing' });
  next.sweep();
  expect([versionOf(next.read(), 'a'), readdirSync(join(disk, 'etc'))]).toEqual(['version 2', ['networks']]);
  await cutPower(next);
  expect(versionOf(started('refused').read(), 'a')).toBe('version 2');
  sh(`umount ${disk}; umount ${small}`);
});
