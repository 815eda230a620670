import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { linuxHost } from '../../src/host/linux-host.ts';
import type { PortRecord } from '../../src/compile/port.ts';
import type { Network } from '../../src/network/network.ts';
import { broadcasts } from './capture.ts';
import { network } from './network.ts';
import { startOvs, vsctl, whyNoOvs } from './ovs.ts';
import { compiled, mac, netnsPort, uuid } from './ports.ts';
import { vlanBroadcasts, vlanGuests } from './vlan-guests.ts';
import { carried, reach, remaining } from './states.ts';

const BRIDGE = 'ovsbr0';
const openvswitch = { type: 'openvswitch', interfaceid: uuid(77), profileid: 'a "b", c=[d]' } as const;
const ovs: Network = network('bridge', { bridge: { name: BRIDGE, stp: true, delay: 0 }, virtualport: openvswitch });

/** What openvswitch ports mean on a real Open vSwitch, with packets through this datapath. */
export function ovsSuite(datapath: 'netdev' | 'system'): void {
  const reason = whyNoOvs();
  const runDir = process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run';
  const host = linuxHost({ paths: { runDir, stateDir: '/run/test/lib', leaseScript: '/bin/true' } });
  const ip = (line: string): void => void execFileSync('ip', line.split(' '));
  let stop = (): void => undefined;
  // The database is the same one under each datapath, and the lab is slow.
  const once = test.skipIf(datapath === 'system');

  describe.skipIf(reason !== undefined)(`Open vSwitch, datapath ${datapath}${reason === undefined ? '' : ` (${reason})`}`, () => {
    beforeAll(() => {
      stop = startOvs();
      vsctl('add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE, `datapath_type=${datapath}`);
      vsctl('add-br', 'ovsbr1', '--', 'set', 'bridge', 'ovsbr1', `datapath_type=${datapath}`);
      ip('link add foreign type veth peer name foreign1');
      vsctl('add-port', BRIDGE, 'foreign', 'tag=7');
      for (const { port } of vlanGuests) ip(`netns add ${port.owner.name}`);
    });
    afterEach(async () => {
      await reach(host, []);
      expect(vsctl('list-ports', BRIDGE)).toBe('foreign');
      expect(vsctl('get', 'Port', 'foreign', 'tag')).toBe('7');
    });
    afterAll(async () => {
      await host[Symbol.asyncDispose]();
      for (const { port } of vlanGuests) ip(`netns delete ${port.owner.name}`);
      stop();
    });

    test('a guest is a port with the ids that controllers look for, and is found by its mark alone', async () => {
      const state = await compiled(host, ovs, [vlanGuests[0] as PortRecord]);
      await reach(host, state);
      expect(await remaining(host, state)).toEqual([]);
      const id = (key: string): string => JSON.parse(vsctl('get', 'Interface', 'va10', `external_ids:${key}`)) as string;
      expect(id('iface-id')).toBe(openvswitch.interfaceid);
      expect(id('port-profile')).toBe(openvswitch.profileid);
      expect(id('attached-mac')).toBe(mac(1));
      expect(id('vm-id')).toBe(uuid(1001));
      expect(vsctl('get', 'Interface', 'va10', 'external_ids:iface-status')).toBe('active');
      // OVN binds a port whose interface has its iface-id and a number of its own on the integration bridge.
      expect(Number(vsctl('get', 'Interface', 'va10', 'ofport'))).toBeGreaterThan(0);
      expect(vsctl('get', 'Interface', 'va10', 'error')).toBe('[]');
      expect([...(await carried(host)).keys()]).toContain('ovs-port va10 on ovsbr0');
      const other = await host.observe({ networks: new Set(['00000000-0000-4000-8000-00000000ffff']), desired: new Map() });
      expect([...other.keys()]).toEqual([]);
    });

    once('drift is seen and mended, and what a controller adds is no drift', async () => {
      const state = await compiled(host, ovs, [vlanGuests[2] as PortRecord]);
      await reach(host, state);
      vsctl('set', 'Interface', 'vtrunk', 'external_ids:ovn-installed=true');
      expect(await remaining(host, state)).toEqual([]);
      const drifts: readonly (readonly [readonly string[], RegExp])[] = [
        [['clear', 'Port', 'vtrunk', 'trunks'], /change ovs-port vtrunk on ovsbr0: trunks \[\] -> \[10,20\]/],
        [['set', 'Port', 'vtrunk', 'tag=9'], /tag 9 -> none/],
        [['set', 'Port', 'vtrunk', 'protected=true'], /isolated true -> false/],
        [['remove', 'Interface', 'vtrunk', 'external_ids', 'iface-id'], /externalIds/],
        [['del-port', BRIDGE, 'vtrunk'], /create ovs-port vtrunk/],
        [['del-port', BRIDGE, 'vtrunk', '--', 'add-port', BRIDGE, 'vtrunk'], /change ovs-port vtrunk/],
        [
          ['del-port', BRIDGE, 'vtrunk', '--', 'add-port', 'ovsbr1', 'vtrunk'],
          /delete ovs-port vtrunk on ovsbr1(?:.|\n)*create ovs-port vtrunk on ovsbr0/,
        ],
      ];
      for (const [command, expected] of drifts) {
        vsctl(...command);
        expect((await remaining(host, state)).join('\n'), command.join(' ')).toMatch(expected);
        await reach(host, state, new Set([ovs.uuid ?? '']));
        expect(await remaining(host, state), `after mending: ${command.join(' ')}`).toEqual([]);
      }
      expect(vsctl('list-ports', 'ovsbr1')).toBe('');
    });

    once('a change of VLAN or ids changes the port in place, and leaves nothing of the old', async () => {
      const [guest] = vlanGuests as [PortRecord];
      await reach(host, await compiled(host, ovs, [guest]));
      const number = vsctl('get', 'Interface', 'va10', 'ofport');
      const { vlan: _vlan, ...plain } = guest.port;
      const bare: Network = { ...ovs, virtualport: { type: 'openvswitch', interfaceid: uuid(78) } };
      const state = await compiled(host, bare, [{ ...guest, port: plain }]);
      await reach(host, state);
      expect(await remaining(host, state)).toEqual([]);
      expect(vsctl('get', 'Port', 'va10', 'tag', 'trunks', 'vlan_mode').split('\n')).toEqual(['[]', '[]', '[]']);
      expect(vsctl('--if-exists', 'get', 'Interface', 'va10', 'external_ids:port-profile')).toBe('');
      expect(vsctl('get', 'Interface', 'va10', 'ofport')).toBe(number);
    });

    once('a bridge that does not exist fails at the step of its port', async () => {
      const state = await compiled(host, ovs, [vlanGuests[0] as PortRecord, vlanGuests[1] as PortRecord]);
      const broken = state.map((r) => (r.kind === 'ovs-port' && r.dev === 'vb20' ? { ...r, bridge: 'nonesuch' } : r));
      await expect(reach(host, broken)).rejects.toMatchObject({
        code: 'VNP001',
        message: expect.stringMatching(/ovs-port vb20 on nonesuch.*no bridge named nonesuch/) as unknown,
      });
    });

    test('access, trunk and native VLANs are kept apart and tagged on the wire', async () => {
      const state = await compiled(host, ovs, vlanGuests);
      await reach(host, state);
      expect(await remaining(host, state)).toEqual([]);
      const seen = await broadcasts(vlanGuests.map(({ port }) => ({ netns: port.owner.name, mac: port.mac })));
      expect(seen).toEqual(vlanBroadcasts);
    });

    test('isolated guests do not see one another', async () => {
      const guests = ['a10', 'b20', 'tag'].map((name, i) => netnsPort(i + 1, name, { isolated: name !== 'tag' }));
      await reach(host, await compiled(host, ovs, guests));
      const seen = await broadcasts(guests.map(({ port }) => ({ netns: port.owner.name, mac: port.mac })));
      expect(seen).toEqual({ a10: { tag: 'untagged' }, b20: { tag: 'untagged' }, tag: { a10: 'untagged', b20: 'untagged' } });
    });
  });
}
