import { describe, expect, it } from 'vitest';
import { buildNetwork, subnet } from '../../network/build.ts';
import type { Lease } from '../../driver/driver.ts';
import { poolUse } from './pool.ts';
import { formatShow, type ShowData } from './show.ts';
import { styleFor } from './style.ts';

const network = buildNetwork({
  name: 'default',
  uuid: '7a3b7497-1ec7-8aef-6d5c-38dff9109e93',
  forward: { mode: 'nat' },
  bridge: { name: 'virbr0' },
  domain: { name: 'lab.internal', localOnly: true },
  ips: [subnet('10.0.0.1/24', { dhcp: { ranges: [{ start: '10.0.0.10', end: '10.0.0.14' }] } })],
});
const lease = (n: number, expiry = 4600): Lease => ({
  interface: 'virbr0',
  expiry,
  family: 'ipv4',
  mac: `52:54:00:00:00:0${String(n)}`,
  ip: `10.0.0.1${String(n)}`,
  prefix: 24,
  hostname: `vm${String(n)}`,
});
const data: ShowData = {
  info: {
    name: 'default',
    uuid: network.uuid ?? '',
    active: true,
    persistent: true,
    autostart: false,
    bridge: 'virbr0',
    network,
    warnings: [],
  },
  ports: [
    {
      port: { uuid: 'p', owner: { name: 'web', uuid: 'o' }, mac: '52:54:00:00:00:00' },
      attachment: { type: 'netns', dev: 'vnet0', netns: 'web', guestDev: 'eth0' },
    },
  ],
  status: [{ port: 'p', state: 'there', counters: { rxBytes: 1536, rxPackets: 3, txBytes: 900, txPackets: 2 } }],
  leases: [lease(0)],
  drift: { steps: [], diagnostics: [] },
  now: 1000,
};
const plain = styleFor(false, {});

describe('formatShow', () => {
  it('says what macvtap cannot do', () => {
    const direct = buildNetwork({ name: 'direct', forward: { mode: 'private', interfaces: [{ dev: 'eth1' }] } });
    expect(formatShow({ ...data, info: { ...data.info, network: direct } }, plain, 100)).toMatch(
      /^macvtap {4}guests and this host do not reach each other$/m,
    );
    expect(formatShow(data, plain, 100)).not.toContain('macvtap');
  });

  it('is one screen of facts and guests', () => {
    expect(formatShow(data, plain, 100)).toBe(
      [
        'default  running',
        'uuid       7a3b7497-1ec7-8aef-6d5c-38dff9109e93',
        'mode       nat',
        'bridge     virbr0',
        'addresses  10.0.0.1/24',
        'domain     lab.internal (never asked outside)',
        'DHCP       10.0.0.10 to 10.0.0.14: 1 of 5 in use (20 %)',
        'stored     yes; starts at boot: no',
        'guests     1',
        '',
        'GUEST  MAC                DEVICE  ADDRESS    NAME  EXPIRES     RX/TX  WHERE',
        'web    52:54:00:00:00:00  vnet0   10.0.0.10  vm0     in 1h  1.5K/900  eth0 in web',
        '',
      ].join('\n'),
    );
  });

  it('warns of a pool that fills up from 80 % on, and that is nearly exhausted from 95 % on', () => {
    expect(formatShow({ ...data, leases: [0, 1, 2].map((n) => lease(n)) }, plain, 100)).not.toContain('!');
    expect(formatShow({ ...data, leases: [0, 1, 2, 3].map((n) => lease(n)) }, plain, 120)).toContain(
      '! the DHCP range 10.0.0.10 to 10.0.0.14 is filling up: 4 of 5 addresses are leased\n',
    );
    expect(formatShow({ ...data, leases: [0, 1, 2, 3, 4].map((n) => lease(n)) }, plain, 120)).toContain('is nearly exhausted: 5 of 5');
  });

  it('is urgent from 95 % on, not before', () => {
    const twenty = buildNetwork({
      ...network,
      ips: [subnet('10.0.0.1/24', { dhcp: { ranges: [{ start: '10.0.0.10', end: '10.0.0.29' }] } })],
    });
    const shown = (used: number): string =>
      formatShow(
        {
          ...data,
          info: { ...data.info, network: twenty },
          leases: Array.from({ length: used }, (_, n) => ({ ...lease(n), ip: `10.0.0.${String(10 + n)}` })),
        },
        plain,
        120,
      );
    expect(shown(15)).not.toContain('!');
    expect(shown(18)).toContain('is filling up: 18 of 20');
    expect(shown(19)).toContain('is nearly exhausted: 19 of 20');
  });

  it('tells drift and taint, and what to type', () => {
    const drifted: ShowData = {
      ...data,
      info: { ...data.info, network: { ...network, dnsmasqOptions: ['log-queries'] } },
      drift: {
        steps: [
          { op: 'create', kind: 'firewall', key: `firewall ${network.uuid ?? ''}`, changed: [], reason: 'not there', disturbance: 'none' },
        ],
        diagnostics: [],
      },
    };
    const shown = formatShow(drifted, plain, 120);
    expect(shown).toContain(
      '! this host differs from what the network says in 1 place: virtnet diff default, virtnet repair default\n    firewall of default: not there\n',
    );
    expect(shown).toContain('! tainted: 1 line of the document go to dnsmasq unread (dnsmasq:options)\n');
  });
});

describe('poolUse', () => {
  it('counts leases that have not expired, in the range they are in', () => {
    expect(poolUse(network, [lease(0), lease(1, 900), lease(2, 0), { ...lease(3), ip: '10.0.0.200' }], 1000)).toEqual([
      { start: '10.0.0.10', end: '10.0.0.14', used: 2, total: 5 },
    ]);
  });
});
