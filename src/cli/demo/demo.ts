import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../host/command.ts';
import { isManaged, type Network } from '../../network/network.ts';
import type { NetworkDriver, NetworkInfo } from '../../driver/driver.ts';
import type { Document } from '../documents.ts';
import type { Io } from '../io.ts';
import { formatPlan } from '../render/plan.ts';
import { shellLine } from '../render/text.ts';
import { addressOf, namesOf, printJson } from '../views.ts';
import { formatIp } from '../../inet/ip.ts';
import { lastAddress, parseSubnet } from '../../inet/subnet.ts';
import { Probe, runChecks, type Check } from './check.ts';
import { askDhcp, globalIpv6, makeGuest, setByHand, untilForwarding, type GuestState, type HandAddress } from './guest.ts';
import { footprint, leftOver } from './leftovers.ts';
import { formatChecks, formatPicture } from './picture.ts';
import { setStage, type Stage } from './stage.ts';

const GUESTS = ['guest1', 'guest2'] as const;

export interface DemoOptions {
  readonly json: boolean;
  /** The document as the user named it, for what to type next. */
  readonly again: string;
}

/**
 * Shows one network live. Must run in a sandbox: it makes links and namespaces of fixed names. Resolves to true when every check came out
 * as the network promises and nothing was left behind.
 */
export async function runDemo(io: Io, document: Document, options: DemoOptions): Promise<boolean> {
  const began = Date.now();
  const style = io.errStyle;
  const seconds = (): string => ((Date.now() - began) / 1000).toFixed(1);
  const say = (line: string): void => {
    if (!options.json) io.out(line);
  };
  const head = (title: string): void => {
    say(`\n${style.bold(title)} ${style.dim(`${seconds()} s`)}\n`);
  };
  const tell = (line: string): void => {
    say(line.replace('\n', ` ${style.dim(`${seconds()} s`)}\n`));
  };
  const { network } = document;
  const folders = ['VIRTNET_CONFIG_DIR', 'VIRTNET_STATE_DIR', 'VIRTNET_RUN_DIR'].flatMap((name) => io.env[name] ?? []);

  const stage = await setStage(network);
  const before = await footprint(folders);
  await using driver = await io.openDriver();

  head(`The plan for ${network.name}`);
  const preview = await driver.up([document.xml], { dryRun: true });
  say(formatPlan(preview.plan, { style, width: io.width, names: namesOf(preview.networks) }));

  head('Applied');
  const up = await driver.up([document.xml]);
  const info = up.networks[0];
  if (info === undefined) throw new Error('the driver started no network');
  say(`  ${info.name} is up${info.bridge === undefined ? '' : ` on ${info.bridge}`}: ${String(up.plan.steps.length)} steps\n`);

  const checks = canPlug(info.network) ? await showGuests(io, driver, info, stage, { say, head, tell }) : explainWhyNot(info, say);

  head('Taken down');
  const left = await takeDown(driver, info, before, folders);
  say(
    left.length === 0
      ? '  nothing is left: links, addresses, routes, firewall, processes and files are as before\n'
      : `  left behind:\n${left.map((l) => `    ${l}\n`).join('')}`,
  );
  const ok = checks.every((c) => c.ok) && left.length === 0;
  if (options.json) io.out(printJson({ network: info.name, ok, plan: up.plan, checks, left }));
  else {
    say(`\n${ok ? style.green('All as promised.') : style.red('Not all as promised.')}\n`);
    io.err(
      [
        '\nNext:',
        `  ${shellLine('bin/virtnet', 'explain', options.again)}   what this network does, in words`,
        '  bin/virtnet sandbox   a shell with a private network, to try things in',
        `  ${shellLine('sudo', 'bin/virtnet', 'up', options.again)}   for real`,
        '',
      ].join('\n'),
    );
  }
  return ok;
}

interface Telling {
  readonly say: (line: string) => void;
  readonly head: (title: string) => void;
  /** A line with the time since the start. */
  readonly tell: (line: string) => void;
}

