import { expect } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { carried, NETWORK, OTHER, reach, remaining } from './states.ts';
import { base, bridge, dnsmasqOf, firewall, rules, wholeNetwork } from './whole-network.ts';

/** What the loop relies on of every host, the real one and the one in memory: the name of each case, and what shows that it holds. */
export const contract: readonly (readonly [string, (host: Host) => Promise<void>])[] = [
  [
    'what was executed is what is observed, and a network that goes leaves nothing',
    async (host) => {
      const full = wholeNetwork(host.paths);
      await reach(host, full);
      expect(await remaining(host, full)).toEqual([]);
      expect(await remaining(host, full, new Set([NETWORK]))).toEqual([]);
      await reach(host, []);
      expect([...(await carried(host)).keys()]).toEqual([]);
    },
  ],
  [
    'a change is about one thing, and is all that a plan for it holds',
    async (host) => {
      const full = wholeNetwork(host.paths);
      await reach(host, full);
      const changed = full.map((r) => (r.kind === 'dnsmasq' ? dnsmasqOf(host.paths, '', '52:54:00:aa:bb:cc,10.77.0.11,web\n') : r));
      expect(await remaining(host, changed)).toEqual([expect.stringContaining('change dnsmasq') as unknown]);
      await reach(host, changed);
      expect(await remaining(host, changed)).toEqual([]);
    },
  ],
  [
    'what dies with a link is gone with it',
    async (host) => {
      const full = wholeNetwork(host.paths);
      await reach(host, full);
      await host.execute([
        { op: 'delete', kind: 'link', key: 'link virbr0', before: bridge, changed: [], reason: 'test', disturbance: 'none' },
      ]);
      const left = [...(await carried(host)).keys()];
      expect(left.filter((key) => key.includes('virbr0'))).toEqual([]);
      await reach(host, full);
      expect(await remaining(host, full)).toEqual([]);
    },
  ],
  [
    'the rules that networks share stay while another network needs them, also when an undo takes them away',
    async (host) => {
      const second = firewall(OTHER, 'virbr1', []);
      await reach(host, [base, rules, second]);
      await reach(host, [base, second], new Set([NETWORK, OTHER]));
      expect(await remaining(host, [base, second])).toEqual([]);
      await host.execute([
        { op: 'delete', kind: 'firewall-base', key: 'firewall-base', before: base, changed: [], reason: 'test', disturbance: 'none' },
      ]);
      expect(await remaining(host, [base, second])).toEqual([]);
    },
  ],
];
