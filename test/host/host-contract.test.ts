// root: a dnsmasq that is nobody’s child
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { dnsmasqFiles } from '../../src/compile/dnsmasq-files.ts';
import { hostState, type Resource } from '../../src/compile/host-state.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { contract } from '../support/contract.ts';
import { carried, NETWORK, OTHER, PORT, reach, remaining } from '../support/states.ts';
import { base, bridge, chain, dnsmasqOf, firewall, rules, up, v4, wholeNetwork } from '../support/whole-network.ts';

const runDir = process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run';
const paths = { runDir, stateDir: process.env['VIRTNET_STATE_DIR'] ?? '/run/test/lib', leaseScript: '/bin/true' };
const host = linuxHost({ paths });
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const owner = { network: NETWORK };

const files = dnsmasqFiles(paths, NETWORK);
const full = wholeNetwork(paths);
const dnsmasq = (more = '', hosts = ''): Resource => dnsmasqOf(paths, more, hosts);

const vethPort = { network: NETWORK, port: PORT };
const veth: readonly Resource[] = [
  {
    kind: 'link',
    owner: vethPort,
    name: 'vnet0',
    mac: 'fe:54:00:00:00:09',
    spec: { type: 'veth', peer: { netns: 'guest', name: 'eth0', mac: '52:54:00:00:00:09' } },
  },
  { kind: 'bridge-port', owner: vethPort, dev: 'vnet0', bridge: 'virbr0', isolated: true, learning: false, unicastFlood: false },
  { kind: 'link-up', owner: vethPort, dev: 'vnet0' },
];

