/**
 * Brings up each document that libvirt started, one after another on this kernel, with a guest where the kind of network takes one here, and looks with
 * the tools' own eyes at what libvirt does to a host: `npm run conformance:host [-- FOLDER]`. Exit code 1 when something differs undeclared.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isVirtnetError } from '../../src/base/errors.ts';
import type { NetworkDriver, NetworkInfo } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { isManaged, type Network } from '../../src/network/network.ts';
import { readNetwork } from '../../src/network/read.ts';
import { dnsmasqs } from '../support/host-snapshot.ts';

const folder = join(process.argv[2] ?? '../shared/corpus/visible', 'valid');
const sh = (line: string): string => execFileSync('sh', ['-ec', line], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Started by libvirt and refused by virtnet, each with its reason in docs/reference. */
const REFUSED: Readonly<Record<string, string>> = {
  'case-forward-interface-emptydev.xml': 'VNC004',
  'case-host-name-comma.xml': 'VNM061',
  'own-ip-v6-mapped.xml': 'VNC005',
  'pub-0037-net-br-macvtap.xml': 'VNC004',
  'seed-passthrough-interfaces.xml': 'VNC004',
};

/** The kernel's bounds of a bridge's delay while spanning tree is on, in 1/100 s (br_private.h). */
const DELAY = { min: 200, max: 3000 } as const;

/** The corpus's test host: its devices, and the folders that its TFTP roots name. */
function makeHost(): void {
  sh(`for dev in eth1 eth2 eth20 eth21 eth22 eth23 eth24; do ip link add $dev type veth peer name p$dev; ip link set $dev up; ip link set p$dev up; done
    ip link add name br0 type bridge; ip link set dev br0 up; ip address add 203.0.113.5/24 dev eth1; ip netns add guest
    for at in /srv /var/lib; do mount -t tmpfs -o mode=755 tmpfs $at; done
    mkdir -p /srv/tftp /var/lib/libvirt/dnsmasq /var/lib/tftproot /var/lib/tftpboot`);
}

/** What a stop must give back: links, packet rules, servers. The settings that outlive it are set back for the next one. */
function leftovers(): string {
  sh('echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding');
  return (
    sh("ls /sys/class/net; nft list ruleset; tc qdisc show | grep -v '^qdisc [a-z_]* 0: ' || true") +
    dnsmasqs()
      .map((p) => p.args)
      .join('\n')
  );
}

