import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../host/tools/command.ts';
import { isManaged, type Network } from '../../network/network.ts';
import type { NetworkDriver, NetworkInfo } from '../../driver/driver.ts';
import type { Document } from '../documents.ts';
import type { Io } from '../io.ts';
import { formatPlan } from '../render/plan.ts';
import { shellLine } from '../render/text.ts';
import { namesOf, printJson } from '../views.ts';
import { Probe, runChecks, type Check } from './check.ts';
import { makeGuest, type GuestState } from './guest.ts';
import { serveLan } from './lan.ts';
import { footprint, leftOver } from './leftovers.ts';
import { formatChecks, formatPicture } from './picture.ts';
import { addressGuests, advertises, plugGuest, servesIpv4 } from './plug-guests.ts';
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
  const endLan = isManaged(info.network) ? undefined : await serveLan(stage, folder);
  const outside = new Probe(stage.outside);
  const probes: Probe[] = [];
  try {
    await outside.listen();
    await Promise.all(GUESTS.map(makeGuest));
    const plugged = [await plugGuest(driver, info.name, GUESTS[0]), await plugGuest(driver, info.name, GUESTS[1])] as const;
    const pair = [new Probe(GUESTS[0]), new Probe(GUESTS[1])] as const;
    probes.push(...pair);
    const guests = await addressGuests(info.network, plugged, folder, tell);
    await Promise.all(probes.map((p) => p.listen()));
    head('The network, live');
    say(formatPicture(info.network, info.bridge, stage, guests, io.errStyle));
    head('What reaches what (each line tested by packets)');
    const checks = [
      ...serviceChecks(info.network, guests),
      ...(await runChecks({ network: info.network, stage, guests, probes: pair, outside })),
    ];
    say(formatChecks(checks, io.errStyle));
    return checks;
  } finally {
    await Promise.all([outside, ...probes].map((p) => p.close()));
    for (const name of GUESTS) await driver.detach(info.name, name);
    for (const name of GUESTS) await run(['ip', 'netns', 'del', name]);
    await endLan?.();
  }
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
