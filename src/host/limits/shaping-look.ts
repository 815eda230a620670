import { present } from '../../base/present.ts';
import { isVirtnetError } from '../../base/errors.ts';
import type { ShapingResource } from '../../compile/host-state.ts';
import type { BandwidthRate } from '../../network/bandwidth.ts';
import { tryRun } from '../tools/command.ts';
import type { HostTools, Look } from '../handler.ts';
import { parseHtb, readFrameMatch, smallestBurst } from './htb.ts';
import { batchLine } from '../iproute/ip-line.ts';
import { isThere } from '../links/link-removal.ts';
import { parseAlias, shaperName, shaperNames, UNKNOWN_NETWORK, type Way } from '../marks.ts';

/** The limits that devices have, and the queues that guests' devices lead to. */
export async function observeShaping(look: Look, tools: HostTools): Promise<readonly ShapingResource[]> {
  const owners = shapedDevices(look);
  if (owners.size === 0) return [];
  const helpersOf = (dev: string): readonly string[] => shaperNames(dev).filter((helper) => look.helpers.has(helper));
  const trees = await listTrees([...owners.keys()].flatMap((dev) => [dev, ...helpersOf(dev)]));
  return [...owners].flatMap(([dev, owner]): ShapingResource[] => {
    const hint = look.desired('shaping').find((r) => r.dev === dev);
    const listed = trees.get(dev);
    // A helper that is down or gone lets nothing through.
    const treeOf = (way: Way): Listed['tree'] => {
      const helper = shaperName(dev, way);
      const isFed = (way === 'outbound' && owner.port === undefined) || listed?.leadsTo[way] === helper;
      return isFed && look.helpers.get(helper)?.flags.includes('UP') === true ? trees.get(helper)?.tree : undefined;
    };
    const inbound = treeOf('inbound');
    const outbound = treeOf('outbound');
    const hasHelper = look.helpers.has(dev) || helpersOf(dev).length > 0;
    const via = readVia(listed, look, hint);
    if (!inbound && !outbound && !hasHelper && !via) return [];
    return [
      {
        kind: 'shaping',
        owner,
        dev,
        ...(inbound ? { inbound: asWritten(inbound.rate, hint?.inbound) } : {}),
        ...(outbound ? { outbound: asWritten(outbound.rate, hint?.outbound) } : {}),
        ...(via && { via }),
        floors: inbound?.floors ?? [],
        ...(!outbound && !isThere(dev, tools) && { orphaned: true }), // guests feed a bridge's outbound queue without it
      },
    ];
  });
}

/** Devices that are or should be shaped, with their owners: those with a helper of ours, and those that `desired` names. */
function shapedDevices(look: Look): ReadonlyMap<string, ShapingResource['owner']> {
  const found = new Map<string, ShapingResource['owner']>();
  for (const row of look.helpers.values()) {
    const mark = parseAlias(row.ifalias);
    // One whose making was cut short before its alias stands for itself.
    found.set(mark?.shapes ?? row.ifname, mark?.owner ?? { network: UNKNOWN_NETWORK });
  }
  for (const [dev, owner] of guestsOfQueues(look)) if (!found.has(dev)) found.set(dev, owner);
  for (const r of look.desired('shaping')) if (look.links.has(r.dev) && !found.has(r.dev)) found.set(r.dev, r.owner);
  return found;
}

/** Guests' devices of networks with a queue: they may lead to it. */
function guestsOfQueues(look: Look): readonly (readonly [string, ShapingResource['owner']])[] {
  const marks = [...look.helpers.values()].flatMap((row) => parseAlias(row.ifalias) ?? []);
  const networks = new Set(marks.flatMap(({ owner }) => (owner.port === undefined ? [owner.network] : [])));
  if (networks.size === 0) return [];
  return [...look.links.values()].flatMap((row) => {
    const owner = parseAlias(row.ifalias)?.owner;
    return owner?.port !== undefined && networks.has(owner.network) ? [[row.ifname, owner] as const] : [];
  });
}