afterEach(async () => {
  await reach(host, []);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

describe('the Linux host', () => {
  test.each(contract)('%s', (_, holds) => holds(host));

  test('carries out a whole network, sees it as made, and leaves nothing behind', async () => {
    await reach(host, full);
    expect(await remaining(host, full)).toEqual([]);
    expect(await remaining(host, full, new Set([NETWORK]))).toEqual([]);
    expect(sh('ip -br address show virbr0')).toContain('10.77.0.1/24');
    expect(sh('cat /proc/sys/net/ipv4/ip_forward').trim()).toBe('1');
    expect(sh('ip -d link show virbr0')).toContain(`alias virtnet:${NETWORK}`);
    await reach(host, []);
    expect([...(await carried(host)).keys()]).toEqual([]);
    expect(sh('ip -br link').trim().split('\n')).toHaveLength(1);
    expect(sh('nft list ruleset')).toBe('');
    expect(sh(`ls ${runDir}/dnsmasq`)).toBe('');
    expect(sh('ps -eo comm')).not.toContain('dnsmasq');
  });

  test('sees each kind of drift and mends just that', async () => {
    await reach(host, full);
    const pid = sh(`cat ${files.pid}`).trim();
    const drifts: readonly (readonly [string, RegExp])[] = [
      ['ip link set virbr0 down', /create link-up virbr0/],
      ['ip link set virbr0 mtu 1300', /change link virbr0: mtu 1300 -> 1400/],
      ['ip address del 10.77.0.1/24 dev virbr0', /create address 10.77.0.1\/24 on virbr0/],
      ['ip address add 10.99.0.1/24 dev virbr0', /delete address 10.99.0.1\/24 on virbr0/],
      ['ip route del 10.78.0.0/16', /create route 10.78.0.0\/16/],
      ['ip -6 route del fd78::/64', /create route fd78::\/64/],
      ['echo 0 >/proc/sys/net/ipv4/ip_forward', /change sysctl net\/ipv4\/ip_forward: value 0 -> 1/],
      ['nft flush ruleset', /create firewall-base/],
      [`nft flush chain inet virtnet ${chain(NETWORK, 'to')}`, /change firewall/],
      ['nft delete element inet virtnet to_guest "{ virbr0 }"', /change firewall/],
      ['nft flush chain inet virtnet forward', /change firewall-base: chain forward changed -> as made/],
      [
        'nft flush chain inet virtnet output; nft delete chain inet virtnet output',
        /change firewall-base: chain output missing -> as made/,
      ],
      [`echo '# by hand' >>${files.conf}`, /change dnsmasq.*conf changed/],
      // The kernel takes it away a moment later.
      [
        `pid=$(cat ${files.pid}); kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done`,
        /change dnsmasq.*process dead -> current/,
      ],
      // It stops when it is its turn to run.
      [
        `pid=$(cat ${files.pid}); kill -STOP $pid; until grep -q '^State:.T' /proc/$pid/status; do sleep 0.02; done`,
        /change dnsmasq.*process hung -> current/,
      ],
      ['ip link set virbr0 type bridge stp_state 0', /change link virbr0: stp false -> true/],
    ];
    for (const [command, expected] of drifts) {
      sh(command);
      expect((await remaining(host, full)).join('\n'), command).toMatch(expected);
      await reach(host, full);
      expect(await remaining(host, full), `after mending: ${command}`).toEqual([]);
    }
    expect(sh(`cat ${files.pid}`).trim()).not.toBe(pid);
  });

  test('changes one thing and leaves the rest running', async () => {
    await reach(host, full);
    const index = sh('cat /sys/class/net/virbr0/ifindex');
    const pid = sh(`cat ${files.pid}`);
    const changed = full.map((r) => (r.kind === 'dnsmasq' ? dnsmasq('', '52:54:00:aa:bb:cc,10.77.0.11,web\n') : r));
    await reach(host, changed);
    expect(await remaining(host, changed)).toEqual([]);
    expect(sh(`cat ${files.pid}`)).toBe(pid); // hosts are a signal, not a restart
    await reach(
      host,
      full.map((r) => (r.kind === 'dnsmasq' ? dnsmasq('domain=example.test\n') : r)),
    );
    expect(sh(`cat ${files.pid}`)).not.toBe(pid);
    expect(sh('cat /sys/class/net/virbr0/ifindex')).toBe(index);
  });

  test('plugs a guest in a namespace, isolated, with its end up', async () => {
    sh('ip netns add guest');
    await reach(host, [...full, ...veth]);
    expect(await remaining(host, [...full, ...veth])).toEqual([]);
    expect(sh('ip -n guest -br link show eth0')).toMatch(/eth0@\S+\s+UP\s+52:54:00:00:00:09/);
    const seen = (await carried(host)).get('link vnet0');
    expect(seen?.kind === 'link' && seen.spec).toEqual({ type: 'veth', peer: { netns: 'guest', name: 'eth0', mac: '52:54:00:00:00:09' } });
    await reach(host, full);
    expect(sh('ip -n guest -br link')).not.toContain('eth0');
    sh('ip netns del guest');
  });

  test('keeps two networks apart in one table', async () => {
    const second = firewall(OTHER, 'virbr1', []);
    await reach(host, [base, rules, second]);
    await reach(host, [base, second], new Set([NETWORK, OTHER]));
    expect(sh('nft list table inet virtnet')).not.toContain(chain(NETWORK, 'to'));
    expect(sh('nft list table inet virtnet')).toContain(chain(OTHER, 'to'));
  });

  test('names the step that fails, with the words of the tool', async () => {
    const bad: Resource = { kind: 'address', owner, dev: 'nonesuch', address: '10.1.1.1/24' };
    await expect(reach(host, [bridge, bad])).rejects.toMatchObject({
      code: 'VNP001',
      message: expect.stringContaining('address 10.1.1.1/24 on nonesuch') as unknown,
      details: expect.objectContaining({ step: 1, code: 'VNH001' }) as unknown,
    });
    const broken = dnsmasq('no-such-option\n');
    await expect(reach(host, [bridge, up, v4, broken])).rejects.toMatchObject({
      code: 'VNP001',
      message: expect.stringContaining('bad option') as unknown,
      details: expect.objectContaining({ code: 'VNH005' }) as unknown,
    });
  });

  test('recognises a link whose making was cut short before it got its alias', async () => {
    sh(`ip link add virbr0 group ${String(0x56000000 + 0xb5a1c0)} type bridge`);
    const seen = [...(await host.observe({ networks: new Set([NETWORK]), desired: hostState([]) })).keys()];
    expect(seen).toEqual(['link virbr0']);
    await reach(host, [bridge]);
    expect(await remaining(host, [bridge])).toEqual([]);
  });

  test('leaves links and tables of others alone', async () => {
    sh('ip link add br-other type bridge; ip address add 10.5.5.5/24 dev br-other; nft add table inet other');
    await reach(host, full);
    expect([...(await carried(host)).keys()].filter((k) => k.includes('other'))).toEqual([]);
    await reach(host, []);
    expect(sh('ip -br address show br-other')).toContain('10.5.5.5/24');
    expect(sh('nft list tables')).toContain('table inet other');
    sh('ip link del br-other; nft delete table inet other');
  });
});
