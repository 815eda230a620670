import type { ResourceKind } from '../compile/host-state.ts';
import type { Step } from '../plan/plan.ts';
import { VirtnetError, isVirtnetError } from '../base/errors.ts';
import { toolError } from './tools/command.ts';
import { StepFailure } from './handler.ts';
import type { HostTools, IpCommand } from './handler.ts';
import { handlers } from './handlers.ts';
import type { FirewallKind } from './handlers.ts';
import type { ExecuteOptions } from './host.ts';
import { batchLine } from './iproute/ip-line.ts';
import { isThere, removeLinks } from './links/link-removal.ts';
import { runCommands } from './ip-commands.ts';
import { NOT_RUN, type LineResult } from './iproute/ip-coprocess.ts';
import { executeFirewall, listTable } from './firewall/nft.ts';
import { freshNetworks, mayGoBeside, silence } from './overlap.ts';
import { isFirewallStep } from './firewall/nft-script.ts';

/** Steps that go out together: all of one kind, or all of kinds that are lines of ip(8); `indices` are those of the plan. */
interface Batch {
  readonly indices: readonly number[];
  run(): Promise<void>;
}

/**
 * Carries out steps in batches, in order; a batch that does not depend on those under way goes beside them (`mayGoBeside`). After a failure
 * nothing more is begun. See `Host.execute`. @throws VirtnetError VNP001 of the first step that failed.
 */
export async function executeSteps(
  steps: readonly Step[],
  tools: HostTools,
  options: ExecuteOptions,
  size: 'batch' | 'single',
): Promise<void> {
  // Whether the last network's rules go is looked at beside the steps before, see `executeFirewall`.
  if (size === 'batch' && steps.some((s) => s.kind === 'firewall-base' && s.op === 'delete')) tools.ahead.ask(listTable);
  const fresh = freshNetworks(steps);
  const groups = partition(steps, size);
  const underWay: { readonly steps: readonly Step[]; readonly done: Promise<void> }[] = [];
  const failures: { readonly index: number; readonly error: VirtnetError }[] = [];
  for (const [n, indices] of groups.entries()) {
    tools.dump.spoil();
    const batch = indices.map((i) => steps[i] as Step);
    for (const other of underWay) if (size === 'single' || !mayGoBeside(other.steps, batch, fresh)) await other.done;
    if (failures.length > 0) break;
    const next = groups[n + 1]?.[0];
    const failed = (error: unknown): void => {
      failures.push({ index: indices[0] as number, error: isVirtnetError(error) ? error : stepError(steps, indices[0] as number, error) });
    };
    if (size === 'batch' && next !== undefined && isFirewallKind(steps[next]?.kind)) await silence(batch, tools).catch(failed);
    if (failures.length > 0) break;
    underWay.push({ steps: batch, done: runGroup(steps, indices, tools, options).catch(failed) });
  }
  await Promise.all(underWay.map((group) => group.done));
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
}

/** @throws VirtnetError VNP001. */
async function runGroup(steps: readonly Step[], indices: readonly number[], tools: HostTools, options: ExecuteOptions): Promise<void> {
  let stop: { readonly index: number; readonly error: unknown } | undefined;
  const going: number[] = [];
  for (const index of indices) {
    try {
      options.signal?.throwIfAborted();
      options.onStep?.(index, false);
      going.push(index);
    } catch (error) {
      stop = { index, error };
      break;
    }
  }
  // The packet rules are one transaction: when one of their steps may not go, none goes.
  const isFirewall = isFirewallKind(steps[indices[0] as number]?.kind);
  if (going.length > 0 && !(isFirewall && stop)) await runBatch(steps, { indices: going, run: () => runSteps(steps, going, tools) });
  if (stop) throw stepError(steps, stop.index, stop.error);
  for (const index of going) {
    try {
      options.onStep?.(index, true);
    } catch (error) {
      throw stepError(steps, index, error);
    }
  }
}

async function runBatch(steps: readonly Step[], batch: Batch): Promise<void> {
  try {
    await batch.run();
  } catch (error) {
    const at = error instanceof StepFailure ? (batch.indices[error.step] ?? batch.indices[0]) : batch.indices[0];
    throw stepError(steps, at as number, error instanceof StepFailure ? error.cause : error);
  }
}

/** Groups of step indices in the order in which they are carried out. */
function partition(steps: readonly Step[], size: 'batch' | 'single'): readonly (readonly number[])[] {
  const groups: number[][] = [];
  const firewall = steps.flatMap((s, i) => (isFirewallKind(s.kind) ? [i] : []));
  let previous: Step | undefined;
  for (const [i, step] of steps.entries()) {
    if (isFirewallKind(step.kind)) {
      if (i === firewall[0]) groups.push(firewall);
      previous = undefined;
      continue;
    }
    if (size === 'batch' && previous && belongTogether(previous, step)) groups.at(-1)?.push(i);
    else groups.push([i]);
    previous = step;
  }
  return groups;
}

