import { describe, expect, test } from 'vitest';
import type { ForeignChain } from '../../host/firewall/foreign-chains.ts';
import { buildNetwork, subnet } from '../../network/build.ts';
import { foreignDropWarnings, meetsFirewalls } from './foreign-drops.ts';

const forward: ForeignChain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop', rules: new Map() };
const input: ForeignChain = { ...forward, name: 'INPUT', hook: 'input' };
type Build = Parameters<typeof buildNetwork>[0];
const network = (
  mode: 'nat' | 'route' | 'open' | 'none' | 'bridge',
  ip = '10.0.0.1/24',
  more: Partial<Build> = {},
): ReturnType<typeof buildNetwork> =>
  buildNetwork({ name: 'lab', forward: { mode }, bridge: { name: 'virbr0' }, ips: mode === 'bridge' ? [] : [subnet(ip)], ...more });
const hints = (n: ReturnType<typeof buildNetwork>, ...chains: readonly ForeignChain[]): readonly (string | undefined)[] =>
  foreignDropWarnings(n, chains).map((d) => d.hint);
const messages = (n: ReturnType<typeof buildNetwork>, ...chains: readonly ForeignChain[]): readonly string[] =>
  foreignDropWarnings(n, chains).map((d) => d.message);

describe('warnings of firewalls of somebody else', () => {
  test('name table, chain and what to do, for what goes through the host', () => {
    expect(foreignDropWarnings(network('nat'), [forward])).toEqual([
      {
        code: 'VNC013',
        severity: 'warning',
        message: "chain 'FORWARD' of table 'ip filter' drops by its policy what guests of 'lab' send through this host",
        hint: 'let the bridge pass there: nft insert rule ip filter FORWARD iifname virbr0 accept; nft insert rule ip filter FORWARD oifname virbr0 accept',
        source: 'lab',
      },
    ]);
    expect(hints(network('route'), { ...forward, maker: 'docker' })).toEqual([
      expect.stringContaining('iptables -I DOCKER-USER -i virbr0 -j ACCEPT'),
    ]);
    expect(hints(network('nat'), { ...forward, maker: 'ufw' })).toEqual([expect.stringContaining('ufw route allow in on virbr0')]);
  });

  test('name the services of the host that guests ask in vain', () => {
    const served = network('none', '10.0.0.1/24', {
      ips: [{ ...subnet('10.0.0.1/24'), tftpRoot: '/srv', dhcp: { ranges: [{ start: '10.0.0.9', end: '10.0.0.9' }], hosts: [] } }],
    });
    expect(messages(served, input)).toEqual([
      "chain 'INPUT' of table 'ip filter' drops by its policy what guests of 'lab' ask this host for: DHCP, DNS, TFTP",
    ]);
    expect(hints(served, input)).toEqual([
      `let the bridge pass there: ${['udp 67', 'udp 53', 'tcp 53', 'udp 69']
        .map((p) => `iptables -I INPUT -i virbr0 -p ${p.replace(' ', ' --dport ')} -j ACCEPT`)
        .join('; ')}`,
    ]);
    expect(messages(network('open'), input)).toEqual([expect.stringMatching(/ask this host for: DNS$/)]);
    expect(hints(network('open'), { ...input, maker: 'ufw' })).toEqual([
      'let the bridge pass there: ufw allow in on virbr0 to any port 53 proto udp; ufw allow in on virbr0 to any port 53 proto tcp',
    ]);
    const own: ForeignChain = { ...input, family: 'inet', table: 'mine', name: 'in' };
    expect(hints(network('open'), own)[0]).toContain('nft insert rule inet mine in iifname virbr0 udp dport 53 accept');
  });

  test('tell tables of iptables-legacy from those of nft, in words and in commands', () => {
    const legacy = { ...forward, isLegacy: true } as const;
    expect(messages(network('nat'), legacy)).toEqual([
      "chain 'FORWARD' of table 'ip filter' (iptables-legacy) drops by its policy what guests of 'lab' send through this host",
    ]);
    const insert = (tool: string): string =>
      `let the bridge pass there: ${tool} FORWARD -i virbr0 -j ACCEPT; ${tool} FORWARD -o virbr0 -j ACCEPT`;
    expect(hints(network('nat'), legacy, { ...legacy, table: 'mangle' })).toEqual([
      insert('iptables-legacy -I'),
      insert('iptables-legacy -t mangle -I'),
    ]);
    expect(hints(network('nat', 'fd00::1/64'), { ...legacy, family: 'ip6' })).toEqual([insert('ip6tables-legacy -I')]);
    expect(hints(network('nat'), { ...legacy, maker: 'docker' })[0]).toContain('iptables-legacy -I DOCKER-USER -i virbr0 -j ACCEPT');
    expect(hints(network('open'), { ...input, isLegacy: true })[0]).toContain(
      'iptables-legacy -I INPUT -i virbr0 -p udp --dport 53 -j ACCEPT',
    );
  });

  test('are for networks whose packets meet the chain, in the families they have', () => {
    expect(hints(network('none'), forward)).toEqual([]);
    expect(hints(network('open'), forward)).toEqual([]);
    expect(hints(network('open', '10.0.0.1/24', { dns: { ...network('open').dns, enable: false } as never }), input)).toEqual([]);
    expect([meetsFirewalls(network('bridge')), meetsFirewalls(network('none'))]).toEqual([false, true]);
    for (const chain of [forward, input]) {
      expect(hints(network('nat'), { ...chain, family: 'ip6' })).toEqual([]);
      expect(hints(network('nat', 'fd00::1/64'), chain)).toEqual([]);
      expect(hints(network('nat', 'fd00::1/64'), { ...chain, family: 'ip6' })).toHaveLength(1);
      expect(hints(network('nat'), { ...chain, family: 'inet' })).toHaveLength(1);
    }
  });

  test('end when the bridge is let pass, both ways, answers at least', () => {
    const match = (key: string, right: string): object => ({ match: { op: '==', left: { meta: { key } }, right } });
    const answers = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } };
    const rules = (dev: string) => [
      [match('iifname', dev), { accept: null }],
      [match('oifname', dev), answers, { accept: null }],
    ];
    const admits = (dev: string): ForeignChain => ({ ...forward, rules: new Map([['FORWARD', rules(dev) as never]]) });
    expect([hints(network('nat'), admits('virbr0')).length, hints(network('nat'), admits('virbr1')).length]).toEqual([0, 1]);
  });
});
