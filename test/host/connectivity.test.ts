// root: tcpdump, which becomes another user
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeResult } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { capture } from '../support/capture.ts';
import { sh } from '../support/driver-documents.ts';

/** What a document says of translation, addresses, routes and the bridge, each shown by packets; test/support/packets has who reaches whom. */
const driver = await openDriver();
const BRIDGE = 'vbc';
const plugged: string[] = [];

beforeAll(() => {
  sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip link set up0 up
    ip addr add 203.0.113.1/24 dev up0; ip addr add 2001:db8:1::1/64 dev up0 nodad
    ip -n outside link set eth0 up; ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside addr add 2001:db8:1::2/64 dev eth0 nodad
    ip -n outside route add default via 203.0.113.1; ip -n outside -6 route add default via 2001:db8:1::1`);
});
afterEach(async () => {
  for (const name of plugged.splice(0)) {
    await driver.detach('net', name);
    sh(`ip netns del ${name}`);
  }
  await driver.stop('net');
  await driver.undefine('net');
});
afterAll(() => driver[Symbol.asyncDispose]());

const NAT = (inner = ''): string => `<forward mode='nat'>${inner && `<nat ${inner}</nat>`}</forward>`;
const V4 = "<ip address='10.97.0.1' prefix='24'/>";
const V6 = "<ip family='ipv6' address='fd97::1' prefix='64'/>";
const up = (body: string, { bridge = "stp='off'", attributes = '' } = {}): Promise<ChangeResult> =>
  driver.up([`<network${attributes}><name>net</name><bridge name='${BRIDGE}' ${bridge}/><dns enable='no'/>${body}</network>`]);

/** A guest with these addresses, whose default routes are the first address of each family's subnet. */
async function plug(name: string, ...addresses: readonly string[]): Promise<string> {
  sh(`ip netns add ${name}`);
  const { port } = await driver.attach('net', { owner: { name }, attachment: { type: 'netns', netns: name } });
  plugged.push(name);
  sh(`ip -n ${name} link set lo up; ip -n ${name} link set eth0 up`);
  for (const address of addresses) sh(`ip -n ${name} addr add ${address} dev eth0 ${address.includes(':') ? 'nodad' : ''}`);
  return port.port.mac;
}
const route = (name: string, via: string, to = 'default'): void =>
  void sh(`ip -n ${name} ${via.includes(':') ? '-6' : ''} route add ${to} via ${via}`);
/**
 * IPv6 takes a few seconds after a bridge has got its carrier: the kernel asks no neighbour before its own link-local address is sure, and
 * ping ends when it is told meanwhile that nobody is there. A ping with `more` words is sent once.
 */
const answers = (from: string, to: string, more = ''): boolean => {
  const inside = from === 'host' ? '' : `ip netns exec ${from}`;
  const tries = more === '' ? '1 2 3' : '1';
  return (
    sh(`for i in ${tries}; do ${inside} ping -q -c 1 -w 20 ${more} ${to} >/dev/null 2>&1 && echo yes && break; done || true`) === 'yes\n'
  );
};
/** A datagram from an address (`bind`, any by default) and port of a guest or the host to port 9 of somebody. */
function send(from: string, sourcePort: number, to: string, { bind = '', more = '' } = {}): void {
  const v6 = to.startsWith('[');
  const source = `${bind || (v6 ? '[::]' : '0.0.0.0')}:${String(sourcePort)}`;
  const inside = from === 'host' ? '' : `ip netns exec ${from}`;
  sh(`echo | ${inside} socat -u - UDP${v6 ? '6' : '4'}-DATAGRAM:${to}:9,bind=${source}${more}`);
}
/** A connection from a port of a guest to port 9 of somebody, who refuses it. */
function connect(from: string, sourcePort: number, to: string): void {
  const [kind, any] = to.startsWith('[') ? ['TCP6', '[::]'] : ['TCP4', '0.0.0.0'];
  sh(`ip netns exec ${from} socat -u OPEN:/dev/null ${kind}:${to}:9,bind=${any}:${String(sourcePort)} 2>/dev/null || true`);
}
/** Sources of the datagrams and connections to port 9 that arrive in a namespace while something is done: `[address, port]`. */
async function sources(netns: string, action: () => void): Promise<readonly (readonly [address: string, port: number])[]> {
  const stop = await capture({ netns });
  action();
  const found = (await stop()).matchAll(/(\S+)\.(\d+) > \S+\.9: (?:UDP|Flags \[S\])/g);
  return [...found].map((m) => [m[1] ?? '', Number(m[2])] as const);
}
const OUT4 = '203.0.113.2';
const OUT6 = '[2001:db8:1::2]';

describe('nat', () => {
  // A server that trusts ports below 1024 (NFS) would take a guest's user for root on the host: CVE-2010-2242.
  test('gives nobody outside a port below 1024, in either family', async () => {
    await up(`${NAT("ipv6='yes'>")}${V4}${V6}`);
    await plug('g1', '10.97.0.11/24', 'fd97::11/64');
    route('g1', '10.97.0.1');
    route('g1', 'fd97::1');
    const seen = await sources('outside', () => {
      for (const port of [600, 1023, 4000])
        for (const to of [OUT4, OUT6]) {
          send('g1', port, to);
          connect('g1', port, to);
        }
    });
    const each = ['203.0.113.1', '203.0.113.1', '2001:db8:1::1', '2001:db8:1::1'];
    expect(seen.map(([address]) => address)).toEqual([...each, ...each, ...each]);
    for (const [, port] of seen) expect(port).toBeGreaterThanOrEqual(1024);
  });

  test('takes addresses and ports of the ranges given, and answers find back', async () => {
    await up(
      `${NAT("ipv6='yes'><address start='203.0.113.32' end='203.0.113.35'/><port start='5000' end='5009'/>")}${V4}<ip address='10.98.0.1' prefix='24'/>${V6}`,
    );
    await plug('g1', '10.97.0.11/24', '10.97.0.12/24', '10.97.0.13/24', '10.97.0.14/24', '10.98.0.15/24', '10.98.0.16/24', 'fd97::11/64');
    route('g1', '10.97.0.1');
    route('g1', 'fd97::1');
    sh('for n in 32 33 34 35; do ip -n outside route add 203.0.113.$n via 203.0.113.1; done');
    const seen = await sources('outside', () => {
      for (let n = 11; n <= 16; n++) send('g1', 7000, OUT4, { bind: `10.${n < 15 ? '97' : '98'}.0.${String(n)}` });
    });
    expect(seen).toHaveLength(6);
    for (const [address, port] of seen) {
      expect(address).toMatch(/^203\.0\.113\.3[2345]$/);
      expect(port >= 5000 && port <= 5009, String(port)).toBe(true);
    }
    expect(new Set(seen.map(([address]) => address)).size).toBeGreaterThan(1);
    expect(answers('g1', OUT4)).toBe(true);
    // The range of ports is IPv6's too, the addresses are not.
    const seen6 = await sources('outside', () => {
      for (const port of [7000, 5003]) {
        send('g1', port, OUT6);
        connect('g1', port, OUT6);
      }
    });
    expect(seen6.map(([address]) => address)).toEqual(Array(4).fill('2001:db8:1::1'));
    for (const [, port] of seen6) expect(port >= 5000 && port <= 5009, String(port)).toBe(true);
    expect(answers('g1', '2001:db8:1::2')).toBe(true);
    sh('for n in 32 33 34 35; do ip -n outside route del 203.0.113.$n; done');
  });

  test('leaves broadcasts and multicasts alone: guests see who sent them, nobody outside does', async () => {
    await up(`${NAT("ipv6='yes'>")}${V4}${V6}`);
    await plug('g1', '10.97.0.11/24', 'fd97::11/64');
    await plug('g2', '10.97.0.12/24', 'fd97::12/64');
    route('g1', '10.97.0.1');
    const stop = await capture({ netns: 'outside' });
    const fromGuest = await sources('g2', () => {
      send('g1', 700, '255.255.255.255', { more: ',broadcast' });
      send('g1', 700, '10.97.0.255', { more: ',broadcast' });
      send('g1', 700, '224.0.0.251', { more: ',ip-multicast-if=10.97.0.11' });
      send('g1', 700, '[ff02::fb%eth0]');
    });
    expect(fromGuest.map(([address, port]) => `${address} ${String(port)}`.replace(/^(fe80|fd97)::\S+/, 'g1'))).toEqual([
      '10.97.0.11 700',
      '10.97.0.11 700',
      '10.97.0.11 700',
      'g1 700',
    ]);
    const fromHost = await sources('g2', () => {
      send('host', 700, '10.97.0.255', { bind: '10.97.0.1', more: ',broadcast' });
      send('host', 700, '224.0.0.251', { bind: '10.97.0.1', more: ',ip-multicast-if=10.97.0.1' });
    });
    expect(fromHost).toEqual([
      ['10.97.0.1', 700],
      ['10.97.0.1', 700],
    ]);
    expect(await stop()).not.toContain('.9: UDP');
  });
});

describe('a network without addresses', () => {
  test('joins its guests and nobody else; with ipv6=yes by IPv6 too', async () => {
    for (const ipv6 of [false, true]) {
      await up('', { attributes: ipv6 ? " ipv6='yes'" : '' });
      await plug('g1', '10.97.0.11/24', 'fd97::11/64');
      await plug('g2', '10.97.0.12/24', 'fd97::12/64');
      expect(
        sh(`ip -br addr show ${BRIDGE}`)
          .trim()
          .split(/\s+/)
          .slice(2)
          .filter((a) => !a.startsWith('fe80')),
      ).toEqual([]);
      expect([answers('g1', '10.97.0.12'), answers('g1', 'fd97::12')]).toEqual([true, true]);
      // Whoever takes the host for a router gets nowhere, by neither family.
      const link = sh(`cat /sys/class/net/${BRIDGE}/address`).trim();
      sh(`ip -n g1 route add default dev eth0; ip -n g1 neigh replace ${OUT4} lladdr ${link} dev eth0
          ip -n g1 -6 route add default dev eth0; ip -n g1 -6 neigh replace 2001:db8:1::2 lladdr ${link} dev eth0`);
      const seen = await sources('outside', () => {
        send('g1', 7000, OUT4);
        send('g1', 7000, OUT6);
      });
      expect(seen).toEqual([]);
      if (ipv6) continue;
      for (const name of plugged.splice(0)) {
        await driver.detach('net', name);
        sh(`ip netns del ${name}`);
      }
    }
  });

  test('of mode open starts; nat and route have nothing to work with, and say so', async () => {
    for (const mode of ['nat', 'route'])
      await expect(up(`<forward mode='${mode}'/>`)).rejects.toMatchObject({
        libvirt: {
          message: expect.stringContaining(`${mode} forwarding requested, but no IP address provided for network 'net'`) as unknown,
        },
      });
    await up("<forward mode='open'/>", { attributes: " ipv6='yes'" });
    await plug('g1', '10.97.0.11/24', 'fd97::11/64');
    await plug('g2', '10.97.0.12/24', 'fd97::12/64');
    expect([answers('g1', '10.97.0.12'), answers('g1', 'fd97::12')]).toEqual([true, true]);
    expect(sh('nft list ruleset')).not.toContain(BRIDGE);
  });
});

describe('addresses', () => {
  test('of several subnets in each family, by prefix and by netmask, are all reached and all routed', async () => {
    const more = `<ip address='10.98.0.129' netmask='255.255.255.128'/><ip family='ipv6' address='2001:db8:98::1' prefix='80'/>`;
    await up(`<forward mode='route'/>${V4}${more}${V6}`);
    await plug('g1', '10.98.0.140/25', '2001:db8:98::2/80');
    await plug('g2', '10.97.0.12/24', 'fd97::12/64');
    route('g1', '10.98.0.129');
    route('g1', '2001:db8:98::1');
    route('g2', '10.97.0.1');
    route('g2', 'fd97::1');
    for (const to of ['10.98.0.129', '10.97.0.1', '2001:db8:98::1', 'fd97::1', '10.97.0.12', 'fd97::12', OUT4, '2001:db8:1::2'])
      expect(answers('g1', to), to).toBe(true);
    expect(JSON.parse(sh(`ip -j -4 addr show ${BRIDGE}`))).toMatchObject([
      {
        addr_info: [
          { local: '10.97.0.1', prefixlen: 24, broadcast: '10.97.0.255' },
          { local: '10.98.0.129', prefixlen: 25, broadcast: '10.98.0.255' },
        ],
      },
    ]);
  });

  test('of subnets behind a guest are reached by static routes, in both families', async () => {
    const routes = `<route address='10.99.0.0' prefix='24' gateway='10.97.0.11'/><route address='10.99.1.0' netmask='255.255.255.0' gateway='10.97.0.11' metric='7'/>
      <route family='ipv6' address='2001:db8:99::' prefix='64' gateway='fd97::11'/><route family='ipv6' address='::' prefix='0' gateway='fd97::12'/>
      <route address='0.0.0.0' prefix='0' gateway='10.97.0.12' metric='9'/>`;
    await up(`<forward mode='route'/>${V4}${V6}${routes}`);
    await plug('g1', '10.97.0.11/24', 'fd97::11/64');
    await plug('g2', '10.97.0.12/24', 'fd97::12/64');
    sh(
      `ip netns exec g1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; ip addr add 10.99.0.5/32 dev lo; ip addr add 10.99.1.5/32 dev lo; ip addr add 2001:db8:99::5/128 dev lo'`,
    );
    expect(['10.99.0.5', '10.99.1.5', '2001:db8:99::5'].map((to) => answers('host', to))).toEqual([true, true, true]);
    expect(sh('ip route show 10.99.1.0/24')).toContain('metric 7');
    // By the routes to everywhere, a guest gets what nothing else leads to.
    sh('ip -n g2 addr add 198.51.100.5/32 dev lo; ip -n g2 addr add 2001:db8:77::5/128 dev lo');
    expect([answers('host', '198.51.100.5'), answers('host', '2001:db8:77::5')]).toEqual([true, true]);
    expect((await driver.diff('net')).steps).toEqual([]);
  });

  test('that the kernel takes for no gateway leave their route out, and are told', async () => {
    const routes = `<route address='10.99.0.0' prefix='24' gateway='10.97.0.255'/><route family='ipv6' address='2001:db8:99::' prefix='64' gateway='fd97::1'/>
      <route address='10.99.1.0' prefix='24' gateway='10.97.0.1'/>`;
    const { plan } = await up(`<forward mode='route'/>${V4}${V6}${routes}`);
    expect(plan.diagnostics.map(({ code, path }) => `${code} ${path ?? ''}`)).toEqual([
      'VNC005 /network/route[1]/@gateway',
      'VNC005 /network/route[2]/@gateway',
    ]);
    expect(sh('ip route show proto 86; ip -6 route show proto 86').trim()).toMatch(/^10\.99\.1\.0\/24 via 10\.97\.0\.1 [^\n]*$/);
    expect((await driver.diff('net')).steps).toEqual([]);
  });
});

