import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../src/compile/host-state.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { fakeBus } from '../support/fake-bus.ts';
import { carried, NETWORK, PORT, reach, remaining } from '../support/states.ts';

/** Neighbours that this machine does not have: firewalld and systemd-resolved are played. The forwarding table is the kernel's own. */
const { folder, state } = fakeBus();
const runDir = process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run';
const host = linuxHost({ paths: { runDir, stateDir: `${runDir}/state`, leaseScript: '/bin/true' } });
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const owner = { network: NETWORK };
const bridge: readonly Resource[] = [
  {
    kind: 'link',
    owner,
    name: 'virbr0',
    mac: '52:54:00:00:00:01',
    spec: { type: 'bridge', stp: false, forwardDelay: 0, vlanFiltering: false },
  },
  { kind: 'link-up', owner, dev: 'virbr0' },
];

beforeAll(() => {
  mkdirSync(`${runDir}/memo`, { recursive: true });
});
afterEach(async () => {
  await reach(host, []);
  expect([...(await carried(host)).keys()]).toEqual([]);
  expect(readdirSync(`${runDir}/memo`, { withFileTypes: true }).map((e) => e.name)).toEqual([]);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

describe('other services of the host', () => {
  test('firewalld is told the zone, and told again when somebody moved the bridge', async () => {
    const zone: Resource = { kind: 'zone', owner, dev: 'virbr0', zone: "a zone; $(id) 'x'" };
    await reach(host, [...bridge, zone]);
    expect(readFileSync(join(folder, 'zone.virbr0'), 'utf8')).toBe("a zone; $(id) 'x'");
    expect(await remaining(host, [...bridge, zone])).toEqual([]);
    writeFileSync(join(folder, 'zone.virbr0'), 'public');
    expect((await remaining(host, [...bridge, zone])).join()).toMatch(/change zone virbr0/);
    await reach(host, [...bridge, zone]);
    await reach(host, bridge); // found by its note, without being named
    expect(readdirSync(folder)).not.toContain('zone.virbr0');
  });

  test('systemd-resolved is told domain and server, for names below the domain only', async () => {
    const record: Resource = { kind: 'resolved', owner, dev: 'virbr0', domain: 'example.test', server: '10.77.0.1' };
    await reach(host, [...bridge, record]);
    expect(state()).toEqual({ 'DNS of virbr0': '{"data":[[2,[10,77,0,1]]]}', 'Domains of virbr0': '{"data":[["example.test",true]]}' });
    expect(await remaining(host, [...bridge, record])).toEqual([]);
    const changed: Resource = { ...record, domain: 'other.test' };
    await reach(host, [...bridge, changed]);
    expect(await remaining(host, [...bridge, changed])).toEqual([]);
    await reach(host, bridge);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('RevertLink i');
  });
});

describe('static forwarding entries', () => {
  test('stand on a guest and are kept', async () => {
    sh('ip netns add g');
    const guest = { network: NETWORK, port: PORT };
    const wanted: readonly Resource[] = [
      ...bridge,
      { kind: 'link', owner: guest, name: 'vnet0', spec: { type: 'veth', peer: { netns: 'g', name: 'eth0', mac: '52:54:00:00:00:09' } } },
      { kind: 'bridge-port', owner: guest, dev: 'vnet0', bridge: 'virbr0', isolated: false, learning: false, unicastFlood: false },
      { kind: 'fdb', owner: guest, dev: 'vnet0', mac: '52:54:00:00:00:09' },
      { kind: 'link-up', owner: guest, dev: 'vnet0' },
    ];
    await reach(host, wanted);
    expect(await remaining(host, wanted)).toEqual([]);
    sh('bridge fdb del 52:54:00:00:00:09 dev vnet0 master; bridge fdb add 52:54:00:00:00:0a dev vnet0 master static');
    expect((await remaining(host, wanted)).toSorted().map((s) => s.replace(/:[^:]*$/, ''))).toEqual([
      'create fdb 52:54:00:00:00:09 on vnet0',
      'delete fdb 52:54:00:00:00:0a on vnet0',
    ]);
    await reach(host, wanted);
    expect(await remaining(host, wanted)).toEqual([]);
    const bad: Resource = { kind: 'fdb', owner: guest, dev: 'nonesuch', mac: '52:54:00:00:00:0b' };
    await expect(reach(host, [...wanted, bad])).rejects.toMatchObject({
      code: 'VNP001',
      message: expect.stringContaining('nonesuch') as unknown,
    });
    sh('ip netns del g; sleep 0.1');
  });
});
