import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Resource, ShapingResource } from '../../src/compile/host-state.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { shaperName } from '../../src/host/marks.ts';
import { carried, NETWORK, PORT, reach, remaining } from '../support/states.ts';

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
const shaping = (limits: Partial<ShapingResource> = {}): ShapingResource => ({
  kind: 'shaping',
  owner,
  dev: 'virbr0',
  inbound: { average: 1000, peak: 5000, burst: 1024 },
  outbound: { average: 128, burst: 256 },
  floors: [],
  ...limits,
});

const guest = { network: NETWORK, port: PORT };
const veth: Resource = {
  kind: 'link',
  owner: guest,
  name: 'vnet0',
  spec: { type: 'veth', peer: { netns: 'g', name: 'eth0', mac: '52:54:00:00:00:09' } },
};

afterEach(async () => {
  await reach(host, []);
  expect(sh('ip -br link').trim().split('\n')).toHaveLength(1);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

describe('limits on a device', () => {
  const forms: readonly (readonly [string, ShapingResource])[] = [
    ['both ways', shaping()],
    ['average alone', shaping({ inbound: { average: 1 }, outbound: { average: 1 } })],
    ['a peak like the average', shaping({ inbound: { average: 3000, peak: 3000 } })],
    ['great numbers', shaping({ inbound: { average: 2_000_000, peak: 4_000_001, burst: 200_000 }, outbound: { average: 1_234_567 } })],
    ['a burst without a peak', shaping({ inbound: { average: 700, burst: 5 } })],
    ['the greatest numbers', shaping({ inbound: { average: 12_500_000 }, outbound: { average: 12_500_000, burst: 4_194_303 } })],
    ['a burst as long as tc counts', shaping({ inbound: { average: 10, burst: 2670 }, outbound: { average: 1, burst: 267 } })],
    [
      'next to nothing beside the guaranteed shares',
      shaping({ inbound: { average: 10_000, burst: 300_000 }, floors: [{ classId: 3, mac: '52:54:00:ff:fe:09', floor: 9_999 }] }),
    ],
    [
      'guaranteed shares',
      shaping({
        floors: [
          { classId: 3, mac: '52:54:00:ff:fe:09', floor: 300 },
          { classId: 200, mac: 'fe:ff:ff:ff:ff:ff', floor: 1 },
        ],
      }),
    ],
  ];
  test.each(forms)('are seen as they were set: %s', async (_, wanted) => {
    await reach(host, [...bridge, wanted]);
    expect(await remaining(host, [...bridge, wanted])).toEqual([]);
    const seen = (await carried(host)).get('shaping virbr0');
    expect(seen).toMatchObject({ owner, floors: wanted.floors, inbound: { average: wanted.inbound?.average } });
  });

  test('change in place, share by share', async () => {
    await reach(host, [...bridge, shaping()]);
    // The htb qdisc and the queues that guests share, by their handles; limits and the queues of guaranteed shares may change.
    const qdiscs = (): readonly string[] =>
      sh(`tc qdisc show dev ${shaperName('virbr0', 'inbound')}`).match(/qdisc (?:htb 1: root|bfifo \w+: parent 1:80\w\w)/g) ?? [];
    const before = qdiscs();
    for (const next of [
      shaping({ inbound: { average: 2000 }, outbound: { average: 64 } }),
      shaping({ floors: [{ classId: 3, mac: '52:54:00:00:00:09', floor: 300 }] }),
      shaping({
        floors: [
          { classId: 3, mac: '52:54:00:00:00:08', floor: 200 },
          { classId: 4, mac: '52:54:00:00:00:07', floor: 10 },
        ],
      }),
      shaping({ floors: [{ classId: 4, mac: '52:54:00:00:00:07', floor: 11 }] }),
    ]) {
      await reach(host, [...bridge, next]);
      expect(await remaining(host, [...bridge, next])).toEqual([]);
      expect(qdiscs()).toEqual(before); // the qdiscs stayed, and with them what they hold
    }
    const inboundOnly: Resource = { kind: 'shaping', owner, dev: 'virbr0', inbound: { average: 5 }, floors: [] };
    await reach(host, [...bridge, inboundOnly]);
    expect(await remaining(host, [...bridge, inboundOnly])).toEqual([]);
    await reach(host, bridge);
    expect(await remaining(host, bridge)).toEqual([]);
    expect(sh('tc filter show dev virbr0 egress; ip -br link show type ifb')).toBe('');
  });

  test('that somebody removed are seen and mended', async () => {
    const wanted = [...bridge, shaping()];
    await reach(host, wanted);
    for (const drift of [
      'tc qdisc del dev virbr0 clsact',
      'tc filter del dev virbr0 egress',
      ...(['inbound', 'outbound'] as const)
        .map((way) => shaperName('virbr0', way))
        .flatMap((dev) => [
          `ip link del ${dev}`,
          `ip link set ${dev} down`,
          `tc qdisc del dev ${dev} root`,
          `tc class change dev ${dev} parent 1: classid 1:1 htb rate 5kbps`,
        ]),
    ]) {
      sh(drift);
      expect((await remaining(host, wanted)).join(), drift).toMatch(/shaping virbr0/);
      await reach(host, wanted);
      expect(await remaining(host, wanted), `after mending: ${drift}`).toEqual([]);
    }
  });

  test('of what guests send: their devices lead to the queue of their bridge, and one that leads elsewhere is mended', async () => {
    sh('ip netns add g');
    const mac = '52:54:00:00:00:01';
    const via: ShapingResource = { kind: 'shaping', owner: guest, dev: 'vnet0', via: { bridge: 'virbr0', mac }, floors: [] };
    const limited: ShapingResource = { ...via, inbound: { average: 500 } };
    const own: ShapingResource = { kind: 'shaping', owner: guest, dev: 'vnet0', outbound: { average: 700 }, floors: [] };
    for (const limit of [via, limited, own, limited, via, own, via]) {
      const wanted = [...bridge, shaping(), veth, limit];
      await reach(host, wanted);
      expect(await remaining(host, wanted)).toEqual([]);
      expect((await carried(host)).get('shaping vnet0')).toMatchObject({ owner: guest, ...(limit.via && { via: limit.via }) });
    }
    expect(sh('ip -br link show type ifb').trim().split('\n')).toHaveLength(2); // the bridge's: a device that only leads to them has none
    for (const drift of [
      'tc qdisc del dev vnet0 clsact',
      'tc filter del dev vnet0 ingress',
      `ip link del ${shaperName('virbr0', 'outbound')}`,
      'tc qdisc del dev vnet0 clsact; tc qdisc add dev vnet0 ingress; tc filter add dev vnet0 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev lo',
    ]) {
      const wanted = [...bridge, shaping(), veth, via];
      sh(drift);
      expect((await remaining(host, wanted)).join(), drift).toMatch(/shaping vnet0/);
      await reach(host, wanted);
      expect(await remaining(host, wanted), `after mending: ${drift}`).toEqual([]);
    }
    await reach(host, [...bridge, veth]);
    expect(sh('tc filter show dev vnet0 ingress; tc filter show dev vnet0 egress; ip -br link show type ifb')).toBe('');
    await reach(host, bridge);
    sh('ip netns del g');
  });

  test('on a bridge of somebody else are found again and leave the bridge as it was', async () => {
    sh('ip link add br-other up type bridge');
    const queues = sh('tc qdisc show dev br-other');
    const limit = shaping({ dev: 'br-other' });
    await reach(host, [limit]);
    expect(await remaining(host, [limit], new Set([NETWORK]))).toEqual([]);
    expect([...(await carried(host)).keys()]).toEqual(['shaping br-other']);
    await reach(host, []);
    expect(sh('tc qdisc show dev br-other; ip -br link show type ifb')).toBe(queues);
    // What somebody else has hung there stays.
    await reach(host, [limit]);
    const filter = 'dev br-other ingress protocol all u32 match u32 0 0 flowid 1:9';
    sh(`tc filter add ${filter}`);
    await reach(host, []);
    expect(sh('tc filter show dev br-other ingress')).toContain('flowid 1:9');
    sh('ip link del br-other');
  });

  test('are refused on a bridge of the host with an ingress qdisc of its own, which would take what goes the other way', async () => {
    sh('ip link add br-other type bridge; tc qdisc add dev br-other ingress');
    const queues = sh('tc qdisc show dev br-other');
    const hint = /^if 'br-other' has an ingress qdisc/;
    await expect(reach(host, [shaping({ dev: 'br-other' })])).rejects.toMatchObject({ hint: expect.stringMatching(hint) as string });
    expect(sh('tc filter show dev br-other ingress; tc qdisc show dev br-other')).toBe(queues);
    expect(sh('ip -br link show type ifb')).toBe('');
    sh('ip link del br-other');
  });

  test('take the place of an ingress qdisc that somebody has put on a bridge of ours', async () => {
    await reach(host, bridge);
    sh('tc qdisc del dev virbr0 clsact; tc qdisc add dev virbr0 ingress');
    await reach(host, [...bridge, shaping()]);
    expect(sh('tc qdisc show dev virbr0')).toContain('clsact');
    expect(sh('tc filter show dev virbr0 egress')).toContain('mirred');
    expect(sh('tc filter show dev virbr0 ingress')).toBe('');
  });

  test('end with a guest whose device is gone', async () => {
    sh('ip netns add g');
    const limit: Resource = { ...shaping(), owner: guest, dev: 'vnet0' };
    await reach(host, [...bridge, veth, limit]);
    expect(await remaining(host, [...bridge, veth, limit])).toEqual([]);
    sh('ip netns del g');
    await expect.poll(() => existsSync('/proc/sys/net/ipv4/conf/vnet0'), { timeout: 10_000 }).toBe(false);
    expect([...(await carried(host)).keys()].toSorted()).toEqual(['link virbr0', 'link-up virbr0', 'shaping vnet0']);
    await reach(host, bridge);
    expect(sh('ip -br link show type ifb')).toBe('');
  });
});
