import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../../test/support/scratch.ts';
import type { MemoryHost } from '../../test/support/memory-host.ts';
import { memoryHost } from '../../test/support/memory-host.ts';
import type { DriverEvent, NetworkDriver } from './driver.ts';
import { openDriver } from './open.ts';

let folder: string;
let host: MemoryHost;
let driver: NetworkDriver;
let events: DriverEvent[];

const reopen = (): Promise<NetworkDriver> =>
  openDriver({ configDir: join(folder, 'etc'), stateDir: join(folder, 'state'), runDir: join(folder, 'run'), host });

beforeEach(async () => {
  folder = mkdtempSync(join(scratch, 'virtnet-ports-'));
  host = memoryHost(folder);
  driver = await reopen();
  events = [];
  driver.on((event) => events.push(event));
});
afterEach(async () => {
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const portXml = (n: number, more = ''): string =>
  `<networkport><uuid>${uuid(n)}</uuid><owner><name>vm${String(n)}</name><uuid>${uuid(100 + n)}</uuid></owner>` +
  `<mac address='52:54:00:00:01:${n.toString(16).padStart(2, '0')}'/>${more}</networkport>`;

const bridged = (name: string, more = ''): string => `<network><name>${name}</name><bridge name='br-${name}'/>${more}</network>`;

function pool(name: string, mode: string, devices: readonly string[], more = ''): string {
  for (const dev of devices) host.links.set(dev, { name: dev, type: '' });
  return `<network><name>${name}</name><forward mode='${mode}'>${devices.map((dev) => `<interface dev='${dev}'/>`).join('')}</forward>${more}</network>`;
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error = (await action.then(
    () => undefined,
    (e: unknown) => e,
  )) as { libvirt?: { code: number; message?: string } } | undefined;
  return error === undefined ? 'accepted' : `${String(error.libvirt?.code)} ${String(error.libvirt?.message)}`;
}

const plugged = async (n: number, network = 'net'): Promise<string> => {
  const { plug } = (await driver.createPort(network, portXml(n))).port;
  return plug?.type === 'direct' ? plug.dev : (plug?.type ?? 'none');
};

describe("a port of libvirt's", () => {
  test('is told its plug, counts as a connection and is found again', async () => {
    await driver.up([bridged('net')]);
    expect((await driver.createPort('net', portXml(1))).port.plug).toEqual({ type: 'network', bridge: 'br-net' });
    expect(await driver.xml('net')).toMatch(/^<network connections='1'>/);
    expect(await driver.xml('net', { inactive: true })).toMatch(/^<network>/);
    expect((await (await reopen()).ports('net')).map((p) => p.port.owner.name)).toEqual(['vm1']);
    await driver.deletePort('net', uuid(1));
    expect(await driver.ports('net')).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.filter((e) => e.type === 'port')).toEqual([
      expect.objectContaining({ event: 'created', port: uuid(1) }),
      expect.objectContaining({ event: 'deleted', port: uuid(1) }),
    ]);
  });

  test('is kept with what the merge settled', async () => {
    const group = "<portgroup name='fast' default='yes'><bandwidth><inbound average='500'/></bandwidth></portgroup><port isolated='yes'/>";
    await driver.up([bridged('net', group)]);
    const { port } = await driver.createPort('net', portXml(1));
    expect([port.bandwidth, port.isolated]).toEqual([{ inbound: { average: 500 } }, true]);
  });

  const plug = "<plug type='network' bridge='br-net'/>";
  test.each([
    ['on a stopped network', () => driver.createPort('off', portXml(1)), "55 network 'off' is not active"],
    [
      'with a plug and no reclaim',
      () => driver.createPort('net', portXml(1, plug)),
      '8 Port reclaim not requested but plug type is not none',
    ],
    [
      'reclaimed without a plug',
      () => driver.createPort('net', portXml(1), { reclaim: true }),
      '8 Port reclaim requested but plug type is none',
    ],
    ['made twice', () => driver.createPort('net', portXml(9)), `106 Network port with UUID ${uuid(9)} already exists`],
    ['deleted twice', () => driver.deletePort('net', uuid(8)), `107 Network port with UUID ${uuid(8)} does not exist`],
    ['of a stopped network, deleted', () => driver.deletePort('off', uuid(8)), `107 Network port with UUID ${uuid(8)} does not exist`],
    [
      'with a floor and nothing to share',
      () => driver.createPort('net', portXml(1, "<bandwidth><inbound average='1' floor='5'/></bandwidth>")),
      "84 Invalid use of 'floor' on interface with MAC address 52:54:00:00:01:01 - network 'net' has no inbound QoS set",
    ],
  ])('%s is refused in its words', async (_what, action, words) => {
    await driver.up([bridged('net')]);
    await driver.define(bridged('off'));
    await driver.createPort('net', portXml(9));
    expect(await refusal(action())).toBe(words);
  });

  test('with its plug is taken back after a restart', async () => {
    await driver.up([bridged('net')]);
    await driver.createPort('net', portXml(1, plug), { reclaim: true });
    expect(await driver.ports('net')).toHaveLength(1);
  });

  test('are listed in one order, by whoever plugged them and by another process', async () => {
    await driver.up([bridged('net')]);
    for (const n of [3, 1, 2]) await driver.createPort('net', portXml(n));
    await using other = await reopen();
    for (const one of [driver, other]) {
      expect((await one.ports('net')).map(({ port }) => port.uuid)).toEqual([uuid(1), uuid(2), uuid(3)]);
      expect((await one.portStatus('net')).map(({ port }) => port)).toEqual([uuid(1), uuid(2), uuid(3)]);
    }
  });

  test('whose tap is found comes back with its network, on the bridge that the network has then', async () => {
    await driver.up([bridged('net', '<port isolated="yes"/>')]);
    await driver.createPort('net', portXml(1));
    await driver.createPort('net', portXml(2));
    for (const n of [1, 2])
      host.links.set(`vnet${String(n)}`, { name: `vnet${String(n)}`, type: 'tun', mac: `fe:54:00:00:01:0${String(n)}`, master: 'br-net' });
    expect((await driver.portStatus('net')).map(({ state, device }) => [state, device])).toEqual([
      ['there', 'vnet1'],
      ['there', 'vnet2'],
    ]);
    await driver.stop('net');
    expect(host.state.size).toBe(0);
    host.links.set('vnet1', { name: 'vnet1', type: 'tun', mac: 'fe:54:00:00:01:01' });
    host.links.delete('vnet2'); // its machine ended meanwhile
    await driver.up([bridged('net', '<port isolated="yes"/>').replace('br-net', 'br-new')]);
    expect((await driver.ports('net')).map(({ port }) => [port.uuid, port.plug])).toEqual([
      [uuid(1), { type: 'network', bridge: 'br-new' }],
    ]);
    expect(host.state.get('bridge-port vnet1')).toMatchObject({ bridge: 'br-new', isolated: true, learning: true });
    expect(host.state.has('link-up vnet1')).toBe(false); // libvirt raises it, not we
    await driver.deletePort('net', uuid(1));
    expect(await driver.ports('net')).toEqual([]);
  });

  test('goes when its network stops', async () => {
    await driver.up([bridged('net')]);
    await driver.createPort('net', portXml(1));
    await driver.stop('net');
    await driver.start('net');
    expect(await driver.ports('net')).toEqual([]);
  });

  test('has its limits replaced as a whole', async () => {
    await driver.up([bridged('net')]);
    await driver.createPort('net', portXml(1, "<bandwidth><inbound average='1'/><outbound average='2'/></bandwidth>"));
    await driver.setPortBandwidth('net', uuid(1), { inbound: { average: 7, burst: 3 } });
    expect((await driver.ports('net'))[0]?.port.bandwidth).toEqual({ inbound: { average: 7, burst: 3 } });
    await driver.setPortBandwidth('net', uuid(1), { inbound: { average: 0 } });
    expect((await driver.ports('net'))[0]?.port.bandwidth).toBeUndefined();
  });
});

describe('guaranteed rates', () => {
  const floor = (kib: number): string => `<bandwidth><inbound average='100' floor='${String(kib)}'/></bandwidth>`;

  test('get traffic classes from 3 and may not exceed what the network has', async () => {
    await driver.up([bridged('net', "<bandwidth><inbound average='1000'/></bandwidth>")]);
    expect((await driver.createPort('net', portXml(1, floor(400)))).port.classId).toBe(3);
    expect((await driver.createPort('net', portXml(2, floor(400)))).port.classId).toBe(4);
    expect(await refusal(driver.createPort('net', portXml(3, floor(300))))).toBe(
      "55 Cannot plug '52:54:00:00:01:03' interface into 'br-net' because new combined inbound floor=1100 would overcommit average=1000 on network 'net'",
    );
    await driver.deletePort('net', uuid(1));
    expect((await driver.createPort('net', portXml(3, floor(300)))).port.classId).toBe(3);
  });

  test('of a port that is taken back have another class where theirs is taken', async () => {
    await driver.up([bridged('net', "<bandwidth><inbound average='1000'/></bandwidth>")]);
    await driver.createPort('net', portXml(1, floor(400)));
    const again = portXml(2, `<bandwidth classID='3'><inbound floor='100'/></bandwidth><plug type='network' bridge='br-net'/>`);
    expect((await driver.createPort('net', again, { reclaim: true })).port.classId).toBe(4);
    expect(host.state.get('shaping br-net')).toMatchObject({ floors: [{ classId: 3 }, { classId: 4, floor: 100 }] });
  });

  test('are part of the bridge’s limits on the host', async () => {
    await driver.up([bridged('net', "<bandwidth><inbound average='1000'/></bandwidth>")]);
    await driver.createPort('net', portXml(1, floor(400)));
    expect(host.state.get('shaping br-net')).toMatchObject({ floors: [{ classId: 3, floor: 400, mac: '52:54:00:00:01:01' }] });
  });
});

describe('a pool', () => {
  test('gives the device with the fewest guests, the first on a tie', async () => {
    await driver.up([pool('net', 'bridge', ['e1', 'e2', 'e3'])]);
    expect([await plugged(1), await plugged(2), await plugged(3), await plugged(4), await plugged(5)]).toEqual([
      'e1',
      'e2',
      'e3',
      'e1',
      'e2',
    ]);
    await driver.deletePort('net', uuid(3));
    expect(await plugged(6)).toBe('e3');
    expect(await driver.xml('net')).toContain("<interface dev='e1' connections='2'/>");
  });

  test('of exclusive devices ends, telling who holds what, and a freed one is given again', async () => {
    await driver.up([pool('net', 'passthrough', ['e1', 'e2'])]);
    expect([await plugged(1), await plugged(2)]).toEqual(['e1', 'e2']);
    const third = driver.createPort('net', portXml(3));
    await expect(third).rejects.toMatchObject({ code: 'VND006', message: expect.stringContaining("e1 by 'vm1'") as string });
    expect(await refusal(driver.createPort('net', portXml(3)))).toBe(
      "1 network 'net' requires exclusive access to interfaces, but none are available",
    );
    // libvirt looks for a place before it looks whether the uuid is taken.
    expect(await refusal(driver.createPort('net', portXml(1)))).toBe(
      "1 network 'net' requires exclusive access to interfaces, but none are available",
    );
    await driver.deletePort('net', uuid(1));
    expect(await plugged(3)).toBe('e1');
  });

  test('gives nothing twice to many at once, whichever process asks', async () => {
    const devices = Array.from({ length: 40 }, (_, i) => `e${String(i)}`);
    await driver.up([pool('net', 'passthrough', devices)]);
    const other = await reopen();
    const made = await Promise.all(devices.map((_, i) => (i % 2 === 0 ? driver : other).createPort('net', portXml(i + 1))));
    expect(new Set(made.map(({ port }) => (port.plug?.type === 'direct' ? port.plug.dev : '')))).toEqual(new Set(devices));
  });

  test('of virtual functions is what the card has when the network starts, and stays so', async () => {
    host.links.set('pf0', { name: 'pf0', type: '' });
    await driver.define("<network><name>net</name><forward mode='passthrough'><pf dev='pf0'/></forward></network>");
    expect(await refusal(driver.start('net'))).toBe("1 No usable Vf's present on SRIOV PF pf0");
    for (const index of [0, 1]) {
      const dev = `vf${String(index)}`;
      host.links.set(dev, { name: dev, type: '' });
      host.vfs.push({ pf: 'pf0', index, dev, address: { domain: 0, bus: 4, slot: 0, function: index + 1 } });
    }
    await driver.start('net');
    expect(await driver.xml('net')).toContain("<interface dev='vf0'/>");
    expect(await driver.xml('net', { inactive: true })).not.toContain('vf0');
    expect(await (await reopen()).xml('net')).toContain("<interface dev='vf1'/>");
    expect(await plugged(1)).toBe('vf0');
  });
});

describe('a guest that virtnet plugs', () => {
  const tap = { type: 'tap' } as const;

  test('has its MAC and device chosen, and keeps them', async () => {
    host.links.set('vnet0', { name: 'vnet0', type: 'tun' });
    await driver.up([bridged('net')]);
    const { port } = await driver.attach('net', { attachment: tap, owner: { name: 'vm' } });
    expect(port.attachment).toMatchObject({ type: 'tap', dev: 'vnet1' });
    expect(port.port.mac).toMatch(/^52:54:00:/);
    expect(host.state.get('bridge-port vnet1')).toMatchObject({ bridge: 'br-net' });
    expect(await (await reopen()).ports('net')).toEqual([port]);
  });

  test('is what its interface document says, and the request over it', async () => {
    await driver.up([bridged('net', "<portgroup name='slow'><bandwidth><inbound average='9'/></bandwidth></portgroup>")]);
    const document = `<interface type='network'><source network='net' portgroup='slow'/><mac address='52:54:00:AA:00:01'/><mtu size='1400'/><link state='down'/></interface>`;
    const { port } = await driver.attach('net', { document, attachment: tap, isolated: true });
    expect(port).toMatchObject({
      port: { mac: '52:54:00:aa:00:01', bandwidth: { inbound: { average: 9 } }, isolated: true },
      mtu: 1400,
      linkDown: true,
    });
    expect(host.state.has('link-up vnet0')).toBe(false);
  });

  test('follows its portgroup and network, but for what it asked for itself', async () => {
    const groups = (rate: number, more = ''): string =>
      bridged(
        'net',
        `<port isolated='yes'/><portgroup name='g' default='yes'><bandwidth><inbound average='${String(rate)}'/></bandwidth></portgroup>${more}`,
      );
    await driver.up([groups(10)]);
    const follows = (await driver.attach('net', { attachment: tap })).port.port.uuid;
    await driver.attach('net', { attachment: tap, bandwidth: { inbound: { average: 7 } }, isolated: true });
    const limits = async (): Promise<readonly unknown[]> => {
      const rates = ['vnet0', 'vnet1'].map((dev) => (host.state.get(`shaping ${dev}`) as { inbound?: object } | undefined)?.inbound);
      const isolation = ['vnet0', 'vnet1'].map((dev) => (host.state.get(`bridge-port ${dev}`) as { isolated: boolean }).isolated);
      // What is shown is what is done.
      const shown = new Map(
        (await driver.ports('net')).map(({ port, attachment }) => ['dev' in attachment && attachment.dev, port.bandwidth]),
      );
      expect(['vnet0', 'vnet1'].map((dev) => shown.get(dev)?.inbound)).toEqual(rates);
      return [...rates, ...isolation];
    };
    expect(await limits()).toEqual([{ average: 10 }, { average: 7 }, true, true]);
    await driver.up([groups(20).replace(" isolated='yes'", " isolated='no'")]);
    expect(await limits()).toEqual([{ average: 20 }, { average: 7 }, false, true]);
    const fragment = "<portgroup name='g' default='yes'><bandwidth><inbound average='30'/></bandwidth></portgroup>";
    await driver.update('net', { section: 'portgroup', command: 'modify', parentIndex: -1, fragment, affect: 'live' });
    expect(await limits()).toEqual([{ average: 30 }, { average: 7 }, false, true]);
    await driver.setPortBandwidth('net', follows, { inbound: { average: 5 } });
    await driver.up([groups(40)]);
    expect(await limits()).toEqual([{ average: 5 }, { average: 7 }, true, true]);
    await driver.setPortBandwidth('net', follows, undefined);
    expect(await limits()).toEqual([{ average: 40 }, { average: 7 }, true, true]);
    expect((await driver.diff()).steps).toEqual([]);
  });

  test.each([
    ['a portgroup that is not there', { portgroup: 'fats', attachment: tap }, { code: 'VNI201', hint: "did you mean 'fast'?" }],
    ['a MAC that is there already', { mac: '52:54:00:00:00:99', attachment: tap }, { code: 'VND011' }],
    ['a text that is no MAC address', { mac: 'zz', attachment: tap }, { code: 'VND016', message: "'zz' is no MAC address" }],
    ['a multicast address', { mac: '53:54:00:00:00:01', attachment: tap }, { code: 'VND016' }],
    ['a device name that is taken', { attachment: { type: 'tap', dev: 'lo' } }, { code: 'VND016' }],
    ['an owner that no document can name', { owner: { name: 'v\u0001m' }, attachment: tap }, { code: 'VND016' }],
    ['a macvtap on a bridge', { attachment: { type: 'macvtap', dev: '' } }, { code: 'VND016' }],
  ] as const)('is refused with %s', async (_what, request, error) => {
    await driver.up([bridged('net', "<portgroup name='fast'/>")]);
    await driver.attach('net', { mac: '52:54:00:00:00:99', attachment: tap });
    await expect(driver.attach('net', request)).rejects.toMatchObject(error);
    expect(await driver.ports('net')).toHaveLength(1);
  });

  test.each(['uuid', 'mac', 'device', 'owner'] as const)('is unplugged by its %s', async (by) => {
    await driver.up([bridged('net')]);
    const { port } = await driver.attach('net', { attachment: tap, owner: { name: 'vm' } });
    const names = { uuid: port.port.uuid, mac: port.port.mac.toUpperCase(), device: 'vnet0', owner: 'vm' };
    await driver.detach('net', names[by]);
    expect(host.state.has('link vnet0')).toBe(false);
    expect(readdirSync(join(folder, 'run/ports'))).toEqual([]);
  });

  test('keeps its device, unplugged and down, while its network is stopped, and is back when it starts', async () => {
    await driver.up([bridged('net')]);
    await driver.attach('net', { attachment: tap, owner: { name: 'vm' } });
    const before = new Map(host.state);
    await driver.stop('net');
    expect([...host.state.keys()]).toEqual(['link vnet0']);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.start('net');
    expect(host.state).toEqual(before);
  });

  test('is plugged and unplugged without a look at the others', async () => {
    await driver.up([bridged('net')]);
    await driver.attach('net', { attachment: { type: 'tap' }, owner: { name: 'one' } });
    host.state.delete('link-up vnet0'); // somebody takes the neighbour down
    const { change } = await driver.attach('net', { attachment: { type: 'tap' }, owner: { name: 'two' } });
    expect(change.plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual([
      'create link vnet1',
      'create bridge-port vnet1',
      'create link-up vnet1',
    ]);
    expect((await driver.detach('net', 'two')).plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(['delete link vnet1']);
    expect((await driver.diff('net')).steps.map((s) => `${s.op} ${s.key}`)).toEqual(['create link-up vnet0']);
  });

  test('brings back a bridge that is gone', async () => {
    await driver.up([bridged('net')]);
    host.state.delete('link br-net');
    await driver.attach('net', { attachment: { type: 'tap' }, owner: { name: 'one' } });
    expect((await driver.diff('net')).steps).toEqual([]);
    expect(host.state.has('link br-net')).toBe(true);
  });

  test('goes with the definition of its stopped network', async () => {
    await driver.up([bridged('net')]);
    await driver.attach('net', { attachment: tap });
    await driver.stop('net');
    await driver.undefine('net');
    expect(host.state.size).toBe(0);
    expect(readdirSync(join(folder, 'run/ports'))).toEqual([]);
  });

  test('whose namespace is gone is told, and keeps its network from nothing', async () => {
    await driver.up([bridged('net')]);
    const netns = join(folder, 'gone');
    const attach = () => driver.attach('net', { attachment: { type: 'netns', netns }, owner: { name: 'vm' } });
    await expect(attach()).rejects.toMatchObject({ code: 'VND016', message: `there is no network namespace '${netns}'` });
    writeFileSync(netns, '');
    await attach();
    rmSync(netns);
    const [info] = await driver.list();
    expect(info?.warnings.map((w) => w.code)).toEqual(['VND013']);
    await driver.stop('net');
    await driver.start('net');
    await driver.detach('net', 'vm');
    expect((await driver.get('net')).warnings).toEqual([]);
  });
});

describe('a section that is updated', () => {
  const served = "<ip address='10.1.0.1' netmask='255.255.255.0'><dhcp><range start='10.1.0.10' end='10.1.0.20'/></dhcp></ip>";
  const host1 = {
    section: 'ip-dhcp-host',
    command: 'add-last',
    parentIndex: -1,
    fragment: "<host mac='52:54:00:00:00:01' ip='10.1.0.5'/>",
  } as const;

  test.each([
    ['current', true, false],
    ['live', true, false],
    ['config', false, true],
    ['live+config', true, true],
  ] as const)('as %s of a running network changes what it says', async (affect, live, config) => {
    await driver.up([bridged('net', served)]);
    await driver.update('net', { ...host1, affect });
    expect((await driver.xml('net')).includes('10.1.0.5')).toBe(live);
    expect((await driver.xml('net', { inactive: true })).includes('10.1.0.5')).toBe(config);
    const { uuid: id } = await driver.get('net');
    expect(JSON.stringify(host.state.get(`dnsmasq ${id}`)).includes('10.1.0.5')).toBe(live);
  });

  test('on both sides changes neither when one refuses', async () => {
    await driver.up([bridged('net', served)]);
    await driver.update('net', { ...host1, affect: 'config' });
    await expect(driver.update('net', { ...host1, affect: 'live+config' })).rejects.toMatchObject({ libvirt: { code: 55 } });
    expect(await driver.xml('net')).not.toContain('10.1.0.5');
  });

  test('by a number that libvirt does not know is refused in its words', async () => {
    await driver.up([bridged('net', served)]);
    expect(await refusal(driver.update('net', { ...host1, section: 99, affect: 'live' }))).toBe(
      "84 can't update unrecognized section of network",
    );
  });
});

describe('metadata', () => {
  const uri = 'http://example.org/app';

  test('is stored under its prefix and read back as given', async () => {
    await driver.define(bridged('net'));
    await driver.setMetadata('net', 'element', "<app a='1'><b/>text</app>", { key: 'my', uri, affect: 'current' });
    expect(await driver.xml('net')).toContain(`<my:app xmlns:my="${uri}" a="1"><my:b/>text</my:app>`);
    expect(await driver.metadata('net', 'element', { uri, affect: 'config' })).toBe('<app a="1"><b/>text</app>');
    await driver.setMetadata('net', 'element', undefined, { uri, affect: 'current' });
    expect(await refusal(driver.metadata('net', 'element', { uri, affect: 'config' }))).toBe(
      '111 Requested metadata element is not present',
    );
    expect(await driver.xml('net')).not.toContain('metadata');
  });

  test('title and description are set, read and removed', async () => {
    await driver.define(bridged('net'));
    await driver.setMetadata('net', 'title', 'Lab', { affect: 'current' });
    await driver.setMetadata('net', 'description', 'two\nlines', { affect: 'current' });
    expect(await driver.metadata('net', 'title', { affect: 'current' })).toBe('Lab');
    await driver.setMetadata('net', 'title', '', { affect: 'current' });
    expect(await driver.xml('net')).toContain('<description>two\nlines</description>');
    expect(await driver.xml('net')).not.toContain('<title>');
    expect(await refusal(driver.setMetadata('net', 'title', 'a\nb', { affect: 'current' }))).toBe(
      "8 metadata title can't contain newlines",
    );
  });

  test('what no document can hold is left out, and the network can be read again', async () => {
    await driver.define(bridged('net'));
    await driver.setMetadata('net', 'title', 'a\u0001b\ufffe', { affect: 'config' });
    await driver.setMetadata('net', 'description', 'one\r\ntwo\rthree\u0000', { affect: 'config' });
    expect(await driver.metadata('net', 'title', { affect: 'current' })).toBe('ab');
    const again = await reopen();
    expect(await again.metadata('net', 'description', { affect: 'current' })).toBe('one\ntwo\nthree');
    expect(await again.xml('net')).toBe(await driver.xml('net'));
    await again[Symbol.asyncDispose]();
    expect(await refusal(driver.setMetadata('net', 'title', 'a\rb', { affect: 'config' }))).toBe("8 metadata title can't contain newlines");
    const options = { key: 'k', uri: 'urn:\u0001', affect: 'config' } as const;
    expect(await refusal(driver.setMetadata('net', 'element', '<a/>', options))).toBe('1 failed to create a new XML namespace');
  });

  test.each([
    ['element', undefined, undefined, '8 uri in virNetworkSetMetadata must not be NULL'],
    ['element', undefined, uri, '8 key in virNetworkSetMetadata must not be NULL'],
    ['title', undefined, uri, '8 uri in virNetworkSetMetadata must be NULL'],
    ['title', 'k', undefined, '8 key in virNetworkSetMetadata must be NULL'],
  ] as const)('%s with key %s and uri %s is refused in libvirt’s words', async (item, key, u, words) => {
    await driver.define(bridged('net'));
    const options = { affect: 'current', ...(key === undefined ? {} : { key }), ...(u === undefined ? {} : { uri: u }) } as const;
    expect(await refusal(driver.setMetadata('net', item, '<a/>', options))).toBe(words);
  });
});
