import type { ShapingResource } from '../compile/host-state.ts';
import { toolError } from './command.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler, HostTools } from './handler.ts';
import { frameMatch, htbChangeLines, htbLines, SHARED_QUEUES } from './htb.ts';
import type { HtbTree } from './htb.ts';
import type { IpArgs } from './ip-line.ts';
import { groupOf, isShaperName, shaperAlias, shaperName } from './marks.ts';
import { observeShaping } from './shaping-look.ts';

/**
 * Limits on devices, by htb alone: towards the guests on the device, from the guests on a helper device (ifb) that what comes in is led
 * through. The helper is there for each device with a limit, also without an outbound one: its alias says that the limit is ours and whose.
 * To a bridge's helper the devices of its guests lead (`via`), before the bridge sees the frame: with br_netfilter a frame that is led
 * astray after that loses its connection tracking.
 */
export const shaping: DirectHandler<'shaping'> = {
  observe: observeShaping,

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after }) => {
      if (op === 'delete' || !after) {
        if (before) await remove(before, tools);
      } else await apply(before, after, tools);
    });
  },
};

async function apply(before: ShapingResource | undefined, after: ShapingResource, tools: HostTools): Promise<void> {
  const helper = shaperName(after.dev);
  tools.ip.forget(); // somebody may have taken the helper of that name away since it was looked at
  const needsHelper = after.inbound !== undefined || after.outbound !== undefined;
  if (needsHelper)
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
    const isFed = way === 'outbound' && isOfNetwork(after);
    const clear = way === 'inbound' ? [clearRoot(dev)] : isFed ? [clearRoot(dev)] : [clearIngress(after.dev), clearRoot(dev)];
    if (!wanted) lines.push(...(way === 'outbound' && after.via && !before?.outbound ? [] : clear));
    else if (is) lines.push(...htbChangeLines(is, wanted).map((args) => ({ args })));
    else
      lines.push(
        ...clear,
        ...htbLines(wanted).map((args) => ({ args })),
        ...(way === 'outbound' && !isFed ? redirectLines(after.dev, helper) : []),
      );
  }
  if (JSON.stringify(after.via) !== JSON.stringify(before?.via) && after.via)
    lines.push(clearIngress(after.dev), ...viaLines(after.dev, after.via));
  await tc(tools, lines);
  if (!needsHelper && (before?.inbound ?? before?.outbound)) await ip(tools, [dropHelper(helper)]);
}

async function remove(resource: ShapingResource, tools: HostTools): Promise<void> {
  const { dev } = resource;
  await tc(tools, isOfNetwork(resource) ? [clearRoot(dev)] : [clearRoot(dev), clearIngress(dev)]);
  const helper = isShaperName(dev) ? dev : shaperName(dev);
  await ip(tools, [dropHelper(helper)]);
}

/** A bridge's queue is fed by its guests' devices: the bridge itself has no ingress, and its `clsact` (checksums.ts) allows none. */
function isOfNetwork({ owner }: ShapingResource): boolean {
  return owner.port === undefined;
}

function dropHelper(helper: string): Line {
  return { args: ['link', 'delete', 'dev', helper], fine: /Cannot find device|No such device/ };
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
  /Cannot delete qdisc with handle of zero|Cannot find specified qdisc|Cannot find specified filter chain|Parent Qdisc doesn't exists|Invalid handle|No such file or directory|Cannot find device|No such device/;

function clearRoot(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['qdisc', 'delete', 'dev', dev, 'root'], fine: ABSENT };
}

/** The ingress itself came with the device (links.ts) and stays. */
function clearIngress(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['filter', 'delete', 'dev', dev, 'parent', 'ffff:'], fine: ABSENT };
}

/** Somebody may have taken it away. */
function openIngress(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['qdisc', 'add', 'dev', dev, 'ingress'], fine: /Exclusivity flag on|File exists/ };
}

/** Leads all that comes in by a device through its helper; it comes back as if it had just come in. */
function redirectLines(dev: string, helper: string): readonly Line[] {
  const filter = ['filter', 'add', 'dev', dev, 'parent', 'ffff:', 'prio', '1', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
  return [openIngress(dev), { args: [...filter, 'action', 'mirred', 'egress', 'redirect', 'dev', helper] }];
}

/** Leads what comes in by a guest's device for its bridge through the bridge's queue. */
function viaLines(dev: string, via: NonNullable<ShapingResource['via']>): readonly Line[] {
  const filter = ['filter', 'add', 'dev', dev, 'parent', 'ffff:', 'prio', '1', 'protocol', 'all', 'bpf', 'bytecode', frameMatch(via.mac)];
  return [
    openIngress(dev),
    { args: [...filter, 'flowid', '1:1', 'action', 'mirred', 'egress', 'redirect', 'dev', shaperName(via.bridge)] },
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
