import type { BandwidthRate } from '../network/bandwidth.ts';
import type { ShapingResource } from '../compile/host-state.ts';
import { toolError, tryRun } from './command.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler, HostTools, Look } from './handler.ts';
import { htbChangeLines, htbLines, parseHtb, SHARED_QUEUES } from './htb.ts';
import type { HtbTree } from './htb.ts';
import { batchLine } from './ip-line.ts';
import type { IpArgs } from './ip-line.ts';
import { groupOf, isShaperName, parseAlias, shaperAlias, shaperName, UNKNOWN_NETWORK } from './marks.ts';

/**
 * Limits on devices, by htb alone: towards the guests on the device, from the guests on a helper device (ifb) that what comes in is led
 * through. The helper is there for each shaped device, also without an outbound limit: its alias says that the limit is ours and whose.
 */
export const shaping: DirectHandler<'shaping'> = {
  async observe(look) {
    const owners = shapedDevices(look);
    if (owners.size === 0) return [];
    const trees = await listTrees([...owners.keys()].flatMap((dev) => [dev, shaperName(dev)]));
    return [...owners].flatMap(([dev, owner]): ShapingResource[] => {
      const hint = look.desired('shaping').find((r) => r.dev === dev);
      const inbound = trees.get(dev)?.tree;
      const outbound = trees.get(dev)?.isRedirected === true ? trees.get(shaperName(dev))?.tree : undefined;
      const helper = look.helpers.get(shaperName(dev)) ?? look.helpers.get(dev);
      if (!inbound && !outbound && !helper) return [];
      return [
        {
          kind: 'shaping',
          owner,
          dev,
          ...(inbound ? { inbound: asWritten(inbound.rate, hint?.inbound) } : {}),
          // A helper that is down or gone lets nothing out.
          ...(outbound && helper?.flags.includes('UP') === true ? { outbound: asWritten(outbound.rate, hint?.outbound) } : {}),
          floors: inbound?.floors ?? [],
        },
      ];
    });
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after }) => {
      if (op === 'delete' || !after) {
        if (before) await remove(before.dev, tools);
      } else await apply(before, after, tools);
    });
  },
};

/** Devices that are or should be shaped, with their owners: those with a helper of ours, and those that `desired` names. */
function shapedDevices(look: Look): ReadonlyMap<string, ShapingResource['owner']> {
  const found = new Map<string, ShapingResource['owner']>();
  for (const row of look.helpers.values()) {
    const mark = parseAlias(row.ifalias);
    // One whose making was cut short before its alias stands for itself.
    found.set(mark?.shapes ?? row.ifname, mark?.owner ?? { network: UNKNOWN_NETWORK });
  }
  for (const r of look.desired('shaping')) if (look.links.has(r.dev) && !found.has(r.dev)) found.set(r.dev, r.owner);
  return found;
}

interface Listed {
  readonly tree?: NonNullable<ReturnType<typeof parseHtb>>;
  /** What comes in by the device is led to its helper. */
  readonly isRedirected: boolean;
}

/** The htb trees of devices. tc prints classes as text only; a device that is not there has none. */
async function listTrees(devices: readonly string[]): Promise<ReadonlyMap<string, Listed>> {
  const found = new Map<string, Listed>();
  // The answers do not name the device, so each device's part is headed by the qdiscs of `lo`, which are always there.
  const lines = devices.flatMap((dev) => [
    ['qdisc', 'show', 'dev', 'lo'],
    ['class', 'show', 'dev', dev],
    ['filter', 'show', 'dev', dev, 'parent', '1:'],
    ['filter', 'show', 'dev', dev, 'parent', 'ffff:'],
  ]);
  // A device that is not there is an error line among answers.
  const result = await tryRun(['tc', '-force', '-batch', '-'], { input: lines.map((l) => `${batchLine(l)}\n`).join('') });
  const parts = result.stdout.split(/^qdisc .*$/m).slice(1);
  for (const [i, dev] of devices.entries()) {
    const part = parts[i] ?? '';
    const tree = parseHtb(part);
    found.set(dev, { ...(tree ? { tree } : {}), isRedirected: part.includes(`Egress Redirect to device ${shaperName(dev)}`) });
  }
  return found;
}

/**
 * tc prints great rates and sizes rounded, and a missing peak as a ceiling at the average: what fits the wanted values is given as these.
 */
function asWritten(is: BandwidthRate, hint: BandwidthRate | undefined): BandwidthRate {
  const average = near(is.average ?? 0, hint?.average, 0.001);
  const peak = near(is.peak ?? 0, hint?.peak, 0.001);
  const burst = near(Math.round(is.burst ?? 0), hint?.burst, 0.02);
  return {
    average,
    ...((is.peak !== is.average || hint?.peak === average) && { peak }),
    ...((burst >= SMALL_BURST || burst === hint?.burst) && { burst }),
  };
}

