import { describe, expect, test } from 'vitest';
import { parseSubnet } from '../../inet/index.ts';
import { readForeignChains } from './foreign-chains.ts';
import { readLegacyChains } from './legacy-chains.ts';
import { fateOf, type Packet } from './packet-fate.ts';

const chain = (name: string, more: object = {}): object => ({ chain: { family: 'ip', table: 't', name, handle: 1, ...more } });
const base = (hook: string, policy: string): object => chain('base', { type: 'filter', hook, prio: 0, policy });
const rule = (name: string, ...expr: readonly object[]): object => ({ rule: { family: 'ip', table: 't', chain: name, handle: 2, expr } });
const match = (left: object, right: unknown, op = '=='): object => ({ match: { op, left, right } });
const dev = (key: 'iifname' | 'oifname', right: unknown): object => match({ meta: { key } }, right);
const port = (protocol: string, right: unknown): object => match({ payload: { protocol, field: 'dport' } }, right);
const from = (right: unknown): object => match({ payload: { protocol: 'ip', field: 'saddr' } }, right);
const state = (...right: readonly string[]): object => match({ ct: { key: 'state' } }, right, 'in');
const [accept, drop, reject, leave, counter] = ['accept', 'drop', 'reject', 'return', 'counter'].map((v) => ({ [v]: null })) as [
  object,
  object,
  object,
  object,
  object,
];
const jump = (target: string): object => ({ jump: { target } });
const goTo = (target: string): object => ({ goto: { target } });
const xt = (type: string, name: string): object => ({ xt: { type, name } });

const read = (...objects: readonly object[]): ReturnType<typeof readForeignChains> =>
  readForeignChains(JSON.stringify({ nftables: [{ metainfo: {} }, ...objects] }));
const fate = (packet: Packet, policy: string, ...rules: readonly object[]): string | undefined => {
  const [found] = read(base('forward', policy), ...rules);
  return found && fateOf(found, packet);
};
const out: Packet = { family: 'ipv4', iifname: 'vb0', source: parseSubnet('10.9.0.0/24') ?? never(), isAnswer: false };
const back: Packet = { family: 'ipv4', oifname: 'vb0', isAnswer: true };
const dns: Packet = { ...out, protocol: 'udp', port: 53 };
function never(): never {
  throw new Error('no subnet');
}

describe('chains that are read', () => {
  test('are those of others on the hooks that guests’ packets pass', () => {
    const names = read(
      base('forward', 'drop'),
      base('input', 'accept'),
      base('output', 'drop'),
      chain('plain'),
      { chain: { family: 'bridge', table: 'b', name: 'f', type: 'filter', hook: 'forward', prio: 0, policy: 'drop' } },
      { chain: { family: 'inet', table: 'virtnet', name: 'forward', type: 'filter', hook: 'forward', prio: 0, policy: 'drop' } },
    );
    expect(names.map(({ hook, policy }) => [hook, policy])).toEqual([
      ['forward', 'drop'],
      ['input', 'accept'],
    ]);
  });

  test('are known by who made them, where chains tell', () => {
    expect(read(base('input', 'drop'), chain('ufw-user-input'))[0]?.maker).toBe('ufw');
    expect(read(base('forward', 'drop'), chain('DOCKER-USER'))[0]?.maker).toBe('docker');
    expect(read(base('forward', 'drop'))[0]).not.toHaveProperty('maker');
  });
});

