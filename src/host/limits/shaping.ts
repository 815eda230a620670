import { readFile } from 'node:fs/promises';
import type { ShapingResource } from '../../compile/host-state.ts';
import { toolError, tryRun } from '../tools/command.ts';
import { eachStep } from '../handler.ts';
import { isThere } from '../links/link-removal.ts';
import type { DirectHandler, HostTools } from '../handler.ts';
import { frameMatch, htbChangeLines, htbLines, SHARED_QUEUES } from './htb.ts';
import type { HtbTree } from './htb.ts';
import { runCommands } from '../ip-commands.ts';
import type { LineResult } from '../iproute/ip-coprocess.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import { empty, opened } from './shaping-drain.ts';
import { groupOf, isShaperName, parseAlias, shaperAlias, shaperName, type Way } from '../marks.ts';
import { observeShaping } from './shaping-look.ts';

/**
 * Limits on devices, by htb alone, on helper devices (ifb): one for what goes to the guests, to which the egress of the device leads, and
 * one for what comes from them, to which its ingress leads. What a helper lets through goes on as if it had never left the device. The
 * device keeps its own queue: with another one the kernel drops what is sent in the instant of the change (dev_deactivate), and a filter
 * more or less on `clsact`, which devices are born with (links.ts), drops nothing. A helper's alias says that the limit is ours and whose.
 *
 * To a bridge's helper for what comes from its guests their own devices lead (`via`), before the bridge sees the frame: with br_netfilter a
 * frame that is led astray after that loses its connection tracking.
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

const WAYS = ['inbound', 'outbound'] as const;

async function apply(before: ShapingResource | undefined, after: ShapingResource, tools: HostTools): Promise<void> {
  if (after.owner.port === undefined && after.inbound && !before?.inbound) await openBridge(after, tools);
  const helpers = WAYS.filter((way) => after[way]);
  const answers = await ip(
    tools,
    helpers.flatMap((way) => helperLines(after, way)),
  );
  const made = helpers.filter((_, i) => answers[i * 2]?.ok).map((way) => shaperName(after.dev, way));
  const lines: Line[] = [];
  for (const way of WAYS) {
    const is = before && treeOf(before, way);
    const wanted = treeOf(after, way);
    if (!wanted) {
      // A guest's device that leads to its bridge's queue goes on leading there.
      if (way === 'inbound' || !after.via || before?.outbound) lines.push(...clearHook(after, way));
    } else if (is) lines.push(...htbChangeLines(is, wanted).map((args) => ({ args })));
    else
      lines.push(
        ...clearHook(after, way),
        clearRoot(wanted.dev),
        ...htbLines(wanted).map((args) => ({ args })),
        ...(isFed(after, way) ? [] : redirectLines(after, way, wanted.dev)),
      );
  }
  if (JSON.stringify(after.via) !== JSON.stringify(before?.via) && after.via)
    lines.push(...clearHook(after, 'outbound'), ...viaLines(after, after.via));
  await tc(tools, lines, made);
  if (before)
    await dropHelpers(
      before,
      WAYS.filter((way) => !after[way]),
      tools,
    );
}

async function remove(resource: ShapingResource, tools: HostTools): Promise<void> {
  const { dev } = resource;
  await tc(
    tools,
    WAYS.flatMap((way) => clearHook(resource, way)),
  );
  // A helper whose making was cut short stands for itself.
  if (isShaperName(dev)) await ip(tools, [dropHelper(dev)]);
  else await dropHelpers(resource, WAYS, tools);
  if (resource.owner.port === undefined) await leaveBridge(dev, tools);
}

/** Whose a bridge is. */
async function bridgeIs(dev: string, { sysfs }: HostTools): Promise<'ours' | "the host's" | 'gone'> {
  const alias = await readFile(`${sysfs}/class/net/${dev}/ifalias`, 'utf8').catch(() => undefined);
  if (alias === undefined) return 'gone';
  return parseAlias(alias.trim()) ? 'ours' : "the host's";
}

/** A bridge of the host got its `clsact` with our limit, and loses it when nobody else hangs on it. Our own keep theirs. */
async function leaveBridge(dev: string, tools: HostTools): Promise<void> {
  if ((await bridgeIs(dev, tools)) !== "the host's") return;
  const input = `filter show dev ${dev} egress\nfilter show dev ${dev} ingress\n`;
  const { stdout } = await tryRun(['tc', '-force', '-batch', '-'], { input });
  // Not found, or taken away meanwhile: then it is gone.
  if (stdout.trim() === '') await tryRun(['tc', 'qdisc', 'delete', 'dev', dev, 'clsact']);
}

/** Takes helpers away that nothing leads to any more. What waits in them goes out first. */
async function dropHelpers(before: ShapingResource, ways: readonly Way[], tools: HostTools): Promise<void> {
  if (ways.length === 0) return;
  const trees = ways.flatMap((way) => treeOf(before, way) ?? []);
  await empty(trees, () =>
    tc(
      tools,
      trees.flatMap((tree) => htbChangeLines(tree, opened(tree)).map((args) => ({ args, fine: /./ }))),
    ),
  );
  const helpers = ways.map((way) => shaperName(before.dev, way));
  await ip(tools, helpers.filter((name) => isThere(name, tools)).map(dropHelper));
}

/** A bridge's queue for what guests send is fed by their devices. */
function isFed({ owner }: ShapingResource, way: Way): boolean {
  return way === 'outbound' && owner.port === undefined;
}

