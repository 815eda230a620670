import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sh } from '../support/driver-documents.ts';
import { startVirtnetd } from '../support/virtnetd.ts';

/**
 * A host whose IPv6 default route is a router's advertisement loses it when it begins to forward IPv6: below libvirtd and below virtnetd no
 * network does that to it, and each starts once the kernel is told to go on listening.
 */
const run = promisify(execFile);
const LIMIT = { timeout: 60_000 };

/** Makes a router that advertises itself on eth9, then plays the session of a user; `$1` is a folder, `$2` where to write what was seen. */
const SESSION = `set -u
cd "$1"
sysctl -qw net.ipv6.conf.all.forwarding=0
ip netns add isp
ip link add name eth9 type veth peer name isp0 netns isp
ip -n isp link set isp0 up; ip -n isp addr add 2001:db8:9::1/64 dev isp0 nodad
ip netns exec isp sysctl -qw net.ipv6.conf.all.forwarding=1
sysctl -qw net.ipv6.conf.eth9.accept_ra=1
ip netns exec isp dnsmasq --conf-file=/dev/null --port=0 --interface=isp0 --bind-interfaces --enable-ra \\
  --dhcp-range=2001:db8:9::,ra-only --pid-file="$1/pid" --leasefile-ro --log-facility="$1/log"
ip link set eth9 up
timeout 30 sh -c 'until ip -6 route show default | grep -q "eth9 proto ra"; do sleep 0.1; done'
out=$2
look() { echo "$1: $(ip -6 route show default | grep -c 'eth9 proto ra') default route, forwarding $(cat /proc/sys/net/ipv6/conf/all/forwarding)" >>"$out"; }
say() { LC_ALL=C virsh "$@" >>"$out" 2>&1; }
look before
say net-create routed.xml
look refused
say net-create isolated.xml
look isolated
sysctl -qw net.ipv6.conf.eth9.accept_ra=2
say net-create routed.xml
look started
kill "$(cat "$1/pid")"
ip link del eth9; ip netns del isp
`;
const document = (name: string, mode: string, n: number): string =>
  `<network><name>${name}</name><bridge name='vra${String(n)}'/>${mode}<ip family='ipv6' address='fd5a:${String(n)}::1' prefix='64'/></network>`;

let folder: string;
const seen = { libvirt: '', virtnet: '' };
beforeAll(async () => {
  folder = mkdtempSync('/tmp/advertised-'); // the oracle has namespaces of its own; /tmp is the same in both
  writeFileSync(join(folder, 'routed.xml'), document('routed', "<forward mode='route'/>", 1));
  writeFileSync(join(folder, 'isolated.xml'), document('isolated', '', 2));
  writeFileSync(join(folder, 'session.sh'), SESSION);
  const words = (who: keyof typeof seen): string[] => [join(folder, 'session.sh'), folder, join(folder, who)];
  const home = mkdtempSync(join(tmpdir(), 'virtnetd-'));
  {
    await using daemon = await startVirtnetd({ folder: home });
    await run('sh', words('virtnet'), { ...LIMIT, env: { ...process.env, LIBVIRT_DEFAULT_URI: daemon.uri } });
  }
  rmSync(home, { recursive: true, force: true });
  await run('test/oracle/with-libvirtd', ['sh', ...words('libvirt')], LIMIT);
  for (const who of ['libvirt', 'virtnet'] as const) seen[who] = readFileSync(join(folder, who), 'utf8');
}, 150_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  sh('sysctl -qw net.ipv6.conf.all.forwarding=0');
});

test('the route stays: what would take it away is refused, as libvirt refuses it', () => {
  expect(seen.virtnet).toBe(seen.libvirt);
  expect(seen.virtnet).toMatch(/^before: 1 default route, forwarding 0$/m);
  expect(seen.virtnet).toMatch(/^refused: 1 default route, forwarding 0$/m);
  expect(seen.virtnet).toContain('interface eth9 has kernel autoconfigured IPv6 routes');
});

test('an isolated network starts all the same, and any one where the kernel goes on listening', () => {
  expect(seen.virtnet).toMatch(/^isolated: 1 default route, forwarding 0$/m);
  expect(seen.virtnet).toMatch(/^started: 1 default route, forwarding 1$/m);
});
