// last: few hosts have such cards
// lab: --igb 2
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { diff } from '../../src/plan/diff.ts';
import { hostState } from '../../src/compile/host-state.ts';
import type { AttachRequest } from '../../src/driver/driver.ts';
import { runChild } from '../support/driver-process.ts';
import { network } from '../support/network.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { compiled, mac, portRecord } from '../support/ports.ts';
import { carried, reach, remaining } from '../support/states.ts';
import { startVirtnetd } from '../support/virtnetd.ts';
import { startVirtqemud, whyNoVirtqemud } from '../vm/virtqemud.ts';

const PCI = '/sys/bus/pci/devices';
const pfs = readdirSync('/sys/bus/pci/drivers/igb').filter((name) => /^[0-9a-f]{4}:/.test(name));
const netOf = (pci: string): string => readdirSync(`${PCI}/${pci}/net`)[0] ?? '';
const driverOf = (pci: string): string => basename(readlinkSync(`${PCI}/${pci}/driver`));
const vfAddress = (pf: number, vf: number): string => basename(readlinkSync(`${PCI}/${pfs[pf] ?? ''}/virtfn${String(vf)}`));
const vfLine = (pf: string, vf: number): string => {
  const text = execFileSync('ip', ['link', 'show', 'dev', pf], { encoding: 'utf8' });
  return (text.split('\n').find((line) => line.includes(`vf ${String(vf)} `)) ?? '').trim();
};
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run', stateDir: '/run/test/lib', leaseScript: '/bin/true' };

