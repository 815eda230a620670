import { describe, expect, test } from 'vitest';
import type { ForeignDrop } from '../host/foreign-drops.ts';
import { buildNetwork, subnet } from '../network/build.ts';
import { foreignDropWarnings } from './foreign-drops.ts';

const drop: ForeignDrop = { family: 'ip', table: 'filter', chain: 'FORWARD', how: 'policy', admits: [] };
const network = (mode: 'nat' | 'route' | 'open' | 'none', ip = '10.0.0.1/24'): ReturnType<typeof buildNetwork> =>
  buildNetwork({ name: 'lab', forward: { mode }, bridge: { name: 'virbr0' }, ips: [subnet(ip)] });
const hints = (n: ReturnType<typeof buildNetwork>, ...drops: readonly ForeignDrop[]): (string | undefined)[] =>
  foreignDropWarnings(n, drops).map((d) => d.hint);

describe('warnings of firewalls of somebody else', () => {
  test('name table, chain and what to do', () => {
    expect(foreignDropWarnings(network('nat'), [drop])).toEqual([
      {
        code: 'VNC013',
        severity: 'warning',
        message: "chain 'FORWARD' of table 'ip filter' drops by its policy what guests of 'lab' send through this host",
        hint: 'let the bridge pass there: nft insert rule ip filter FORWARD iifname virbr0 accept; nft insert rule ip filter FORWARD oifname virbr0 accept',
        source: 'lab',
      },
    ]);
    expect(hints(network('route'), { ...drop, maker: 'docker' })).toEqual([
      expect.stringContaining('iptables -I DOCKER-USER -i virbr0 -j ACCEPT'),
    ]);
    expect(hints(network('nat'), { ...drop, maker: 'ufw' })).toEqual([expect.stringContaining('ufw route allow in on virbr0')]);
  });

  test('are for networks whose packets go through the host, in the families they have', () => {
    expect(hints(network('none'), drop)).toEqual([]);
    expect(hints(network('open'), drop)).toEqual([]);
    expect(hints(network('nat'), { ...drop, family: 'ip6' })).toEqual([]);
    expect(hints(network('nat', 'fd00::1/64'), drop)).toEqual([]);
    expect(hints(network('nat', 'fd00::1/64'), { ...drop, family: 'ip6' })).toHaveLength(1);
    expect(hints(network('nat'), { ...drop, family: 'inet' })).toHaveLength(1);
  });

  test('end when the bridge is let pass', () => {
    expect(hints(network('nat'), { ...drop, admits: ['virbr0'] })).toEqual([]);
    expect(hints(network('nat'), { ...drop, admits: ['virbr1'] })).toHaveLength(1);
  });
});