/** Namespaces can be guests of networks with a bridge; macvtap devices and PCI functions need a virtual machine. */
function canPlug(network: Network): boolean {
  return (
    isManaged(network) ||
    (network.forward.mode === 'bridge' && network.forward.interfaces.length === 0 && network.virtualport === undefined)
  );
}

function explainWhyNot(info: NetworkInfo, say: (line: string) => void): readonly Check[] {
  if (info.network.virtualport?.type === 'openvswitch') {
    say(
      `  Guests of this network are ports of the Open vSwitch bridge ${info.bridge ?? ''}, which a sandbox does not have: no packets are shown.\n`,
    );
    return [];
  }
  say(`  Guests of this network are virtual machines with a device of their own (mode ${info.network.forward.mode});\n`);
  say('  a network namespace cannot play one, so no packets are shown. `virtnet attach NAME --tap` makes the device for one.\n');
  return [];
}

async function showGuests(
  io: Io,
  driver: NetworkDriver,
  info: NetworkInfo,
  stage: Stage,
  { say, head, tell }: Telling,
): Promise<readonly Check[]> {
  head('Two guests plug in and ask for addresses');
  const folder = mkdtempSync(join(tmpdir(), 'demo-'));
  const lan = isManaged(info.network) ? undefined : await serveLan(stage, folder);
  const outside = new Probe(stage.outside);
  const probes: Probe[] = [];
  try {
    await outside.listen();
    await Promise.all(GUESTS.map(makeGuest));
    const guests: GuestState[] = [];
    const ports = [];
    for (const name of GUESTS) {
      const { port } = await driver.attach(info.name, { attachment: { type: 'netns', netns: name, guestDev: 'eth0' }, owner: { name } });
      await run(['ip', '-n', name, 'link', 'set', 'eth0', 'up']);
      ports.push(port);
    }
    probes.push(...GUESTS.map((name) => new Probe(name)));
    const devices = ports.map((port) => ('dev' in port.attachment ? port.attachment.dev : ''));
    await Promise.all(devices.map(untilForwarding));
    const leases = await Promise.all(
      GUESTS.map(async (name, i) => {
        const lease = servesIpv4(info.network) ? await askDhcp(name, folder) : await setByHand(name, handAddress(info.network, i));
        if (lease !== undefined) {
          tell(`  ${name} has ${lease['ip'] ?? ''}${lease['lease'] === undefined ? ', set by hand: there is no DHCP here' : ''}\n`);
        }
        return lease;
      }),
    );
    if (advertises(info.network))
      tell('  waiting: guests make IPv6 addresses of router advertisements, and make sure that nobody has them\n');
    for (const [i, name] of GUESTS.entries()) {
      const lease = leases[i];
      const record = ports[i];
      const device = devices[i] ?? '';
      guests.push({
        name,
        mac: record?.port.mac ?? '',
        device,
        ipv6: await waitForIpv6(name, info.network),
        ...(lease?.['lease'] === undefined ? {} : { lease: Number(lease['lease']) }),
        ...pick('ipv4', lease?.['ip']),
        ...pick('router', lease?.['router']),
        ...pick('dns', lease?.['dns']),
        ...pick('domain', lease?.['domain']),
      });
    }
    const [first, second] = guests;
    const [probe1, probe2] = probes;
    if (first === undefined || second === undefined || probe1 === undefined || probe2 === undefined) return [];
    await Promise.all(probes.map((p) => p.listen()));
    head('The network, live');
    say(`${formatPicture(info.network, info.bridge, stage, guests, io.errStyle)}`);
    head('What reaches what (each line tested by packets)');
    const checks = [
      ...serviceChecks(info.network, guests),
      ...(await runChecks({ network: info.network, stage, guests: [first, second], probes: [probe1, probe2], outside })),
    ];
    say(formatChecks(checks, io.errStyle));
    return checks;
  } finally {
    await Promise.all([outside, ...probes].map((p) => p.close()));
    for (const name of GUESTS) await driver.detach(info.name, name);
    for (const name of GUESTS) await run(['ip', 'netns', 'del', name]);
    await lan?.();
  }
}