describe('the bridge', () => {
  test('has the MAC, the MTU, the spanning tree and the delay that are written; guests see them', async () => {
    await up(`${NAT()}<mac address='52:54:00:97:00:77'/><mtu size='1300'/>${V4}`, { bridge: "stp='on' delay='3'" });
    await plug('g1', '10.97.0.11/24');
    const about = (what: string): string => readFileSync(`/sys/class/net/${BRIDGE}/${what}`, 'utf8').trim();
    expect([about('address'), about('mtu'), about('bridge/stp_state'), about('bridge/forward_delay')]).toEqual([
      '52:54:00:97:00:77',
      '1300',
      '1',
      '300',
    ]);
    // 28 bytes of IPv4 and ICMP headers.
    expect([answers('g1', '10.97.0.1', '-M do -s 1272'), answers('g1', '10.97.0.1', '-M do -s 1273 -w 1')]).toEqual([true, false]);
    expect(sh('ip -n g1 neigh show 10.97.0.1')).toContain('52:54:00:97:00:77');
    // A link that comes up has to wait only where somebody else's tree could be behind it.
    expect(sh(`bridge -j link show master ${BRIDGE}`)).toContain('"state":"forwarding"');
  });

  test('of an MTU that is too small for IPv6 carries IPv4, and IPv6 is kept off it when it is larger', async () => {
    const sized = (mtu: number): string => `${NAT()}<mtu size='${String(mtu)}'/>${V4}`;
    await up(sized(1200));
    await plug('g1', '10.97.0.11/24');
    expect([answers('g1', '10.97.0.1', '-M do -s 1172'), answers('g1', '10.97.0.1', '-M do -s 1173 -w 1')]).toEqual([true, false]);
    for (const mtu of [1200, 1500, 1200]) {
      await up(sized(mtu));
      expect((await driver.diff('net')).steps, String(mtu)).toEqual([]);
      const ipv6 = `/proc/sys/net/ipv6/conf/${BRIDGE}/disable_ipv6`;
      expect(sh(`cat ${ipv6} 2>/dev/null || true`), String(mtu)).toBe(mtu < 1280 ? '' : '1\n');
    }
    await expect(up(`${sized(1200)}${V6}`)).rejects.toMatchObject({ code: 'VNC012' });
  });

  test('keeps a MAC of its own making through a stop and a start', async () => {
    await up(`${NAT()}${V4}`);
    const mac = readFileSync(`/sys/class/net/${BRIDGE}/address`, 'utf8');
    expect(mac).toMatch(/^52:54:00:/);
    await driver.stop('net');
    await driver.start('net');
    expect(readFileSync(`/sys/class/net/${BRIDGE}/address`, 'utf8')).toBe(mac);
  });

  test('is given the first free name, of virbrN or of what the document says', async () => {
    sh('ip link add virbr1 type bridge; ip link add lab0 type bridge');
    const names: string[] = [];
    const named = ['', '', "<bridge name='lab%d'/>", "<bridge stp='on'/>"];
    for (const [i, bridge] of named.entries()) {
      await driver.up([`<network><name>auto${String(i)}</name>${bridge}<ip address='10.100.${String(i)}.1' prefix='24'/></network>`]);
      names.push((await driver.get(`auto${String(i)}`)).bridge ?? '');
    }
    expect(names).toEqual(['virbr0', 'virbr2', 'lab1', 'virbr3']);
    for (const name of names) expect(sh(`ip -br link show ${name}`)).toContain('UP');
    for (const i of named.keys()) {
      await driver.stop(`auto${String(i)}`);
      await driver.undefine(`auto${String(i)}`);
    }
    sh('ip link del virbr1; ip link del lab0');
    await up(V4); // what `afterEach` ends
  });

  test('whose MAC table virtnet manages sends a frame to its owner alone, and one for a stranger to nobody', async () => {
    await up(V4, { bridge: "stp='off' macTableManager='libvirt'" });
    const mac = await plug('g1', '10.97.0.11/24');
    await plug('g2', '10.97.0.12/24');
    sh(`ip neigh replace 10.97.0.50 lladdr ${mac} dev ${BRIDGE}; ip neigh replace 10.97.0.51 lladdr 52:54:00:97:00:fe dev ${BRIDGE}`);
    const stops = await Promise.all(['g1', 'g2'].map((netns) => capture({ netns })));
    send('host', 7000, '10.97.0.50');
    send('host', 7001, '10.97.0.51');
    const [owner = '', other = ''] = await Promise.all(stops.map((stop) => stop()));
    expect([/7000 > 10\.97\.0\.50/.test(owner), /7001 > /.test(owner), /700[01] > /.test(other)]).toEqual([true, false, false]);
    expect([answers('g1', '10.97.0.12'), answers('g1', '10.97.0.1')]).toEqual([true, true]);
  });
});

