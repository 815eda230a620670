import { expect } from 'vitest';
import { isSame } from '../../../src/base/same.ts';
import type { NetworkDriver } from '../../../src/driver/driver.ts';
import { openDriver } from '../../../src/driver/open.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { pings } from '../pings.ts';
import { hostSnapshot, type HostSnapshot } from '../host-snapshot.ts';
import { clear, type Call, type PlanCase } from './cases.ts';
import { stepName } from './steps.ts';
import { INJECTED, type Fault, type FaultyHost } from './faulty-host.ts';

/** What to try of a case. */
export interface Iteration {
  readonly host: FaultyHost;
  /** Which steps of a plan are disturbed, of those that it has. */
  readonly takes: (step: number) => boolean;
  readonly moments: readonly Fault['moment'][];
  /** What else is to be equal on equal hosts. */
  readonly more?: () => unknown;
  /** Runs what comes after a cut, under conditions of its own. */
  readonly nextRun?: (run: () => Promise<void>) => Promise<void>;
}

/** Counts of what was tried, to be sure that something was. */
export interface Tried {
  faults: number;
  cuts: number;
  /** The names (`stepName`) of the disturbed steps. */
  readonly steps: Set<string>;
}

/** Counts one fault or cut; gives the words for its place. */
function note(tried: Tried, way: string, { moment, step, how }: Fault, met: Step): string {
  tried[how === 'fail' ? 'faults' : 'cuts']++;
  tried.steps.add(stepName(met));
  return `${way}, ${how === 'fail' ? 'after a failure' : 'cut'} ${moment} step ${String(step)} (${met.op} ${met.key})`;
}

const MOST_STEPS = 400;
type Snapshot = HostSnapshot & { readonly more: unknown };

function snapshot({ more }: Iteration): Snapshot {
  return { ...hostSnapshot(), more: more?.() };
}

/** The faults of one direction in order, until `attempt` says that the change had no such step. */
async function eachFault({ takes, moments }: Iteration, how: Fault['how'], attempt: (fault: Fault) => Promise<boolean>): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step++) {
    if (!takes(step)) continue;
    for (const moment of moments) if (!(await attempt({ step, moment, how }))) return;
  }
  throw new Error('the change never comes to its end');
}

/** Makes a change fail at each of its steps, in both directions: each time the host is as it was before. */
export async function failEverywhere(plan: PlanCase, iteration: Iteration, tried: Tried): Promise<void> {
  const { host } = iteration;
  const driver = await openDriver({ host });
  await plan.before(driver);
  await unnoticed(plan, () => failBothWays(plan, iteration, tried, driver));
}

/** Between the guests of a silent case no packet is lost meanwhile. */
async function unnoticed(plan: PlanCase, action: () => Promise<void>): Promise<void> {
  const running = plan.silent ? pings('g1', '10.7.20.12') : undefined;
  try {
    await action();
  } finally {
    const counts = await running?.end();
    if (counts) {
      expect(counts.sent).toBeGreaterThan(10);
      expect(counts.lost, 'pings between the guests').toBe(0);
    }
  }
}

async function failBothWays(plan: PlanCase, iteration: Iteration, tried: Tried, driver: NetworkDriver): Promise<void> {
  const { host } = iteration;
  for (const [way, call] of directions(plan)) {
    const before = snapshot(iteration);
    await eachFault(iteration, 'fail', async (fault) => {
      host.arm(fault);
      const outcome = await outcomeOf(call(driver, {}));
      const step = host.met();
      if (step === undefined) {
        expect(outcome, `${way} without a fault`).toBe('done');
        return false;
      }
      const where = note(tried, way, fault, step);
      if (plan.tells) expect(outcome).toBe('done');
      else expect(outcome, where).toMatchObject({ message: expect.stringContaining(INJECTED) as string });
      const now = snapshot(iteration);
      // Packet rules that a repair has brought back stay.
      const isMended = plan.damaged === true && way === 'there' && !isSame(now.rules, before.rules);
      expect(isMended ? { ...now, rules: before.rules } : now, where).toEqual(before);
      if (isMended) await plan.back?.(driver, {});
      return true;
    });
    if (way === 'back' && plan.damaged) return;
    expect(
      (await driver.diff()).steps.map((s) => `${s.op} ${s.key}: ${s.reason}`),
      `${way}: left`,
    ).toEqual([]);
  }
}

/**
 * Cuts a change off at each of its steps, in both directions, as kill -9 does: after a repair by somebody who knows nothing of it the host
 * is as if the change had been made whole, and nothing is left over.
 */
export async function cutEverywhere(plan: PlanCase, iteration: Iteration, tried: Tried): Promise<void> {
  const { host, nextRun = (run: () => Promise<void>) => run() } = iteration;
  let driver = await openDriver({ host });
  await plan.before(driver);
  const before = snapshot(iteration);
  await plan.there(driver, {});
  const after = snapshot(iteration);
  const goBack: Call = plan.back ?? (async (d) => (await clear(d), plan.before(d)));
  await goBack(driver, {});
  const ended = new Set<string>();
  const cut = async (way: string, call: Call, to: Snapshot, fault: Fault): Promise<void> => {
    if (ended.has(way)) return void (await call(driver, {}));
    host.arm(fault);
    const outcome = await Promise.race([outcomeOf(call(driver, {})), host.whenCut()]);
    const step = host.met();
    if (step === undefined) {
      expect(outcome, way).toBe('done');
      ended.add(way);
      return;
    }
    const where = note(tried, way, fault, step);
    await nextRun(async () => {
      driver = await openDriver({ host });
      expect(await driver.problems(), where).toEqual([]);
      await driver.repair();
      expect(
        (await driver.diff()).steps.map((s) => `${s.op} ${s.key}: ${s.reason}`),
        `${where}: left`,
      ).toEqual([]);
    });
    await plan.next?.(driver, {});
    expect(snapshot(iteration), where).toEqual(to);
  };
  await unnoticed(plan, () =>
    eachFault(iteration, 'cut', async (fault) => {
      await cut('there', plan.there, after, fault);
      if (plan.back !== undefined) await cut('back', plan.back, before, fault);
      else {
        await goBack(driver, {});
        ended.add('back');
      }
      return !(ended.has('there') && ended.has('back'));
    }),
  );
}

function directions({ there, back }: PlanCase): readonly (readonly [string, Call])[] {
  return [['there', there], ...(back === undefined ? [] : [['back', back] as const])];
}

function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'done',
    (error: unknown) => error,
  );
}