const setting = (path: string): string => (existsSync(`/proc/sys/${path}`) ? readFileSync(`/proc/sys/${path}`, 'utf8').trim() : '');
interface Row {
  readonly address: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly linkinfo: { readonly info_data: { readonly stp_state: number; readonly forward_delay: number } };
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

/** What the host has of a managed network that is other than sections 4 to 7 of the format's catalogue say; empty when nothing is. */
function differences(network: Network, bridge: string, hasConf: boolean): readonly string[] {
  const [row] = JSON.parse(execFileSync('ip', ['-j', '-d', 'address', 'show', 'dev', bridge], { encoding: 'utf8' })) as [Row];
  const { stp_state: stp, forward_delay: delay } = row.linkinfo.info_data;
  const hasStp = network.bridge?.stp ?? true;
  const written = (network.bridge?.delay ?? 0) * 100;
  const has = (family: 4 | 6): boolean => network.ips.some((ip) => ip.address.includes(':') === (family === 6));
  const forwards = network.forward.mode !== 'none';
  const routes = ['-4', '-6'].flatMap(
    (family) => execFileSync('ip', [family, 'route', 'show', 'dev', bridge], { encoding: 'utf8' }).match(/^.* via .*$/gm) ?? [],
  );
  const ipv6 = (name: string): string => setting(`net/ipv6/conf/${bridge}/${name}`);
  const facts: readonly (readonly [what: string, is: unknown, wanted: unknown])[] = [
    ['up', row.flags.includes('UP'), true],
    ['MAC', row.address, network.mac ?? row.address],
    ['MTU', row.mtu, network.mtu || 1500],
    ['spanning tree', stp, hasStp ? 1 : 0],
    ['delay', delay, hasStp ? Math.min(Math.max(written, DELAY.min), DELAY.max) : written],
    ['addresses', row.addr_info.filter((a) => network.ips.some(({ address }) => address === a.local)).length, network.ips.length],
    ['static routes', routes.length, new Set(network.routes.map((route) => JSON.stringify(route))).size],
    ['accept_ra', ipv6('accept_ra'), '0'],
    ['autoconf', ipv6('autoconf'), '0'],
    ['disable_ipv6', ipv6('disable_ipv6'), has(6) ? '0' : '1'],
    ['IPv4 forwarding', setting('net/ipv4/ip_forward'), forwards && has(4) ? '1' : '0'],
    ['IPv6 forwarding', setting('net/ipv6/conf/all/forwarding'), forwards && has(6) ? '1' : '0'],
    ['dnsmasq', dnsmasqs().length > 0, hasConf],
  ];
  return facts.flatMap(([what, is, wanted]) => (is === wanted ? [] : [`${what}: ${String(is)} instead of ${String(wanted)}`]));
}

/** Plugs a guest into the network's own bridge or a pool's device, and out again: it must leave no difference. */
async function plug(driver: NetworkDriver, { name, bridge, network }: NetworkInfo): Promise<readonly string[]> {
  const isPool = !isManaged(network) && bridge === undefined;
  const attachment = isPool ? ({ type: 'macvtap', dev: '' } as const) : ({ type: 'netns', netns: 'guest' } as const);
  try {
    await driver.attach(name, { owner: { name: 'guest' }, attachment });
  } catch (error) {
    if (isVirtnetError(error) && error.code !== 'VNP001') return []; // refused beforehand: what it needs is not here
    // Nobody plays a switch or a card with port profiles here (test/host/associations.test.ts does).
    if (network.virtualport?.type?.startsWith('802.1Qb') === true) return [];
    throw error;
  }
  const { steps } = await driver.diff(name);
  await driver.detach(name, 'guest');
  return steps.map((s) => `with a guest: ${s.op} ${s.key}: ${s.reason}`);
}

/** What differs of one document. */
async function check(driver: NetworkDriver, file: string): Promise<readonly string[]> {
  const at = (ending: string): string => join(folder, file.replace(/xml$/, ending));
  const before = leftovers();
  const found: string[] = [];
  try {
    const [info] = (await driver.up([readFileSync(at('xml'), 'utf8')])).networks;
    if (file in REFUSED) found.push('is refused no more');
    if (!info) return ['no network'];
    const { network } = readNetwork(readFileSync(at('live.dumpxml'), 'utf8'));
    // libvirt leaves out a route that the kernel refuses, too, and made up its own MAC where the document has none.
    const mac = /<mac address='[^']/.test(readFileSync(at('xml'), 'utf8')) ? network?.mac : undefined;
    const leftOut = (await driver.diff(info.name)).diagnostics.filter(
      (d) => d.code === 'VNC005' && d.path?.startsWith('/network/route'),
    ).length;
    if (network && isManaged(network)) {
      const { mac: _mac, ...rest } = network;
      const document = { ...rest, ...(mac !== undefined && { mac }), routes: network.routes.slice(leftOut) };
      found.push(...differences(document, info.bridge ?? '', existsSync(at('conf'))));
    }
    found.push(...(await driver.diff(info.name)).steps.map((s) => `${s.op} ${s.key}: ${s.reason}`), ...(await plug(driver, info)));
    await driver.stop(info.name);
    await driver.undefine(info.name);
  } catch (error) {
    const code = isVirtnetError(error) ? error.code : '';
    if (REFUSED[file] !== code) found.push(String(error));
  }
  for (const { uuid, active } of await driver.list()) {
    if (active) await driver.stop({ uuid });
    if ((await driver.list()).some((n) => n.uuid === uuid)) await driver.undefine({ uuid });
  }
  const after = leftovers();
  if (after !== before) found.push(`leaves something behind:\n${after}\n instead of\n${before}`);
  return found;
}

if (!existsSync(folder)) {
  process.stderr.write(`no corpus at ${folder}\n`);
  process.exit(2);
}
makeHost();
const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Record<string, { readonly started: boolean }>;
const started = Object.keys(index).filter((file) => index[file]?.started);
let good = 0;
{
  await using driver = await openDriver();
  for (const file of started) {
    const found = await check(driver, file);
    if (found.length === 0) good++;
    else process.stdout.write(`${file}\n${found.map((line) => `  ${line}\n`).join('')}`);
  }
}
process.stdout.write(
  `${String(good)} of ${String(started.length)} documents as libvirt has them, ${String(Object.keys(REFUSED).length)} of these refused for a reason\n`,
);
process.exitCode = good === started.length ? 0 : 1;
