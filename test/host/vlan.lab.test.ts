import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linuxHost } from '../../src/host/linux-host.ts';
import type { PortRecord } from '../../src/compile/port.ts';
import { broadcasts } from '../support/capture.ts';
import { network } from '../support/network.ts';
import { compiled } from '../support/ports.ts';
import { reach, remaining } from '../support/states.ts';
import { vlanBroadcasts, vlanGuests } from '../support/vlan-guests.ts';

const ip = (line: string): void => void execFileSync('ip', line.split(' '));
const vlansOf = (dev: string): string => execFileSync('bridge', ['vlan', 'show', 'dev', dev], { encoding: 'utf8' });

describe('a VLAN-filtering Linux bridge of the host', () => {
  const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run', stateDir: '/run/test/lib', leaseScript: '/bin/true' };
  const host = linuxHost({ paths });
  const hosted = network('bridge', { bridge: { name: 'br0', stp: true, delay: 0 } });

  beforeAll(() => {
    for (const module of ['bridge', 'veth']) execFileSync('modprobe', [module]);
    ip('link add br0 type bridge vlan_filtering 1');
    ip('link set br0 up');
    for (const { port } of vlanGuests) ip(`netns add ${port.owner.name}`);
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
  });

  test('keeps access, trunk and native VLANs apart and tags them on the wire', async () => {
    const state = await compiled(host, hosted, vlanGuests);
    await reach(host, state);
    expect(await remaining(host, state)).toEqual([]);
    const seen = await broadcasts(vlanGuests.map(({ port }) => ({ netns: port.owner.name, mac: port.mac })));
    expect(seen).toEqual(vlanBroadcasts);
  });

  test('is told of a change of VLAN in place, and drift is mended', async () => {
    const state = await compiled(host, hosted, vlanGuests);
    await reach(host, state);
    execFileSync('bridge', ['vlan', 'add', 'dev', 'va10', 'vid', '20']);
    expect((await remaining(host, state)).join('\n')).toMatch(/^change bridge-port va10: vlan /);
    await reach(host, state);
    expect(await remaining(host, state)).toEqual([]);
    const [first, ...others] = vlanGuests as [PortRecord, ...PortRecord[]];
    const { vlan: _vlan, ...plain } = first.port;
    const freed = await compiled(host, hosted, [{ ...first, port: plain }, ...others]);
    await reach(host, freed);
    expect(await remaining(host, freed)).toEqual([]);
    expect(vlansOf('va10')).toMatch(/^va10 +1 PVID Egress Untagged$/m);
  });

  test('that does not filter takes no guest with a VLAN', async () => {
    await reach(host, []);
    ip('link set br0 type bridge vlan_filtering 0');
    await expect(reach(host, await compiled(host, hosted, vlanGuests))).rejects.toMatchObject({
      message: expect.stringContaining("bridge 'br0' does not filter VLANs") as unknown,
    });
    await reach(host, []);
  });
});