describe('virtual functions of an emulated igb card', () => {
  const host = linuxHost({ paths });
  let pf = '';
  let original = '';

  beforeAll(() => {
    for (const module of ['igbvf', 'vfio-pci', 'macvtap']) execFileSync('modprobe', [module]);
    for (const name of pfs) writeFileSync(`${PCI}/${name}/sriov_numvfs`, '2');
    pf = netOf(pfs[0] ?? '');
    for (const name of pfs) execFileSync('ip', ['link', 'set', 'dev', netOf(name), 'up']);
    execFileSync('ip', ['link', 'set', 'dev', pf, 'vf', '0', 'mac', '02:00:00:00:aa:00']);
    original = vfLine(pf, 0);
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
  });

  test('are handed to guests with MAC and tag, exclusively, and given back as they were', async () => {
    await using driver = await openDriver();
    await driver.up([`<network><name>sriov</name><forward mode='hostdev' managed='yes'><pf dev='${pf}'/></forward></network>`]);
    const attach = (name: string, n: number, vlan?: number) =>
      driver.attach('sriov', {
        attachment: { type: 'hostdev' },
        owner: { name },
        mac: mac(n),
        ...(vlan === undefined ? {} : { vlan: { trunk: false, tags: [{ id: vlan }] } }),
      });
    await attach('one', 1, 42);
    await attach('two', 2);
    await expect(attach('three', 3)).rejects.toMatchObject({
      message: expect.stringMatching(/in use: .*by 'one', .*by 'two'/) as unknown,
    });
    expect(vfLine(pf, 0)).toMatch(new RegExp(`${mac(1)}.* vlan 42,`));
    expect(vfLine(pf, 1)).toContain(mac(2));
    expect([driverOf(vfAddress(0, 0)), driverOf(vfAddress(0, 1))]).toEqual(['vfio-pci', 'vfio-pci']);
    const groups = [0, 1].map((i) => basename(readlinkSync(`${PCI}/${vfAddress(0, i)}/iommu_group`)));
    expect(new Set(groups).size).toBe(2);
    expect((await driver.diff()).steps).toEqual([]);
    expect(await driver.xml('sriov')).toContain("connections='2'");

    // A guest that holds its function keeps it, and the refusal leaves everything as it is.
    const fd = openSync(`/dev/vfio/${groups[0] ?? ''}`, 'r+');
    await expect(driver.detach('sriov', 'one')).rejects.toMatchObject({ message: expect.stringContaining('in use by a guest') as unknown });
    expect(driverOf(vfAddress(0, 0))).toBe('vfio-pci');
    closeSync(fd);

    await driver.detach('sriov', 'one');
    expect(vfLine(pf, 0)).toBe(original);
    expect(driverOf(vfAddress(0, 0))).toBe('igbvf');
    // By the command: the words for QEMU name the free function.
    const words = execFileSync('bin/virtnet', ['attach', 'sriov', '--vf', '--owner', 'three', '--mac', mac(3), '--qemu'], {
      encoding: 'utf8',
    });
    expect(words).toBe(`-device vfio-pci,host=${vfAddress(0, 0)}\n`);
    expect(vfLine(pf, 0)).toContain(mac(3));
    await driver.detach('sriov', 'two');
    await driver.detach('sriov', 'three');
    expect([vfLine(pf, 0), driverOf(vfAddress(0, 0)), driverOf(vfAddress(0, 1))]).toEqual([original, 'igbvf', 'igbvf']);
    await driver.stop('sriov');
  });

  test('are given back whole wherever a kill cut the handing over', async () => {
    const hostdev = network('hostdev', {}, { managed: true, pf: { dev: pf }, addresses: [] });
    const facts = await host.facts();
    const addresses = facts.vfs.filter((vf) => vf.pf === pf).map(({ address }) => ({ address }));
    const live = { ...hostdev, forward: { ...hostdev.forward, addresses } };
    const guest = portRecord(1, 'one', { type: 'hostdev' }, { vlan: { trunk: false, tags: [{ id: 42 }] }, trustGuestRxFilters: true });
    const state = await compiled(host, live, [guest]);
    const steps = diff(hostState(state), hostState([]));
    for (let done = 1; done <= steps.length; done++) {
      await host.execute(steps.slice(0, done));
      await using next = linuxHost({ paths }); // a process that knows nothing
      await reach(next, state);
      expect(await remaining(next, state), `after ${String(done)} steps`).toEqual([]);
      await reach(next, []);
      expect([vfLine(pf, 0), driverOf(vfAddress(0, 0))], `after ${String(done)} steps`).toEqual([original, 'igbvf']);
      expect([...(await carried(next)).keys()]).toEqual([]);
    }
    // Somebody turns the settings under a guest: seen and mended.
    await reach(host, state);
    execFileSync('ip', ['link', 'set', 'dev', pf, 'vf', '0', 'vlan', '7']);
    expect(await remaining(host, state)).toEqual([`change vf 0 of ${pf}: vlan 7 -> 42`]);
    await reach(host, state);
    expect(vfLine(pf, 0)).toContain('vlan 42');
    await reach(host, []);
  });

  test('are given to one guest each, whichever of two networks lists them', async () => {
    await using driver = await openDriver();
    const listed = [0, 1].map((vf) => {
      const [domain, bus, slot, fn] = vfAddress(0, vf).split(/[:.]/);
      return `<address type='pci' domain='0x${domain ?? ''}' bus='0x${bus ?? ''}' slot='0x${slot ?? ''}' function='0x${fn ?? ''}'/>`;
    });
    await driver.up([
      `<network><name>whole</name><forward mode='hostdev' managed='yes'><pf dev='${pf}'/></forward></network>`,
      `<network><name>listed</name><forward mode='hostdev' managed='yes'>${listed.join('')}</forward></network>`,
    ]);
    const attach = async (name: string, owner: string): Promise<unknown> =>
      (await driver.attach(name, { attachment: { type: 'hostdev' }, owner: { name: owner } })).port.port.plug;
    const [one, two] = [await attach('whole', 'one'), await attach('listed', 'two')];
    expect(one).not.toEqual(two);
    for (const name of ['whole', 'listed']) {
      await expect(attach(name, 'three')).rejects.toMatchObject({
        message: expect.stringMatching(/in use: \S+ by 'one', \S+ by 'two'/) as unknown,
      });
      expect(await driver.xml(name)).toContain("<network connections='1'>");
    }
    await driver.detach('whole', 'one');
    expect(await attach('listed', 'three')).toEqual(one);
    await driver.stopAll(['whole', 'listed']);
    for (const guest of ['two', 'three']) await driver.detach('listed', guest);
    expect([vfLine(pf, 0), driverOf(vfAddress(0, 0)), driverOf(vfAddress(0, 1))]).toEqual([original, 'igbvf', 'igbvf']);
  });

  test.each([
    ['hostdev', { type: 'hostdev' }, 0],
    ['passthrough', { type: 'macvtap', dev: '' }, 1],
  ] as const)(
    'are whole after a kill at any step of an attach or a detach: %s',
    async (mode, attachment, card) => {
      await using driver = await openDriver();
      const dev = netOf(pfs[card] ?? '');
      const before = vfLine(dev, 0);
      const request: AttachRequest = { attachment, owner: { name: 'one' }, mac: mac(7), vlan: { trunk: false, tags: [{ id: 42 }] } };
      await driver.up([`<network><name>killed</name><forward mode='${mode}' managed='yes'><pf dev='${dev}'/></forward></network>`]);
      const isGivenBack = (what: string): void => {
        expect([vfLine(dev, 0), driverOf(vfAddress(card, 0))], what).toEqual([before, 'igbvf']);
      };
      const converges = async (what: string, guests: 0 | 1): Promise<void> => {
        await driver.repair();
        expect((await driver.diff()).steps, what).toEqual([]);
        expect(await driver.ports('killed'), what).toHaveLength(guests);
        expect(/connections='(\d+)'/.exec(await driver.xml('killed'))?.[1] ?? '0', what).toBe(String(guests));
        if (guests === 0) isGivenBack(what);
        else {
          expect(driverOf(vfAddress(card, 0)), what).toBe(mode === 'hostdev' ? 'vfio-pci' : 'igbvf');
          expect(vfLine(dev, 0), what).toMatch(new RegExp(`${mac(7)}.* vlan 42,`));
        }
      };
      const kills = { attach: 0, detach: 0 };
      for (const call of ['attach', 'detach'] as const)
        for (let step = 0, killed = true; killed; step++)
          for (const moment of step === 0 ? (['before', 'after'] as const) : (['after'] as const)) {
            if (call === 'detach') await driver.attach('killed', request);
            killed = runChild(call, step, moment, 'killed', call === 'attach' ? JSON.stringify(request) : 'one').killed;
            const what = `${call}, ${killed ? `killed ${moment} step ${String(step)}` : 'not killed'}`;
            await converges(what, call === 'attach' ? 1 : 0);
            if (call === 'attach') await driver.detach('killed', 'one');
            isGivenBack(what);
            if (killed) kills[call]++;
          }
      // Before the first step, and after each: the function's settings and its driver; or its settings, its own device that is raised, and a
      // macvtap, which is raised too and goes in one step.
      expect(kills).toEqual(mode === 'hostdev' ? { attach: 3, detach: 3 } : { attach: 5, detach: 4 });
      await driver.stop('killed');
    },
    400_000,
  );

  test.each(['down', 'up'] as const)(
    'carry a passthrough macvtap whose tag is set through the card, on a device that is %s',
    async (state) => {
      await using driver = await openDriver();
      const second = netOf(pfs[1] ?? '');
      const own = netOf(vfAddress(1, 0));
      const line = (...words: string[]): void => void execFileSync('ip', ['link', 'set', 'dev', ...words]);
      const device = (): readonly string[] =>
        ['address', 'flags'].map((file) => readFileSync(`/sys/class/net/${own}/${file}`, 'utf8').trim());
      line(own, state);
      if (state === 'up') line(own, 'address', '02:00:00:00:aa:07'); // the card is told of it, and shows it
      const before = [vfLine(second, 0), ...device()];
      await driver.up([`<network><name>pass</name><forward mode='passthrough'><pf dev='${second}'/></forward></network>`]);
      const { port } = await driver.attach('pass', {
        attachment: { type: 'macvtap', dev: '' },
        owner: { name: 'one' },
        mac: mac(5),
        vlan: { trunk: false, tags: [{ id: 9 }] },
      });
      const isGuests = (): void => {
        expect(vfLine(second, 0)).toMatch(new RegExp(`${mac(5)}.* vlan 9,`));
        expect([device()[0], Number(device()[1]) & 1]).toEqual([mac(5), 1]);
      };
      isGuests();
      expect(port.attachment).toMatchObject({ type: 'macvtap' });
      expect((await driver.diff()).steps).toEqual([]);
      // Somebody gives the function another address through the card, and it takes it.
      line(second, 'vf', '0', 'mac', mac(6));
      line(own, 'down');
      line(own, 'up');
      expect(device()[0]).toBe(mac(6));
      expect((await driver.diff()).steps.map(({ key, changed }) => [key, changed])).toEqual([[`vf 0 of ${second}`, ['mac']]]);
      await driver.repair();
      isGuests();
      expect((await driver.diff()).steps).toEqual([]);
      await driver.detach('pass', 'one');
      expect([vfLine(second, 0), ...device()]).toEqual(before);
      await driver.stop('pass');
      line(own, 'down');
    },
  );

  // The last one: libvirt leaves the function with a MAC that its driver made up.
  const reason = whyNoVirtqemud();
  test.skipIf(reason !== undefined)(
    `go to machines of libvirt's QEMU driver, and come back${reason === undefined ? '' : ` (${reason})`}`,
    async () => {
      // Both take long to start, and neither needs the other until a machine is asked for.
      const starting = await Promise.allSettled([startVirtnetd({ sockets: '/run/libvirt' }), startVirtqemud()]);
      const [networks, machines] = starting.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
      await using _networks = networks;
      await using _machines = machines;
      expect(starting.map((one) => (one.status === 'rejected' ? String(one.reason) : 'runs'))).toEqual(['runs', 'runs']);
      const virsh = (...commands: readonly string[]): string =>
        execFileSync('virsh', ['-q', '-c', 'qemu:///system', commands.join('; ')], { encoding: 'utf8', timeout: PATIENCE_MS });
      const seen = (): readonly unknown[] => [vfLine(pf, 0).replace(/ether \S+/, ''), driverOf(vfAddress(0, 0)), driverOf(vfAddress(0, 1))];
      const rest = seen();

      writeFileSync(
        '/run/network.xml',
        `<network><name>machines</name><forward mode='hostdev' managed='yes'><pf dev='${pf}'/></forward>
        <portgroup name='tagged'><vlan><tag id='42'/></vlan></portgroup></network>`,
      );
      const source = `<mac address='${mac(9)}'/><source network='machines' portgroup='tagged'/>`;
      writeFileSync(
        '/run/machine.xml',
        `<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os>
        <devices><interface type='network'>${source}</interface></devices></domain>`,
      );
      virsh('net-create /run/network.xml', 'create /run/machine.xml --paused');
      expect(vfLine(pf, 0)).toMatch(new RegExp(`${mac(9)}.* vlan 42,`));
      expect([driverOf(vfAddress(0, 0)), driverOf(vfAddress(0, 1))]).toEqual(['vfio-pci', 'igbvf']);
      // A guest holds it: QEMU has opened the group.
      const group = `/dev/vfio/${basename(readlinkSync(`${PCI}/${vfAddress(0, 0)}/iommu_group`))}`;
      expect(() => openSync(group, 'r+')).toThrow('EBUSY');
      const [uuid = ''] = virsh('net-port-list machines').trim().split(/\s+/);
      const [domain, bus, slot, fn] = vfAddress(0, 0)
        .split(/[:.]/)
        .map((part) => `0x${part}`);
      const plug = `<plug type='hostdev-pci' managed='yes'>\n    <address domain='${domain ?? ''}' bus='${bus ?? ''}' slot='${slot ?? ''}' function='${fn ?? ''}'/>`;
      const documents = virsh(
        `net-port-dumpxml machines ${uuid}`,
        'net-dumpxml machines',
        'dumpxml guest --xpath //interface',
        'destroy guest',
        'net-port-list machines',
        'net-destroy machines',
      );
      expect(documents).toContain(`<owner>\n    <name>guest</name>`);
      expect(documents).toContain(
        `  <group>tagged</group>\n  <mac address='${mac(9)}'/>\n  <vlan>\n    <tag id='42'/>\n  </vlan>\n  ${plug}`,
      );
      expect(documents).toMatch(/^<network connections='1'>/m);
      expect(documents).toContain(`<interface type="hostdev" managed="yes">\n  <mac address="${mac(9)}"/>\n  <driver name="vfio"/>`);
      expect(documents.trimEnd()).toMatch(/<\/interface>$/); // quiet commands follow, and no port is left
      // The MAC that the card has for the function then is the driver's, with libvirt's own networks as well.
      expect(seen()).toEqual(rest);
      expect(vfLine(pf, 0)).not.toMatch(new RegExp(`vlan|${mac(9)}`));
    },
  );
});