describe('a packet in a chain', () => {
  test('meets the policy where no rule decides, and passes a chain of another family', () => {
    expect([fate(out, 'drop'), fate(out, 'accept'), fate({ ...out, family: 'ipv6' }, 'drop')]).toEqual(['policy', 'pass', 'pass']);
  });

  test('meets the first rule whose conditions hold', () => {
    expect(fate(out, 'drop', rule('base', dev('iifname', 'vb0'), counter, accept), rule('base', drop))).toBe('pass');
    expect(fate(out, 'accept', rule('base', dev('iifname', 'vb1'), accept), rule('base', counter, reject))).toBe('rule');
    expect(fate(out, 'drop', rule('base', dev('iifname', 'vb*'), accept))).toBe('pass');
    expect(fate(out, 'drop', rule('base', match({ meta: { key: 'iifname' } }, 'eth0', '!='), accept))).toBe('pass');
    expect(fate(out, 'accept', rule('base', dev('iifname', { set: ['vb0', 'vb1'] }), xt('target', 'REJECT')))).toBe('rule');
  });

  test('is one by its protocol, its port, its source and the state of its connection', () => {
    expect(fate(dns, 'drop', rule('base', port('udp', 53), accept))).toBe('pass');
    expect(fate(dns, 'drop', rule('base', port('tcp', 53), accept))).toBe('policy');
    for (const udp of [17, 'udp', { set: [6, 17] }, { range: [10, 20] }]) {
      expect(fate(dns, 'drop', rule('base', match({ meta: { key: 'l4proto' } }, udp), accept))).toBe('pass');
      expect(fate(dns, 'drop', rule('base', match({ payload: { protocol: 'ip', field: 'protocol' } }, udp), accept))).toBe('pass');
    }
    for (const other of [6, 'tcp', 'icmp', 1, { set: [6, 1] }])
      expect(fate(dns, 'drop', rule('base', match({ meta: { key: 'l4proto' } }, other), accept))).toBe('policy');
    expect(fate(dns, 'drop', rule('base', port('th', { set: [{ range: [50, 60] }, 67] }), accept))).toBe('pass');
    expect(fate(dns, 'drop', rule('base', from({ prefix: { addr: '10.9.0.0', len: 16 } }), accept))).toBe('pass');
    expect(fate(dns, 'drop', rule('base', from({ prefix: { addr: '10.9.0.0', len: 30 } }), accept))).toBe('policy');
    expect(fate(out, 'accept', rule('base', from({ prefix: { addr: '10.8.0.0', len: 16 } }), drop))).toBe('pass');
    const answers = rule('base', state('established', 'related'), accept);
    expect([fate(out, 'drop', answers), fate(back, 'drop', answers)]).toEqual(['policy', 'pass']);
    const tracked = rule('base', xt('match', 'conntrack'), accept);
    expect([fate(out, 'drop', tracked), fate(back, 'drop', tracked)]).toEqual(['policy', 'pass']);
  });

  test('goes where a jump leads and comes back; after a goto it does not', () => {
    const rules = [rule('x', dev('iifname', 'vb1'), accept), rule('base', drop)];
    expect(fate(out, 'accept', rule('base', jump('x')), ...rules)).toBe('rule');
    expect(fate(out, 'accept', rule('base', goTo('x')), ...rules)).toBe('pass');
    expect(fate(out, 'accept', rule('base', jump('x')), rule('x', jump('y')), rule('x', leave), rule('x', drop), rule('y', accept))).toBe(
      'pass',
    );
    expect(fate(out, 'drop', rule('base', jump('base')))).toBe('policy');
  });

  test('is not decided by conditions that cannot be told, but for a return, and an accept that names its device', () => {
    const unknown = [
      { limit: { rate: 3, per: 'minute' } },
      xt('match', 'multiport'),
      match({ meta: { key: 'mark' } }, 1),
      dev('oifname', 'eth0'),
    ];
    for (const doubt of unknown) {
      expect(fate(out, 'accept', rule('base', doubt, drop))).toBe('pass');
      expect(fate(out, 'drop', rule('base', doubt, accept))).toBe('policy');
      expect(fate(out, 'accept', rule('base', jump('x')), rule('x', doubt, leave), rule('x', drop))).toBe('pass');
      expect(fate(out, 'drop', rule('base', dev('iifname', 'vb0'), doubt, accept))).toBe('pass');
    }
    expect(fate(out, 'drop', rule('base', xt('match', 'comment'), accept))).toBe('pass');
  });
});

/** In the form of iptables-save(8), as iptables-legacy-save 1.8.9 printed it for rules of these kinds. */
const saved = (policy: string, ...rules: readonly string[]): string =>
  [
    ...['# Generated by iptables-save v1.8.9', '*mangle', ':PREROUTING ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', 'COMMIT', '# Completed'],
    ...['*filter', ':INPUT ACCEPT [0:0]', `:FORWARD ${policy} [12:3456]`, ':OUTPUT DROP [0:0]', ':own - [0:0]', ...rules, 'COMMIT', ''],
  ].join('\n');
