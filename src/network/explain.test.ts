import { describe, expect, it } from 'vitest';
import { buildNetwork, subnet, vlan, wholeRange } from './build.ts';
import { explainNetwork } from './explain.ts';
import type { NetworkView } from './view.ts';

/** All sentences of one section. */
function say(view: NetworkView, title: string): readonly string[] {
  return explainNetwork(buildNetwork(view)).find((s) => s.title === title)?.sentences ?? [];
}

describe('explainNetwork', () => {
  it('tells who reaches whom in a NAT network', () => {
    expect(
      say(
        { name: 'n', forward: { mode: 'nat', interfaces: [{ dev: 'eth1' }] }, ips: [subnet('10.0.0.1/24'), subnet('fd00::1/64')] },
        'Who reaches whom',
      ),
    ).toEqual([
      'Guests talk with each other and with the host.',
      "Guests reach the outside through eth1 under the host's address; answers come back. Only traffic through eth1 is let through.",
      'Nobody outside can open a connection to a guest; neither can guests of other NAT networks of this host.',
      'IPv6 is not translated but routed: guests use their own IPv6 addresses and are reachable under them where the routers outside know the way.',
    ]);
  });

  it('tells apart isolated networks with and without addresses, and isolated ports', () => {
    expect(say({ name: 'n', ips: [subnet('10.0.0.1/24')] }, 'Who reaches whom')[1]).toMatch(/isolated from everything but this host/);
    expect(say({ name: 'n', ipv6: true }, 'Who reaches whom')).toContain('Guests may talk IPv6 among themselves.');
    expect(say({ name: 'n', portIsolated: true }, 'Who reaches whom')[0]).toMatch(/do not reach each other/);
  });

  it('tells what guests get by DHCP', () => {
    const ip = subnet('10.0.0.1/24', {
      dhcp: {
        ranges: [{ ...wholeRange('10.0.0.1/24'), lease: { expiry: 1, unit: 'hours' } }],
        hosts: [{ mac: '52:54:00:00:00:01', name: 'web', ip: '10.0.0.9' }],
      },
    });
    expect(say({ name: 'n', ips: [ip] }, 'Addresses')).toEqual([
      'The host is 10.0.0.1 on 10.0.0.0/24.',
      'DHCP hands out 10.0.0.2 to 10.0.0.254 (253 addresses), for 1 hour at a time.',
      '52:54:00:00:00:01 always gets 10.0.0.9 and the name web.',
      'Guests are told this host as router (where the network leads anywhere) and as resolver.',
    ]);
  });

  it('gives rates in kilobytes and in bits, and a portgroup its own sentence', () => {
    const view: NetworkView = {
      name: 'n',
      bandwidth: { inbound: { average: 1000, peak: 5000, burst: 1024 } },
      portgroups: [{ name: 'lab', default: true, vlan: vlan(42) }],
    };
    expect(say(view, 'Limits and classes')).toEqual([
      'All guests together receive 1000 kB/s (8.0 Mbit/s) on average, at most 5000 kB/s (40 Mbit/s) for a moment, 1024 KiB at full speed.',
      'Guests of the portgroup lab (the default): on VLAN 42.',
    ]);
  });

  it('says what macvtap cannot do', () => {
    const view: NetworkView = { name: 'n', forward: { mode: 'private', interfaces: [{ dev: 'eth1' }, { dev: 'eth2' }] } };
    expect(say(view, 'Who reaches whom')).toContain(
      'Guests and this host do not reach each other over this network: macvtap does not allow it.',
    );
  });
});
