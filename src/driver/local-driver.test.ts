import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../../test/support/scratch.ts';
import type { MemoryHost } from '../../test/support/memory-host.ts';
import { memoryHost } from '../../test/support/memory-host.ts';
import type { DriverEvent, LocalNetworkDriver } from './driver.ts';
import { openDriver } from './open.ts';

let folder: string;
let host: MemoryHost;
let driver: LocalNetworkDriver;
let events: DriverEvent[];

beforeEach(async () => {
  folder = mkdtempSync(join(scratch, 'virtnet-driver-'));
  host = memoryHost(folder);
  events = [];
  driver = await reopen();
});
afterEach(async () => {
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Another process with the same folders and host. */
async function reopen(): Promise<LocalNetworkDriver> {
  const another = await openDriver({ configDir: join(folder, 'etc'), stateDir: join(folder, 'state'), runDir: join(folder, 'run'), host });
  another.on((event) => events.push(event));
  return another;
}

const U1 = '11111111-1111-4111-8111-111111111111';
const U2 = '22222222-2222-4222-8222-222222222222';

interface Sketch {
  readonly uuid?: string;
  readonly bridge?: string;
  readonly mode?: string;
  readonly ip?: string;
  readonly more?: string;
}

function xml(name: string, { uuid, bridge, mode, ip, more = '' }: Sketch = {}): string {
  return [
    `<network><name>${name}</name>`,
    uuid === undefined ? '' : `<uuid>${uuid}</uuid>`,
    mode === undefined ? '' : `<forward mode='${mode}'/>`,
    bridge === undefined ? '' : `<bridge name='${bridge}'/>`,
    ip === undefined ? '' : `<ip address='${ip}' netmask='255.255.255.0'/>`,
    more,
    '</network>',
  ].join('');
}

/** What a libvirt client would be told. */
async function refusal(action: Promise<unknown>): Promise<string> {
  const error = (await action.then(
    () => undefined,
    (e: unknown) => e,
  )) as { libvirt?: { code: number; message?: string } } | undefined;
  return error === undefined ? 'accepted' : `${String(error.libvirt?.code)} ${String(error.libvirt?.message)}`;
}

const told = (): string[] => events.map((e) => (e.type === 'lifecycle' ? `${e.event} ${e.name}` : e.type));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("libvirt's rules of identity", () => {
  const act = { define: (x: string) => driver.define(x), create: (x: string) => driver.create(x) } as const;

  test.each(['define', 'create'] as const)('%s refuses the name of another uuid', async (verb) => {
    await driver.define(xml('a', { uuid: U1 }));
    expect(await refusal(act[verb](xml('a', { uuid: U2 })))).toBe(`9 network 'a' already exists with uuid ${U1}`);
    expect(await refusal(act[verb](xml('a')))).toBe(`9 network 'a' already exists with uuid ${U1}`);
  });

  test.each(['define', 'create'] as const)('%s refuses the uuid of another name', async (verb) => {
    await driver.define(xml('a', { uuid: U1 }));
    expect(await refusal(act[verb](xml('b', { uuid: U1 })))).toBe(`9 network 'a' is already defined with uuid ${U1}`);
  });

  test.each(['define', 'create'] as const)('%s refuses the bridge of another network', async (verb) => {
    await driver.define(xml('a', { bridge: 'br7' }));
    expect(await refusal(act[verb](xml('b', { bridge: 'br7' })))).toBe("1 bridge name 'br7' already in use.");
  });

  test('two networks may use one bridge of the host', async () => {
    await driver.define(xml('a', { mode: 'bridge', bridge: 'lan' }));
    await driver.define(xml('b', { mode: 'bridge', bridge: 'lan' }));
    expect(await refusal(driver.define(xml('c', { bridge: 'lan' })))).toBe("1 bridge name 'lan' already in use.");
  });

  test('create refuses a network that runs', async () => {
    await driver.create(xml('a', { uuid: U1 }));
    expect(await refusal(driver.create(xml('a', { uuid: U1 })))).toBe("55 network is already active as 'a'");
  });
});

describe('what a definition leaves open', () => {
  test('is chosen once and kept: uuid, MAC, the first bridge name that no network and no device has', async () => {
    host.links.set('virbr1', { name: 'virbr1', type: 'bridge' });
    const a = await driver.define(xml('a'));
    const b = await driver.define(xml('b'));
    const c = await driver.define(xml('c', { bridge: 'lab%d' }));
    const d = await driver.define(xml('d', { bridge: 'br%d%d' }));
    expect([a.bridge, b.bridge, c.bridge, d.bridge]).toEqual(['virbr0', 'virbr2', 'lab0', 'virbr3']);
    expect(a.network.mac).toMatch(/^52:54:00:[0-9a-f:]{8}$/);
    expect((await (await reopen()).get('a')).network).toEqual(a.network);
  });

  test('is not chosen for networks that have no bridge of their own', async () => {
    const info = await driver.define(xml('pool', { mode: 'vepa' }));
    expect(info.bridge).toBeUndefined();
    expect(info.network.mac).toBeUndefined();
  });
});

describe("libvirt's life of a network", () => {
  test('whoever asks after its start is told what came of it', async () => {
    await driver.define(xml('a', { uuid: U1, bridge: 'virbr9' }));
    const ask = async (afterStart: boolean): Promise<boolean> => (await driver.get({ uuid: U1 }, { afterStart })).active;
    const starting = driver.start({ uuid: U1 });
    expect(await Promise.all([ask(false), ask(true)])).toEqual([false, true]);
    await starting;
    await driver.stop({ uuid: U1 });
    host.refuses.add('link virbr9');
    const refused = refusal(driver.start({ uuid: U1 }));
    expect(await ask(true)).toBe(false);
    expect(await refused).not.toBe('accepted');
  });

  test('a stored network starts, stops and is undefined, and every step is told in order', async () => {
    await driver.define(xml('a', { uuid: U1, bridge: 'br0' }));
    await driver.start('a');
    await driver.stop('a');
    await driver.undefine('a');
    await settle();
    expect(told()).toEqual(['defined a', 'started a', 'stopped a', 'undefined a']);
    expect(await driver.list()).toEqual([]);
    expect(host.state.size).toBe(0);
  });

  test('a start that skips what runs starts the others', async () => {
    await driver.define(xml('a', { bridge: 'vba' }));
    await driver.define(xml('b', { bridge: 'vbb' }));
    await driver.start('a');
    const started = await driver.startAll(['a', 'b', 'a'], { skipRunning: true });
    expect(started.networks.map(({ name, active }) => [name, active])).toEqual([
      ['a', true],
      ['b', true],
    ]);
    expect(await driver.startAll(['a', 'b'], { skipRunning: true })).toMatchObject({ applied: false, plan: { steps: [] } });
    await expect(driver.startAll(['a'])).rejects.toMatchObject({ code: 'VND003' });
  });

  test('a stop that skips what does not run stops the others, and tells nobody of nothing', async () => {
    await driver.define(xml('a', { bridge: 'vba' }));
    await driver.define(xml('b', { bridge: 'vbb' }));
    await driver.start('a');
    const stopped = await driver.stopAll(['a', 'b'], { skipStopped: true });
    expect(stopped.networks.map(({ name, active }) => [name, active])).toEqual([
      ['a', false],
      ['b', false],
    ]);
    expect(host.state.size).toBe(0);
    await settle();
    events = [];
    expect(await driver.stopAll(['a', 'b'], { skipStopped: true })).toMatchObject({ applied: false, plan: { steps: [] } });
    await expect(driver.stopAll(['a'])).rejects.toMatchObject({ code: 'VND003' });
    await settle();
    expect(told()).toEqual([]);
  });

  test('events come after the reply', async () => {
    await driver.define(xml('a'));
    expect(events).toEqual([]);
    await settle();
    expect(told()).toEqual(['defined a']);
  });

  test.each([
    ['start of a running one', () => driver.start('run'), '55 network is already active'],
    ['stop of a stopped one', () => driver.stop('off'), "55 network 'off' is not active"],
    ['undefine of a transient one', () => driver.undefine('trans'), "55 can't undefine transient network"],
    ['autostart of a transient one', () => driver.setAutostart('trans', true), '55 cannot set autostart for transient network'],
    ['a name that is not there', () => driver.get('of'), "43 no network with matching name 'of'"],
    ['a uuid that is not there', () => driver.get({ uuid: U2 }), `43 no network with matching uuid '${U2}'`],
    ['ports of a stopped one', () => driver.ports('off'), "55 network 'off' is not active"],
    ['a live title of a stopped one', () => driver.setMetadata('off', 'title', 't', { affect: 'live' }), '55 network is not running'],
    [
      'a stored title of a transient one',
      () => driver.setMetadata('trans', 'title', 't', { affect: 'config' }),
      '55 cannot change persistent config of a transient network',
    ],
  ])('%s is refused in its words', async (_what, action, words) => {
    await driver.define(xml('off'));
    await driver.define(xml('run'));
    await driver.start('run');
    await driver.create(xml('trans'));
    expect(await refusal(action())).toBe(words);
  });

  test('a transient network is gone when it stops', async () => {
    const info = await driver.create(xml('a'));
    expect([info.active, info.persistent]).toEqual([true, false]);
    await driver.stop('a');
    expect(await refusal(driver.get('a'))).toMatch(/^43 /);
    expect(readdirSync(join(folder, 'run/networks'))).toEqual([]);
  });

  test('undefining a running network leaves it running as transient', async () => {
    await driver.define(xml('a'));
    await driver.setAutostart('a', true);
    await driver.start('a');
    await driver.undefine('a');
    const info = await driver.get('a');
    expect([info.active, info.persistent, info.autostart]).toEqual([true, false, false]);
  });

  test('defining a running transient network makes it persistent', async () => {
    await driver.create(xml('a', { uuid: U1 }));
    await driver.define(xml('a', { uuid: U1 }));
    expect((await driver.get('a')).persistent).toBe(true);
  });

  test('defining a running network changes its stored document only, until it starts again', async () => {
    await driver.define(xml('a', { uuid: U1, bridge: 'br0', more: '<title>one</title>' }));
    await driver.start('a');
    const before = new Map(host.state);
    await driver.define(xml('a', { uuid: U1, bridge: 'br0', more: "<title>two</title><mtu size='9000'/>" }));
    expect(host.state).toEqual(before);
    expect(await driver.xml('a')).toContain('<title>one</title>');
    expect(await driver.xml('a', { inactive: true })).toContain('<title>two</title>');
    await driver.stop('a');
    await driver.start('a');
    expect(await driver.xml('a')).toContain("<mtu size='9000'/>");
  });

  test('creating a stored network by another document runs that one, and the stored one comes back', async () => {
    await driver.define(xml('a', { uuid: U1, bridge: 'br0', more: '<title>stored</title>' }));
    await driver.create(xml('a', { uuid: U1, bridge: 'br0', more: '<title>other</title>' }));
    expect(await driver.xml('a')).toContain('other');
    await driver.stop('a');
    expect(await driver.xml('a')).toContain('stored');
  });

  test('the port range of nat is shown while it runs only', async () => {
    await driver.define(xml('a', { mode: 'nat', ip: '192.168.9.1' }));
    expect(await driver.xml('a')).not.toContain('1024');
    await driver.start('a');
    expect(await driver.xml('a')).toContain("<port start='1024' end='65535'/>");
    expect(await driver.xml('a', { inactive: true })).not.toContain('1024');
  });
});

describe('a change that the host refuses', () => {
  test('is taken back from the host and from the files', async () => {
    await driver.define(xml('a', { bridge: 'br0', ip: '192.168.9.1' }));
    host.refuses.add('link-up br0');
    await expect(driver.start('a')).rejects.toMatchObject({ code: 'VNP001' });
    expect(host.state.size).toBe(0);
    expect((await driver.get('a')).active).toBe(false);
    host.refuses.clear();
    await driver.start('a');
    await settle();
    expect(told()).toEqual(['defined a', 'started a']);
  });

  test('leaves all networks of one call as they were', async () => {
    await driver.define(xml('a', { bridge: 'br0' }));
    await driver.define(xml('b', { bridge: 'br1' }));
    host.refuses.add('link br1');
    await expect(driver.startAll(['a', 'b'])).rejects.toMatchObject({ code: 'VNP001' });
    expect((await driver.list()).map((n) => n.active)).toEqual([false, false]);
    expect(host.state.size).toBe(0);
  });

  test('of a document that this host cannot carry out names the finding', async () => {
    host.links.set('br0', { name: 'br0', type: 'bridge' });
    await driver.define(xml('a', { bridge: 'br0' }));
    await expect(driver.start('a')).rejects.toMatchObject({ code: 'VNC003', libvirt: { code: 38 } });
  });
});

describe('up', () => {
  test('defines and starts what is new, and keeps what the document leaves open on the next call', async () => {
    const first = await driver.up([xml('a', { ip: '192.168.9.1' })]);
    expect(first.applied).toBe(true);
    const { network } = await driver.get('a');
    const second = await driver.up([xml('a', { ip: '192.168.9.1' })]);
    expect([second.applied, second.plan.steps]).toEqual([false, []]);
    expect((await driver.get('a')).network).toEqual(network);
  });

  test('changes a running network by the difference', async () => {
    await driver.up([xml('a', { ip: '192.168.9.1' })]);
    const { plan } = await driver.up([xml('a', { ip: '192.168.9.1', more: "<mtu size='1400'/>" })]);
    expect(plan.steps.map((s) => `${s.op} ${s.key}`)).toContain('change link virbr0');
    expect(await driver.xml('a', { inactive: true })).toContain('1400');
    await settle();
    expect(told()).toEqual(['defined a', 'started a', 'defined a', 'updated']);
  });

  test('planned only, changes no file and takes no lock', async () => {
    const { plan, applied } = await driver.up([xml('a'), xml('b')], { dryRun: true });
    expect(applied).toBe(false);
    expect(plan.steps.length).toBeGreaterThan(0);
    expect(await driver.list()).toEqual([]);
    expect(host.locks).toEqual([]);
  });

  test('of two documents for one network is refused', async () => {
    await expect(driver.up([xml('a'), xml('a')])).rejects.toMatchObject({ code: 'VND002' });
  });
});

describe('diff and repair', () => {
  test('find what is missing and what nobody wants, and mend just that', async () => {
    await driver.up([xml('a', { bridge: 'br0', ip: '192.168.9.1' })]);
    const whole = new Map(host.state);
    host.state.delete('address 192.168.9.1/24 on br0');
    expect((await driver.diff()).steps.map((s) => `${s.op} ${s.key}`)).toEqual(['create address 192.168.9.1/24 on br0']);
    const { plan, applied } = await driver.repair('a');
    expect([applied, plan.steps.length]).toEqual([true, 1]);
    expect(host.state).toEqual(whole);
    expect((await driver.diff()).steps).toEqual([]);
    await settle();
    expect(told().at(-1)).toBe('repaired');
  });

  test('remove what an unknown network left behind', async () => {
    host.state.set('link old', {
      kind: 'link',
      owner: { network: U2 },
      name: 'old',
      spec: { type: 'bridge', stp: true, forwardDelay: 0, vlanFiltering: false },
    });
    await driver.repair();
    expect(host.state.size).toBe(0);
  });
});

describe("libvirt's rules for devices", () => {
  const pool = xml('pool', { uuid: U1, more: `<forward mode='vepa'><interface dev='gone'/></forward>` });
  const missing = { code: 'VNC004', severity: 'warning', message: "device 'gone' of the pool does not exist" };

  test('a start that misses one is told of with a warning, and refused without them', async () => {
    const libvirts = driver.withLibvirtsDevices();
    await libvirts.create(pool);
    await settle();
    expect(events).toEqual([{ type: 'lifecycle', event: 'started', name: 'pool', uuid: U1, warnings: [expect.objectContaining(missing)] }]);
    expect((await driver.diff('pool')).diagnostics).toMatchObject([missing]);
    expect((await driver.repair()).applied).toBe(false);
    await driver.stop('pool');

    await driver.define(pool);
    const refused = { code: 'VNC004', message: missing.message };
    for (const start of [driver.create(pool), driver.start('pool'), driver.up([pool])]) await expect(start).rejects.toMatchObject(refused);
    await driver.setAutostart('pool', true);
    expect((await libvirts.autostart()).networks).toMatchObject([{ name: 'pool', active: true }]);
  });

  test('a PCI address is that of a virtual function when a document is taken; it may be gone at the start', async () => {
    const address = { domain: 0, bus: 1, slot: 16, function: 0 };
    const more = `<forward mode='hostdev'><address type='pci' domain='0' bus='1' slot='16' function='0'/></forward>`;
    const functions = xml('functions', { uuid: U2, more });
    const libvirts = driver.withLibvirtsDevices();
    const words = `67 device '/sys/bus/pci/devices/0000:01:10.0' in network 'functions' is not an SR-IOV Virtual Function`;
    for (const call of [libvirts.define(functions), libvirts.create(functions)]) expect(await refusal(call)).toBe(words);
    host.vfs.push({ pf: 'eth0', index: 0, address });
    await libvirts.define(functions);
    host.vfs.pop();
    expect(await refusal(driver.start('functions'))).toBe(words);
    expect((await libvirts.start('functions')).plan.diagnostics).toMatchObject([{ code: 'VNC004', severity: 'warning' }]);
    await driver.define(functions); // without these rules it is asked at the start
  });
});

test('an edit by hand, in place, is the base of the next change, also where nobody else has had the lock', async () => {
  await driver[Symbol.asyncDispose]();
  const { lock } = host;
  host = { ...host, lock: async (purpose) => Object.assign(await lock(purpose), { undisturbed: true }) };
  driver = await reopen();
  await driver.define(xml('a', { uuid: U1, more: '<title>one</title>' }));
  await driver.setMetadata('a', 'description', 'first', { affect: 'config' });
  const definition = join(folder, 'etc/networks/a.xml');
  for (const [title, ref] of [
    ['two', 'a'],
    ['three', U1],
  ] as const) {
    writeFileSync(definition, readFileSync(definition, 'utf8').replace(/<title>\w+/, `<title>${title}`));
    await driver.setMetadata(ref, 'description', `with ${title}`, { affect: 'config' });
    expect(readFileSync(definition, 'utf8')).toMatch(new RegExp(`<title>${title}</title>\\s*<description>with ${title}<`));
  }
});

test('what a process kept that is killed goes with the next change, long after this one has begun too', async () => {
  await driver.define(xml('a', { uuid: U1 }));
  await driver[Symbol.asyncDispose]();
  driver = await reopen();
  await driver.define(xml('b', { uuid: U2 }));
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const kept = `.unsynced-${boot}.4194999.1.0`;
  mkdirSync(join(folder, 'etc', kept));
  renameSync(join(folder, 'etc/networks/b.xml'), join(folder, 'etc', kept, 'networks:b.xml'));
  await driver.setAutostart('a', true);
  await driver[Symbol.asyncDispose]();
  expect(readdirSync(join(folder, 'etc'))).toEqual(['networks']);
  expect((await driver.list()).map(({ name }) => name)).toEqual(['a']);
});

describe('autostart', () => {
  test('is made once a boot; one that cannot start keeps no other from starting and is tried again; one marked later waits', async () => {
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      await driver.define(xml(name, { bridge: `br${String(i)}` }));
      await driver.setAutostart(name, true);
    }
    await driver.define(xml('unmarked')); // marked when the others have started
    host.refuses.add('link br1');
    const { plan } = await driver.autostart();
    expect(plan.diagnostics.map((d) => d.source)).toEqual(['b']);
    expect((await driver.list()).map((n) => n.active)).toEqual([true, false, true, false]);
    await driver.stop('a');
    await driver.setAutostart('unmarked', true);
    await (await reopen()).autostart();
    expect((await driver.list()).map((n) => n.active)).toEqual([false, false, true, false]);
    host.refuses.clear();
    await (await reopen()).autostart();
    expect((await driver.list()).map((n) => n.active)).toEqual([false, true, true, false]);
    await driver.stop('b');
    await (await reopen()).autostart();
    expect((await driver.list()).map((n) => n.active)).toEqual([false, false, true, false]);
  });

  test('a network whose definition the last power cut tore starts as it was defined before', async () => {
    await driver.define(xml('cut', { uuid: U1, ip: '10.0.0.1' }));
    await driver.setAutostart('cut', true);
    await driver[Symbol.asyncDispose]();
    const definition = join(folder, 'etc/networks/cut.xml');
    const kept = join(folder, 'etc/.unsynced-boot-before.1');
    mkdirSync(kept);
    renameSync(definition, join(kept, 'networks:cut.xml'));
    writeFileSync(definition, '');
    driver = await reopen();
    expect((await driver.autostart()).networks).toMatchObject([{ name: 'cut', uuid: U1, active: true }]);
    expect(readdirSync(join(folder, 'etc'))).toEqual(['networks']);
  });
});