function helperLines({ owner, dev }: ShapingResource, way: Way): readonly Line[] {
  const helper = shaperName(dev, way);
  const group = ['group', String(groupOf(owner.network))];
  return [
    { args: ['link', 'add', 'name', helper, ...group, 'txqueuelen', '1000', 'type', 'ifb'], fine: /File exists/ },
    { args: ['link', 'set', 'dev', helper, 'alias', shaperAlias(owner, dev), 'up'] },
  ];
}

function dropHelper(helper: string): Line {
  return { args: ['link', 'delete', 'dev', helper], fine: /Cannot find device|No such device/ };
}

function treeOf(r: ShapingResource, way: Way): HtbTree | undefined {
  const rate = r[way];
  if (!rate) return undefined;
  const queues = r.owner.port === undefined ? SHARED_QUEUES : 1;
  const dev = shaperName(r.dev, way);
  return way === 'inbound'
    ? { dev, rate, floors: r.floors, queues, guestMac: 'destination' }
    : { dev, rate, floors: [], queues, guestMac: 'source' };
}

const ABSENT =
  /Cannot delete qdisc with handle of zero|Invalid qdisc name|Filter with specified priority\/protocol not found|Cannot find specified qdisc|Cannot find specified filter chain|Parent Qdisc doesn't exists|Invalid handle|No such file or directory|Cannot find device|No such device/;

function clearRoot(dev: string): { readonly args: IpArgs; readonly fine: RegExp } {
  return { args: ['qdisc', 'delete', 'dev', dev, 'root'], fine: ABSENT };
}

/** Where on a device's `clsact` a way is led astray. */
const HOOK = { inbound: 'egress', outbound: 'ingress' } as const;
/**
 * Our filters' places among others, after the one that fills in checksums (checksums.ts). One for each way: a listing of u32 filters on
 * `clsact` gives those of both hooks that have the same place (u32_walk of the kernel's cls_u32.c).
 */
const PREF = { inbound: '70', outbound: '71' } as const;

function filter(verb: 'add' | 'delete', dev: string, way: Way): IpArgs {
  return ['filter', verb, 'dev', dev, HOOK[way], 'pref', PREF[way]];
}

/** Takes our filter away; the `clsact` itself came with the device and stays. A bridge has none for what its guests send. */
function clearHook(r: ShapingResource, way: Way): readonly Line[] {
  return isFed(r, way) ? [] : [{ args: filter('delete', r.dev, way), fine: ABSENT }];
}

/** A guest's device: somebody may have taken its `clsact` away, or have put a plain ingress in its place. */
function openHooks({ dev, owner }: ShapingResource): readonly Line[] {
  if (owner.port === undefined) return [];
  return [dropIngress(dev), { args: clsact(dev) }];
}

/**
 * A bridge may be the host's, with a plain ingress of somebody else's, which stays; on one of ours it goes. It would take a filter for the egress
 * as one for the ingress, and answers `add` as a `clsact` does; `replace` it refuses.
 */
async function openBridge({ dev }: ShapingResource, tools: HostTools): Promise<void> {
  const hint = `if '${dev}' has an ingress qdisc, put a clsact with the same filters in its place: a limit needs one, and the two exclude one another`;
  const isOurs = (await bridgeIs(dev, tools)) === 'ours';
  await tc(tools, [...(isOurs ? [dropIngress(dev)] : []), { args: clsact(dev), hint }]);
}

function dropIngress(dev: string): Line {
  return { args: ['qdisc', 'delete', 'dev', dev, 'ingress'], fine: ABSENT };
}

function clsact(dev: string): IpArgs {
  return ['qdisc', 'replace', 'dev', dev, 'clsact'];
}

/** Leads all that goes one way of a device through its helper; it comes back as if it had not been away. */
function redirectLines(r: ShapingResource, way: Way, helper: string): readonly Line[] {
  const all = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
  return [...openHooks(r), { args: [...filter('add', r.dev, way), ...all, 'action', 'mirred', 'egress', 'redirect', 'dev', helper] }];
}

/** Leads what comes in by a guest's device for its bridge through the bridge's queue. */
function viaLines(r: ShapingResource, via: NonNullable<ShapingResource['via']>): readonly Line[] {
  const forBridge = ['protocol', 'all', 'bpf', 'bytecode', frameMatch(via.mac), 'flowid', '1:1'];
  const helper = shaperName(via.bridge, 'outbound');
  return [
    ...openHooks(r),
    { args: [...filter('add', r.dev, 'outbound'), ...forBridge, 'action', 'mirred', 'egress', 'redirect', 'dev', helper] },
  ];
}

interface Line {
  readonly args: IpArgs;
  /** Words with which a failure is none. */
  readonly fine?: RegExp;
  /** What to do about a failure. */
  readonly hint?: string;
}

async function ip(tools: HostTools, lines: readonly Line[]): Promise<readonly LineResult[]> {
  return all('ip', await runCommands(lines, tools), lines);
}

async function tc(tools: HostTools, lines: readonly Line[], made: readonly string[] = []): Promise<void> {
  const args = lines.map((l) => l.args);
  all('tc', await tools.tc.batch(args, made), lines);
}

/** @throws VirtnetError of the first line that failed. */
function all(tool: 'ip' | 'tc', answers: readonly LineResult[], lines: readonly Line[]): readonly LineResult[] {
  for (const [i, answer] of answers.entries()) {
    const line = lines[i];
    if (!answer.ok && line?.fine?.test(answer.stderr) !== true)
      throw toolError(tool, answer.stderr, { argv: [tool, ...(line?.args ?? [])] }, line?.hint);
  }
  return answers;
}
