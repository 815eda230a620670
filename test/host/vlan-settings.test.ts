// kernels: both
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { broadcasts } from '../support/capture.ts';
import { mac } from '../support/ports.ts';

/** Where a VLAN may stand in a document, and who cannot serve one, through the whole driver. */
const ip = (line: string): void => void execFileSync('ip', line.split(' '));
const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const filters = spawnSync('ip', 'link add br0 type bridge vlan_filtering 1'.split(' '), { stdio: 'ignore' }).status === 0;

let driver: NetworkDriver;
const names = ['net10', 'group20', 'own10', 'trunk'] as const;
const plug = (network: string, i: number, portgroup: string, vlan: string) =>
  driver.attach(network, {
    document: `<interface type='network'><source network='${network}'${portgroup}/>${vlan}</interface>`,
    mac: mac(i + 1),
    owner: { name: names[i] ?? '' },
    attachment: { type: 'netns', netns: names[i] ?? '', guestDev: 'eth0' },
  });

beforeAll(async () => {
  if (!filters) ip('link add br0 type bridge');
  ip('link set br0 up');
  ip('link add up0 type veth peer name up1');
  for (const name of names) ip(`netns add ${name}`);
  driver = await openDriver();
  await driver.up([
    `<network><name>tagged</name><forward mode='bridge'/><bridge name='br0'/><vlan><tag id='10'/></vlan>
      <portgroup name='twenty'><vlan><tag id='20'/></vlan></portgroup></network>`,
    "<network><name>routed</name><forward mode='nat'/><ip address='10.9.0.1' prefix='24'/></network>",
    "<network><name>shared</name><forward mode='bridge'><interface dev='up0'/></forward></network>",
    "<network><name>passed</name><forward mode='passthrough'><interface dev='up0'/></forward></network>",
  ]);
});
afterAll(async () => {
  await driver[Symbol.asyncDispose]();
});

const guests = [
  ['', ''],
  [" portgroup='twenty'", ''],
  [" portgroup='twenty'", "<vlan><tag id='10'/></vlan>"],
  [" portgroup='twenty'", "<vlan trunk='yes'><tag id='10'/><tag id='20'/></vlan>"],
] as const;

describe(`the VLAN of a guest, on a kernel that ${filters ? 'filters VLANs' : 'does not filter VLANs'}`, () => {
  if (filters) {
    test('is its own, else its portgroup’s, else the network’s, stays so through a stop and start, and is a tag on the wire of a trunk', async () => {
      for (const [i, [portgroup, vlan]] of guests.entries()) await plug('tagged', i, portgroup, vlan);
      const tap = { attachment: { type: 'tap', dev: 'tap0' }, mac: mac(9), isolated: true, owner: { name: 'machine' } } as const;
      await driver.attach('tagged', { ...tap, vlan: { trunk: true, tags: [{ id: 10, nativeMode: 'untagged' }, { id: 20 }] } });
      expect((await driver.diff()).steps).toEqual([]);
      const settings = () => ({
        bridge: sh('ip -br link show br0').replace(/ (UP|UNKNOWN) +/, ' '), // the kernel works its state out a moment after a port came or went
        vlans: new Map(
          (JSON.parse(sh('bridge -j vlan show')) as { ifname: string; vlans: unknown }[]).map((row) => [row.ifname, row.vlans]),
        ),
        isolated: sh('cd /sys/class/net/br0/brif; for port in *; do echo $port $(cat $port/isolated); done'),
      });
      const before = settings();
      expect(before.vlans.get('tap0')).toEqual([{ vlan: 10, flags: ['PVID', 'Egress Untagged'] }, { vlan: 20 }]);
      expect(before.isolated).toContain('tap0 1');
      await driver.stop('tagged');
      expect(readdirSync('/sys/class/net/br0/brif')).toEqual([]);
      expect(existsSync('/sys/class/net/tap0')).toBe(true);
      await driver.start('tagged');
      expect(settings()).toEqual(before);
      expect((await driver.diff()).steps).toEqual([]);
      expect(await broadcasts(names.map((netns, i) => ({ netns, mac: mac(i + 1) })))).toEqual({
        net10: { own10: 'untagged', trunk: 'vlan 10' },
        group20: { trunk: 'vlan 20' },
        own10: { net10: 'untagged', trunk: 'vlan 10' },
        trunk: {},
      });
    });

    test('follows its portgroup while it is plugged', async () => {
      await driver.up([(await driver.xml('tagged', { inactive: true })).replace("<tag id='20'/>", "<tag id='10'/>")]);
      const seen = await broadcasts(names.map((netns, i) => ({ netns, mac: mac(i + 1) })));
      expect(seen['group20']).toEqual({ net10: 'untagged', own10: 'untagged', trunk: 'vlan 10' });
    });
  } else {
    test('is refused where it cannot be kept, wherever it stands', async () => {
      for (const [i, [portgroup, vlan]] of guests.entries()) {
        await expect(plug('tagged', i, portgroup, vlan)).rejects.toMatchObject({
          code: 'VNC005',
          message: `this kernel has no VLAN filtering on bridges, so guest '${names[i] ?? ''}' cannot be put on its VLAN`,
        });
      }
      expect(await driver.ports('tagged')).toEqual([]);
    });
  }

  test('is refused by networks whose kind has no VLANs', async () => {
    await expect(plug('routed', 0, '', "<vlan><tag id='10'/></vlan>")).rejects.toMatchObject({ code: 'VNI207' });
    const macvtap = { attachment: { type: 'macvtap', dev: '' }, vlan: { trunk: false, tags: [{ id: 10 }] } } as const;
    await expect(driver.attach('shared', macvtap)).rejects.toMatchObject({ code: 'VNI207' });
    await expect(driver.attach('passed', macvtap)).rejects.toMatchObject({
      code: 'VNC005',
      message: expect.stringContaining("device 'up0' is no SR-IOV virtual function") as unknown,
    });
    for (const mode of ['nat', 'route', 'open', 'private', 'vepa'] as const) {
      const pool = mode === 'private' || mode === 'vepa' ? "<interface dev='up0'/>" : '';
      const text = `<network><name>no</name><forward mode='${mode}'>${pool}</forward><vlan><tag id='5'/></vlan><ip address='10.8.0.1' prefix='24'/></network>`;
      await expect(driver.up([pool === '' ? text : text.replace(/<ip.*\/>/, '')])).rejects.toMatchObject({ libvirt: { code: 67 } });
    }
  });
});