const legacyFate = (packet: Packet, policy: string, ...rules: readonly string[]): string | undefined => {
  const found = readLegacyChains(saved(policy, ...rules), packet.family === 'ipv4' ? 'ip' : 'ip6').find(
    ({ table, hook }) => table === 'filter' && hook === 'forward',
  );
  return found && fateOf(found, packet);
};

describe('tables of iptables-legacy', () => {
  test('are read chain by chain, with whose they are', () => {
    const read = readLegacyChains(saved('DROP'), 'ip6');
    expect(read.map(({ family, table, name, hook, policy, isLegacy }) => [family, table, name, hook, policy, isLegacy])).toEqual([
      ['ip6', 'mangle', 'FORWARD', 'forward', 'accept', true],
      ['ip6', 'filter', 'INPUT', 'input', 'accept', true],
      ['ip6', 'filter', 'FORWARD', 'forward', 'drop', true],
    ]);
    expect(readLegacyChains(':FORWARD DROP [0:0]', 'ip')).toEqual([]);
    expect(readLegacyChains(saved('DROP', ':DOCKER-USER - [0:0]'), 'ip').map(({ maker }) => maker)).toEqual([
      undefined,
      'docker',
      'docker',
    ]);
  });

  test.each([
    ['policy', out, 'DROP', []],
    ['pass', out, 'ACCEPT', []],
    ['rule', out, 'ACCEPT', ['-A FORWARD -j DROP']],
    [
      'rule',
      out,
      'ACCEPT',
      ['-A FORWARD -i vb0 -m comment --comment "no \\"guests\\" -j ACCEPT" -j REJECT --reject-with icmp-port-unreachable'],
    ],
    ['pass', out, 'ACCEPT', ['-A FORWARD -i vb1 -j DROP', '-A FORWARD ! -i vb+ -j DROP', '-A FORWARD -j LOG --log-prefix "-j DROP"']],
    ['rule', out, 'ACCEPT', ['-A FORWARD -i v+ -j DROP']],
    ['pass', out, 'DROP', ['-A FORWARD -s 10.0.0.0/8 -j ACCEPT']],
    ['policy', out, 'DROP', ['-A FORWARD -s 10.0.0.0/255.0.255.0 -j ACCEPT', '-A FORWARD ! -s 10.0.0.0/8 -j ACCEPT']],
    ['pass', dns, 'DROP', ['-A FORWARD -p udp -m udp --dport 50:60 -j ACCEPT']],
    ['pass', dns, 'DROP', ['-A FORWARD -p udp -m multiport --dports 1,50:60 -j ACCEPT']],
    ['policy', dns, 'DROP', ['-A FORWARD -p tcp -m tcp --dport 53 -j ACCEPT', '-A FORWARD -p udp -m udp ! --dport 53 -j ACCEPT']],
    ['pass', back, 'DROP', ['-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
    ['pass', back, 'DROP', ['-A FORWARD -o vb0 -m state --state ESTABLISHED -j ACCEPT']],
    ['policy', out, 'DROP', ['-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
    ['rule', out, 'ACCEPT', ['-A FORWARD -j own', '-A own -j DROP']],
    ['pass', out, 'ACCEPT', ['-A FORWARD -g own', '-A FORWARD -j DROP', '-A own -p gre -j DROP', '-A own -f -j DROP']],
    ['pass', out, 'ACCEPT', ['-A FORWARD -m limit --limit 5/sec -j RETURN', '-A FORWARD -j DROP']],
    ['policy', out, 'DROP', ['-A FORWARD -d 1.2.3.4/32 -j ACCEPT', '-A FORWARD -m set --match-set a src -j ACCEPT']],
  ] as const)('%s: %o, policy %s, %o', (wanted, packet, policy, rules) => {
    expect(legacyFate(packet, policy, ...rules)).toBe(wanted);
  });
});