interface Listed {
  readonly tree?: NonNullable<ReturnType<typeof parseHtb>>;
  /** The helpers that what goes a way of the device is led to. */
  readonly leadsTo: Readonly<Partial<Record<Way, string>>>;
  /** Only what is for this MAC. */
  readonly onlyFor?: string;
}

/** The bridge whose queue a device leads to; without a bridge of that queue the helper's name shows that it is none we know. */
function readVia(listed: Listed | undefined, look: Look, hint: ShapingResource | undefined): ShapingResource['via'] {
  const { leadsTo: { outbound: leadsTo } = {}, onlyFor } = listed ?? {};
  if (leadsTo === undefined || onlyFor === undefined) return undefined;
  if (hint?.via && shaperName(hint.via.bridge, 'outbound') === leadsTo) return { bridge: hint.via.bridge, mac: onlyFor };
  return { bridge: parseAlias(look.helpers.get(leadsTo)?.ifalias)?.shapes ?? leadsTo, mac: onlyFor };
}

/** The htb trees of devices. tc prints classes as text only; a device that is not there has none. */
async function listTrees(devices: readonly string[]): Promise<ReadonlyMap<string, Listed>> {
  const found = new Map<string, Listed>();
  // The answers name neither device nor hook, so each part is headed by the qdiscs of `lo`, which are always there.
  const head = ['qdisc', 'show', 'dev', 'lo'];
  const lines = devices.flatMap((dev) => [
    ...[head, ['class', 'show', 'dev', dev], ['filter', 'show', 'dev', dev, 'parent', '1:']],
    ...[head, ['filter', 'show', 'dev', dev, 'egress']],
    ...[head, ['filter', 'show', 'dev', dev, 'ingress']],
  ]);
  // A device that is not there is an error line among answers.
  const result = await tryRun(['tc', '-force', '-batch', '-'], { input: lines.map((l) => `${batchLine(l)}\n`).join('') }).catch(
    (error: unknown) => {
      // Where tc is not installed no limit stands; what failed for want of it is undone all the same.
      if (isVirtnetError(error) && error.code === 'VNH002') return undefined;
      throw error;
    },
  );
  if (result === undefined) return found;
  const parts = result.stdout.split(/^qdisc .*$/m).slice(1);
  for (const [i, dev] of devices.entries()) {
    const [queue = '', egress = '', ingress = ''] = parts.slice(i * 3);
    const tree = parseHtb(queue);
    const leads = (text: string): string | undefined => /Egress Redirect to device (\S+?)\)/.exec(text)?.[1];
    const onlyFor = leads(ingress) === undefined ? undefined : readFrameMatch(ingress);
    const leadsTo = present<Listed['leadsTo']>({ inbound: leads(egress), outbound: leads(ingress) });
    found.set(dev, { leadsTo, ...(tree && { tree }), ...(onlyFor !== undefined && { onlyFor }) });
  }
  return found;
}

/**
 * tc prints great rates and sizes rounded, a missing peak as a ceiling at the average, and a missing burst as the smallest: what fits the
 * wanted values is given as these.
 */
function asWritten(is: BandwidthRate, hint: BandwidthRate | undefined): BandwidthRate {
  const average = near(is.average ?? 0, hint?.average, 0.001);
  const peak = near(is.peak ?? 0, hint?.peak, 0.001);
  const smallest = smallestBurst(average) / 1024;
  const burst = near(is.burst ?? 0, hint?.burst ?? smallest, 0.02);
  return {
    average,
    ...((is.peak !== is.average || hint?.peak === average) && { peak }),
    ...((burst !== smallest || hint?.burst === burst) && { burst: Math.round(burst) }),
  };
}

function near(is: number, wanted: number | undefined, tolerance: number): number {
  return wanted !== undefined && Math.abs(wanted - is) <= Math.max(wanted * tolerance, 0.5) ? wanted : is;
}