/** Neighbours of one kind and one direction, or of kinds that are both lines of ip(8). */
function belongTogether(a: Step, b: Step): boolean {
  if (a.kind === b.kind) return (a.op === 'delete') === (b.op === 'delete');
  // A guest's port is raised once its VLANs are set and its bridge can be asked.
  if (a.kind === 'bridge-port' || b.kind === 'link-up') return false;
  // What follows a new veth waits for its guest's end; what precedes a link's deletion is a batch of its own.
  return isIp(a.kind) && isIp(b.kind) && a.kind !== 'link' && b.kind !== 'link'
    ? true
    : isIp(a.kind) && isIp(b.kind) && a.op !== 'delete' && b.op !== 'delete';
}

function isIp(kind: ResourceKind): boolean {
  return !isFirewallKind(kind) && 'ip' in handlers[kind];
}

function isFirewallKind(kind: ResourceKind | undefined): kind is FirewallKind {
  return kind === 'firewall' || kind === 'firewall-base';
}

async function runSteps(all: readonly Step[], indices: readonly number[], tools: HostTools): Promise<void> {
  const steps = indices.map((i) => all[i] as Step);
  const first = steps[0] as Step;
  if (isFirewallKind(first.kind)) {
    await executeFirewall(steps.filter(isFirewallStep), tools);
    return;
  }
  if (!isIp(first.kind)) {
    await handlerOf(first.kind).execute?.(steps, tools);
    return;
  }
  await runIp(steps, tools);
}

/** What the handlers look like when the kind is only known at run time. */
interface AnyHandler {
  execute?(steps: readonly Step[], tools: HostTools): Promise<void>;
  ip?(steps: readonly Step[]): readonly IpCommand[];
  after?(steps: readonly Step[], tools: HostTools): (() => Promise<void>) | undefined;
}

function handlerOf(kind: Exclude<ResourceKind, FirewallKind>): AnyHandler {
  return handlers[kind] as unknown as AnyHandler; // a step's kind says which handler it is for
}

/** Sends the lines of runs of one kind in one go, then does what ip(8) cannot. */
async function runIp(steps: readonly Step[], tools: HostTools): Promise<void> {
  const commands: IpCommand[] = [];
  const afters: (() => Promise<void>)[] = [];
  for (let from = 0; from < steps.length;) {
    const kind = (steps[from] as Step).kind as Exclude<ResourceKind, FirewallKind>;
    let to = from + 1;
    while (steps[to]?.kind === kind) to++;
    const run = steps.slice(from, to);
    const offset = from;
    for (const c of handlerOf(kind).ip?.(run) ?? [])
      if (c.ifThere === undefined || isThere(c.ifThere, tools)) commands.push({ ...c, step: c.step + offset });
    const after = handlerOf(kind).after?.(run, tools);
    if (after)
      afters.push(async () => {
        try {
          await after();
        } catch (error) {
          throw error instanceof StepFailure ? new StepFailure(error.step + offset, error.cause) : error;
        }
      });
    from = to;
  }
  const results: LineResult[] = [];
  for (const part of byRemoval(commands)) {
    const isRemoval = part[0]?.removes !== undefined;
    results.push(
      ...(isRemoval ? await Promise.all(part.map((c) => removeLinks(c.args, c.removes ?? [], tools))) : await runCommands(part, tools)),
    );
  }
  for (const [i, result] of results.entries()) {
    const command = commands[i] as IpCommand;
    if (result.ok || command.fine?.test(result.stderr) === true) continue;
    if (result.stderr === NOT_RUN) continue; // the line that stopped the batch comes first
    throw new StepFailure(command.step, ipError(command, result.stderr));
  }
  for (const after of afters) await after();
}

function ipError({ args, meaning }: IpCommand, stderr: string): VirtnetError {
  const details = { argv: ['ip', ...args], line: batchLine(args) };
  if (meaning?.of.test(stderr) !== true) return toolError('ip', stderr, details);
  return new VirtnetError({ code: 'VNH001', message: meaning.message, hint: meaning.hint, details });
}

/** Neighbours that delete links, and those that do not. */
function byRemoval(commands: readonly IpCommand[]): readonly (readonly IpCommand[])[] {
  const parts: IpCommand[][] = [];
  for (const command of commands) {
    const last = parts.at(-1);
    if (last && (last[0]?.removes === undefined) === (command.removes === undefined)) last.push(command);
    else parts.push([command]);
  }
  return parts;
}

/** The error of a step that failed. */
export function stepError(steps: readonly Step[], index: number, cause: unknown): VirtnetError {
  const step = steps[index];
  const inner = isVirtnetError(cause) ? cause : undefined;
  const isStopped = cause instanceof Error && cause.name === 'AbortError';
  const words = isStopped ? 'it was stopped' : cause instanceof Error ? cause.message : String(cause);
  // What has a name of its own (dnsmasq did not start on a bridge) says more than the step's key.
  const speaks = inner !== undefined && inner.code !== 'VNH001';
  return new VirtnetError({
    code: 'VNP001',
    message: speaks ? words : `could not ${step?.op ?? 'do'} ${step?.key ?? `step ${String(index)}`}: ${words}`,
    ...(isStopped ? { hint: 'run the command again for the whole change' } : inner?.hint === undefined ? {} : { hint: inner.hint }),
    details: {
      step: index,
      ...(step === undefined ? {} : { key: step.key, op: step.op }),
      ...(inner === undefined ? {} : { code: inner.code, ...inner.details }),
    },
    ...(inner?.libvirt && { libvirt: inner.libvirt }),
    cause,
  });
}
