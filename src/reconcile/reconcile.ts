import { VirtnetError, isVirtnetError } from '../base/errors.ts';
import type { HostState } from '../compile/host-state.ts';
import type { ExecuteOptions, Host, ObserveRequest } from '../host/host.ts';
import { withBounces } from '../plan/bounce.ts';
import { compareResource } from '../plan/compare.ts';
import { diff } from '../plan/diff.ts';
import { isFirewall } from '../plan/order.ts';
import type { Step } from '../plan/plan.ts';

export interface ReconcileRequest {
  /** What the networks in `networks` should mean on the host, shared resources included. */
  readonly desired: HostState;
  /**
   * What the networks meant until now. Resources that carry no mark of ours (sysctls, virtual functions) are found by being named, so
   * those that are no longer wanted are named here: they are taken back, and an undo brings them back.
   */
  readonly former?: HostState;
  /** The networks the change is about: only their resources (and the shared ones) are observed, made or removed. */
  readonly networks: ReadonlySet<string> | 'all';
  /** Of these networks only these ports (uuids): the change is about single guests. */
  readonly ports?: ReadonlySet<string> | undefined;
  /** Guests whose network is renumbered are told by a bounce of their links. */
  readonly bounce?: boolean | undefined;
  /** What was found is damage: packet rules that are as they should be again stay so when a later step fails. */
  readonly mends?: boolean | undefined;
  /** Look and plan only. */
  readonly dryRun?: boolean;
  /** Called with the plan once it is known, before anything is changed. May throw to refuse it. */
  readonly onPlan?: (steps: readonly Step[]) => void | Promise<void>;
  readonly onStep?: ExecuteOptions['onStep'];
  readonly signal?: AbortSignal;
}

export interface ReconcileResult {
  readonly steps: readonly Step[];
  readonly applied: boolean;
}

/** Undoing may itself meet a passing fault (a device still busy); it is planned afresh this many times. */
const UNDO_ATTEMPTS = 3;
/** Deleting one address can take others of its subnet along, so a plan that deletes is looked at again at most this often. */
const SETTLE_PASSES = 2;

/**
 * The loop: observe, plan, execute. Start, stop, edit, attach, repair and dry run are this function with another desired state.
 * When a step fails the host is observed again and led back to what it was before: the way back is planned, not replayed, so it is right
 * whatever part of a batch had taken effect.
 * @throws VirtnetError VNP001 after a complete undo, VNP002 when the undo failed too; what `onPlan` throws, unchanged.
 */
export async function reconcile(host: Host, request: ReconcileRequest): Promise<ReconcileResult> {
  const look = lookFor(request, named(request));
  const before = await host.observe(look);
  const changes = diff(request.desired, before);
  const steps = request.bounce === true ? withBounces(changes, request.desired) : changes;
  if (request.dryRun === true) return { steps, applied: false };
  await request.onPlan?.(steps);
  if (steps.length === 0) return { steps, applied: false };
  try {
    await host.execute(steps, executeOptions(request));
    await settle(host, request, steps);
  } catch (cause) {
    await undo(host, request, before, cause);
    const rest = request.mends === true && steps.some(({ kind }) => isFirewall(kind)) ? ', but for packet rules' : '';
    throw failure('VNP001', cause, `what was done before it has been undone${rest}`, steps);
  }
  return { steps, applied: true };
}

/** All that is to be looked at by name. */
function named({ former, desired }: ReconcileRequest): HostState {
  return former === undefined ? desired : new Map([...former, ...desired]);
}

function lookFor({ networks, ports }: ReconcileRequest, desired: HostState): ObserveRequest {
  return { networks, ...(ports === undefined ? {} : { ports }), desired };
}

function executeOptions(request: ReconcileRequest): ExecuteOptions {
  return {
    ...(request.onStep ? { onStep: request.onStep } : {}),
    ...(request.signal ? { signal: request.signal } : {}),
  };
}

/** Looks again after steps that can have side effects on their neighbours, and mends what they took along. */
async function settle(host: Host, request: ReconcileRequest, steps: readonly Step[]): Promise<void> {
  const look = lookFor(request, named(request));
  let last = steps;
  for (let pass = 0; pass < SETTLE_PASSES && last.some((s) => s.op === 'delete' && s.kind === 'address'); pass++) {
    last = diff(request.desired, await host.observe(look));
    if (last.length > 0) await host.execute(last);
  }
}

/** Leads the host back to what was found, as far as it can be made. */
async function undo(host: Host, request: ReconcileRequest, found: HostState, cause: unknown): Promise<void> {
  const before = new Map([...found].filter(([, r]) => r.kind !== 'shaping' || r.orphaned !== true));
  const look = lookFor(request, new Map([...named(request), ...before]));
  const wayBack = async (): Promise<readonly Step[]> => {
    const now = await host.observe(look);
    return diff(request.mends === true ? withMendedRules(before, now, request.desired) : before, now);
  };
  let failed: unknown;
  for (let attempt = 0; attempt < UNDO_ATTEMPTS; attempt++) {
    try {
      const back = await wayBack();
      if (back.length === 0) return;
      await host.execute(back);
    } catch (error) {
      failed = error;
    }
  }
  const left = await leftover(wayBack, failed);
  if (left.length === 0) return;
  throw failure('VNP002', cause, `the undo failed too: ${messageOf(failed)}`, left);
}

/** What was found, but for packet rules: those that are as they should be stay, and those that should not be and are gone stay away. */
function withMendedRules(before: HostState, now: HostState, desired: HostState): HostState {
  const rest = [...before].filter(([key, { kind }]) => !isFirewall(kind) || desired.has(key) || now.has(key));
  const mended = [...desired].filter(([key, rules]) => {
    const found = now.get(key);
    return isFirewall(rules.kind) && found !== undefined && compareResource(rules, found).length === 0;
  });
  return new Map([...rest, ...mended]);
}

async function leftover(wayBack: () => Promise<readonly Step[]>, failed: unknown): Promise<readonly Step[]> {
  try {
    return await wayBack();
  } catch (error) {
    throw failure('VNP002', failed, `the host cannot be observed: ${messageOf(error)}`, []);
  }
}

function failure(code: 'VNP001' | 'VNP002', cause: unknown, outcome: string, steps: readonly Step[]): VirtnetError {
  const inner = isVirtnetError(cause) ? cause : undefined;
  const index = inner?.details['step'];
  const key = typeof index === 'number' ? steps[index]?.key : undefined;
  // A failure with a name of its own (dnsmasq did not start, no permission, a tool is missing) keeps it.
  const own = inner?.details['code'];
  const named = typeof own === 'string' && own !== 'VNH001' ? own : undefined;
  const speaks = named !== undefined || key === undefined || inner?.message.includes(key) === true;
  return new VirtnetError({
    code: code === 'VNP001' ? (named ?? inner?.code ?? code) : code,
    message: `${speaks ? '' : `${key}: `}${messageOf(cause)}; ${outcome}`,
    hint: code === 'VNP002' ? 'run `virtnet repair` when the cause is mended' : (inner?.hint ?? 'mend the cause and try again'),
    details: {
      ...inner?.details,
      ...(key === undefined ? {} : { key }),
      ...(code === 'VNP002' ? { left: steps.map((s) => `${s.op} ${s.key}`) } : {}),
    },
    ...(inner?.libvirt ? { libvirt: inner.libvirt } : {}),
    cause,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