describe('a bridge of the host', () => {
  test('gets the guest for a neighbour of its machines, in both families, and is left alone', async () => {
    sh(`ip link add lan0 address 52:54:00:97:00:99 type bridge stp_state 0 forward_delay 900
      echo 0 >/proc/sys/net/ipv6/conf/lan0/accept_dad; ip link set lan0 up # no address is tentative at first
      ip addr add 10.96.0.1/24 dev lan0; ip netns add lan; ip link add lan1 type veth peer name eth0 netns lan; ip link set lan1 master lan0 up
      ip -n lan link set eth0 up; ip -n lan addr add 10.96.0.9/24 dev eth0; ip -n lan addr add fd96::9/64 dev eth0 nodad`);
    // Without what the kernel counts.
    const about = (): string =>
      sh(`ip -d -j link show dev lan0; ip addr show dev lan0; ip route show dev lan0; ip -d link show dev lan1; tc qdisc show dev lan0; nft list ruleset
        cd /sys/class/net/lan0/bridge; grep . stp_state forward_delay multicast_snooping vlan_filtering ageing_time
        grep -rs . /proc/sys/net/ipv4/conf/lan0 /proc/sys/net/ipv6/conf/lan0 || true`).replace(
        /"(\w*timer|bridge_id|root_id|fdb_n_learned)": ?"?[\w.]+"?,?|valid_lft .*|(\w+_timer|fdb_n_learned) +\S+|stable_secret/g,
        '',
      );
    const before = about();
    await driver.up(["<network><name>net</name><forward mode='bridge'/><bridge name='lan0'/></network>"]);
    await plug('g1', '10.96.0.11/24', 'fd96::11/64');
    expect([answers('g1', '10.96.0.9'), answers('g1', 'fd96::9'), answers('lan', '10.96.0.11'), answers('g1', '10.96.0.1')]).toEqual(
      Array(4).fill(true),
    );
    expect(about()).toBe(before);
    sh('ip link del lan1; ip link del lan0; ip netns del lan');
  });
});