/** Where nobody hands out IPv4 addresses: one of the subnet's last, or of a private one where the network has no IPv4 address at all. */
function handAddress(network: Network, index: number): HandAddress {
  const ip = network.ips.find((i) => i.family !== 'ipv6');
  const subnet = ip && parseSubnet(addressOf(ip));
  if (!ip || !subnet) return { address: `10.255.77.${String(index + 1)}/24` };
  const last = lastAddress(subnet);
  return { address: `${formatIp({ ...last, value: last.value - BigInt(index + 1) })}/${String(subnet.prefix)}`, router: ip.address };
}

/** DHCP and router advertisements: did each guest get what the document says? */
function serviceChecks(network: Network, guests: readonly GuestState[]): Check[] {
  return guests.flatMap((g): Check[] => [
    ...(servesIpv4(network)
      ? [
          {
            name: `DHCP ${g.name}`,
            ok: g.ipv4 !== undefined,
            seen:
              g.ipv4 === undefined
                ? 'no lease'
                : `${g.ipv4}${g.router === undefined ? ', no router' : `, router ${g.router}`}${g.dns === undefined ? '' : `, resolver ${g.dns}`}`,
          },
        ]
      : []),
    ...(advertises(network)
      ? [
          {
            name: `IPv6 ${g.name}`,
            ok: g.ipv6.length > 0,
            seen: g.ipv6[0] === undefined ? 'no address by router advertisement' : `${g.ipv6[0]} by router advertisement`,
          },
        ]
      : []),
  ]);
}

function servesIpv4(network: Network): boolean {
  return !isManaged(network) || network.ips.some((ip) => ip.family !== 'ipv6' && ip.dhcp !== undefined && ip.dhcp.ranges.length > 0);
}

/** Guests make themselves an IPv6 address: an IPv6 subnet of 64 bits that is not handed out by DHCPv6 instead. */
function advertises(network: Network): boolean {
  const six = network.ips.filter((ip) => ip.family === 'ipv6');
  return isManaged(network) && six.some((ip) => (ip.prefix ?? 64) === 64) && !six.some((ip) => ip.dhcp !== undefined);
}

/** Waits until the guest has made itself an IPv6 address, where the network offers a way. */
async function waitForIpv6(name: string, network: Network): Promise<readonly string[]> {
  for (let tries = advertises(network) ? 30 : 1; tries > 0; tries--) {
    const found = await globalIpv6(name);
    if (found.length > 0) return found;
    if (tries > 1) await new Promise((done) => setTimeout(done, 200));
  }
  return [];
}

/** The outside plays the LAN's router: it hands out addresses on its own subnet. Returns the function that ends it. */
async function serveLan(stage: Stage, folder: string): Promise<() => Promise<void>> {
  const base = stage.outside4.replace(/\d+$/, '');
  const pidFile = join(folder, 'lan.pid');
  await run([
    ...([
      'ip',
      'netns',
      'exec',
      stage.outside,
      'dnsmasq',
      '--conf-file=/dev/null',
      '--port=0',
      '--no-ping',
      '--interface=eth0',
      '--user=root',
      '--group=', // it stays in its own: without root there is no other
    ] as const),
    `--dhcp-range=${base}100,${base}150,1h`,
    `--dhcp-leasefile=${join(folder, 'lan.leases')}`,
    `--pid-file=${pidFile}`,
  ]);
  return async () => {
    const { readFileSync } = await import('node:fs');
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await new Promise((done) => setTimeout(done, 100));
  };
}

async function takeDown(
  driver: NetworkDriver,
  info: NetworkInfo,
  before: ReadonlySet<string>,
  folders: readonly string[],
): Promise<readonly string[]> {
  await driver.stop(info.name);
  await driver.undefine(info.name);
  return leftOver(before, await footprint(folders));
}

function pick<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
