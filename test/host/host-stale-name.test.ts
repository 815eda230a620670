// last: links are seldom taken away that fast
import { execFileSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { hostState, type Resource } from '../../src/compile/host-state.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { diff } from '../../src/plan/diff.ts';

const runDir = process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run';
const host = linuxHost({ paths: { runDir, stateDir: `${runDir}/state`, leaseScript: '/bin/true' } });
const owner = { network: '3e3fce45-4f53-4fa7-bb32-11f34168b82b' };
const bridge: readonly Resource[] = [
  {
    kind: 'link',
    owner,
    name: 'virbr0',
    mac: '52:54:00:00:00:01',
    mtu: 1400,
    spec: { type: 'bridge', stp: false, forwardDelay: 0, vlanFiltering: false },
  },
  { kind: 'address', owner, dev: 'virbr0', address: '192.0.2.1/24' },
  { kind: 'link-up', owner, dev: 'virbr0' },
];

afterAll(() => host[Symbol.asyncDispose]());

test('a link that somebody takes away is made again at once, under its own name, as often as that happens', async () => {
  const desired = hostState(bridge);
  const look = { networks: new Set([owner.network]), desired };
  await host.execute(diff(desired, hostState([])));
  for (let round = 0; round < 5; round++) {
    // The process that answers the look has met the name; right after it the device behind the name is another one.
    const seen = await host.observe(look);
    expect(diff(desired, seen)).toEqual([]);
    execFileSync('ip', ['link', 'delete', 'virbr0']);
    await host.execute(diff(desired, hostState([])));
    // The place for limits is the new device's.
    expect(execFileSync('tc', ['qdisc', 'show', 'dev', 'virbr0', 'clsact'], { encoding: 'utf8' })).toContain('clsact');
  }
  expect(diff(desired, await host.observe(look))).toEqual([]);
});