function near(is: number, wanted: number | undefined, tolerance: number): number {
  return wanted !== undefined && Math.abs(wanted - is) <= Math.max(wanted * tolerance, 0.5) ? wanted : is;
}

/** KiB. What tc takes by itself where no burst is given stays below (a frame and what the rate sends in one timer tick). */
const SMALL_BURST = 4;

async function apply(before: ShapingResource | undefined, after: ShapingResource, tools: HostTools): Promise<void> {
  const helper = shaperName(after.dev);
  tools.ip.forget(); // somebody may have taken the helper of that name away since it was looked at
  await ip(tools, [
    {
      args: ['link', 'add', 'name', helper, 'group', String(groupOf(after.owner.network)), 'txqueuelen', '1000', 'type', 'ifb'],
      fine: /File exists/,
    },
    { args: ['link', 'set', 'dev', helper, 'alias', shaperAlias(after.owner, after.dev), 'up'] },
  ]);
  const lines: { readonly args: IpArgs; readonly fine?: RegExp }[] = [];
  for (const way of ['inbound', 'outbound'] as const) {
    const is = before && treeOf(before, way);
    const wanted = treeOf(after, way);
    const dev = way === 'inbound' ? after.dev : helper;
    const clear = way === 'inbound' ? [clearRoot(dev)] : [clearIngress(after.dev), clearRoot(dev)];
    if (!wanted) lines.push(...clear);
    else if (is) lines.push(...htbChangeLines(is, wanted).map((args) => ({ args })));
    else
      lines.push(...clear, ...htbLines(wanted).map((args) => ({ args })), ...(way === 'outbound' ? redirectLines(after.dev, helper) : []));
  }
  await tc(tools, lines);
}

async function remove(dev: string, tools: HostTools): Promise<void> {
  await tc(tools, [clearRoot(dev), clearIngress(dev)]);
  const helper = isShaperName(dev) ? dev : shaperName(dev);
  await ip(tools, [{ args: ['link', 'delete', 'dev', helper], fine: /Cannot find device|No such device/ }]);
}

function treeOf(r: ShapingResource, way: 'inbound' | 'outbound'): HtbTree | undefined {
  const rate = r[way];
  if (!rate) return undefined;
  const queues = r.owner.port === undefined ? SHARED_QUEUES : 1;
  return way === 'inbound'
    ? { dev: r.dev, rate, floors: r.floors, queues, guestMac: 'destination' }
    : { dev: shaperName(r.dev), rate, floors: [], queues, guestMac: 'source' };
}

const ABSENT =
  /Cannot delete qdisc with handle of zero|Cannot find specified qdisc|Invalid handle|No such file or directory|Cannot find device|No such device/;

function clearRoot(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['qdisc', 'delete', 'dev', dev, 'root'], fine: ABSENT };
}

function clearIngress(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['qdisc', 'delete', 'dev', dev, 'ingress'], fine: ABSENT };
}

/** Leads all that comes in by a device through its helper; it comes back as if it had just come in. */
function redirectLines(dev: string, helper: string): readonly { readonly args: IpArgs }[] {
  const filter = ['filter', 'add', 'dev', dev, 'parent', 'ffff:', 'prio', '1', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
  return [
    { args: ['qdisc', 'add', 'dev', dev, 'ingress'] },
    { args: [...filter, 'action', 'mirred', 'egress', 'redirect', 'dev', helper] },
  ];
}

type Line = { readonly args: IpArgs; readonly fine?: RegExp };

function ip(tools: HostTools, lines: readonly Line[]): Promise<void> {
  return all('ip', tools.ip.batch(lines.map((l) => l.args)), lines);
}

function tc(tools: HostTools, lines: readonly Line[]): Promise<void> {
  tools.tc.forget(); // devices were made and deleted since, by ip(8)
  return all('tc', tools.tc.batch(lines.map((l) => l.args)), lines);
}

/** @throws VirtnetError of the first line that failed. */
async function all(tool: 'ip' | 'tc', answers: ReturnType<HostTools['ip']['batch']>, lines: readonly Line[]): Promise<void> {
  for (const [i, answer] of (await answers).entries()) {
    const line = lines[i];
    if (!answer.ok && line?.fine?.test(answer.stderr) !== true)
      throw toolError(tool, answer.stderr, { argv: [tool, ...(line?.args ?? [])] });
  }
}
