// last: a full disk at steps of plans
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { mend, mountSmall, unmount, ways, type Folder } from '../support/disk.ts';
import { clear, planCases, prepareMachine, type Call, type PlanCase } from '../support/faults/cases.ts';
import { faultyHost } from '../support/faults/faulty-host.ts';
import { cutEverywhere, failEverywhere, type Iteration, type Tried } from '../support/faults/iterate.ts';

/**
 * Faults and cuts at the steps of plans while the disk is full or may not be written. `npm run test:faults` tries every step; the short form
 * a few of two plans.
 */
const all = process.env['VIRTNET_FAULTS'] === 'all';
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '/bin/true' };
const host = faultyHost(linuxHost({ paths, stepSize: 'single' }));
const tried: Tried = { faults: 0, cuts: 0, steps: new Set() };
const PATIENCE = 600_000;

interface Condition {
  readonly what: string;
  readonly folder: Folder;
  readonly way: keyof typeof ways;
}
const FULL_CONFIG: Condition = { what: 'a full config folder', folder: 'config', way: 'full' };
const READ_ONLY_CONFIG: Condition = { what: 'a read-only config folder', folder: 'config', way: 'read-only' };
const FULL_RUN: Condition = { what: 'a full run folder', folder: 'run', way: 'full' };

let holding: Condition | undefined;
function begin(condition: Condition): void {
  if (holding === undefined) ways[condition.way](condition.folder);
  holding = condition;
}
function end(): void {
  if (holding) mend(holding.folder);
  holding = undefined;
}

/** The call meets the condition; one that is cut off leaves it to the next run. */
const under =
  (condition: Condition, call: Call): Call =>
  async (driver, options) => {
    begin(condition);
    try {
      return await call(driver, options);
    } finally {
      end();
    }
  };

const named = (pattern: RegExp): readonly PlanCase[] => planCases.filter(({ name }) => pattern.test(name));
/** The way there alone. */
const oneWay = ({ back: _, ...plan }: PlanCase): PlanCase => plan;
/** The way back alone. */
const wayBack = (plan: PlanCase): PlanCase => ({
  ...oneWay(plan),
  before: async (driver) => {
    await plan.before(driver);
    await plan.there(driver, {});
  },
  there: plan.back ?? plan.there,
});

/** Calls that need nothing of the folder: they meet the condition throughout. */
const NO_DEFINITION = /: isolated$|: a veth with limits|guests that stay$|limits of a port|: rules flushed/;
const throughout: readonly (readonly [Condition, readonly PlanCase[]])[] = [
  [READ_ONLY_CONFIG, named(NO_DEFINITION)],
  [FULL_CONFIG, [...named(NO_DEFINITION), ...named(/guests that wait$/)]],
  [
    FULL_RUN,
    [
      ...named(/: isolated$|: a veth with limits/).map(wayBack),
      ...named(/: rules flushed/),
      ...named(/guests that stay$|guests that wait$/).map(oneWay),
    ],
  ],
];
/** Calls that store something: the disk is full or read-only when the next run comes. */
const STORES = /everything that|isolated$|all at once|: a veth with limits|that is edited|net-update|guests that wait$/;
const afterwards: readonly (readonly [Condition, readonly PlanCase[]])[] = [FULL_CONFIG, READ_ONLY_CONFIG, FULL_RUN].map((condition) => [
  condition,
  named(STORES),
]);

const EVERY_DAY = /veth with limits/;
const rows = (from: typeof throughout): readonly (PlanCase & { readonly what: string; readonly condition: Condition })[] =>
  from.flatMap(([condition, plans]) =>
    plans.filter(({ name }) => all || EVERY_DAY.test(name)).map((plan) => ({ ...plan, what: condition.what, condition })),
  );

/** A cut before a step is one after the step before it. */
const iteration: Omit<Iteration, 'nextRun'> = { host, takes: all ? () => true : (step) => step % 2 === 1, moments: ['after'] };

const SMALL: readonly Folder[] = ['config', 'run'];
beforeAll(() => {
  SMALL.forEach(mountSmall);
  prepareMachine();
});
afterEach(async () => {
  end();
  await clear(await openDriver({ host }));
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  SMALL.forEach(unmount);
});

/** The plan's calls meet the condition; what somebody else damages does not. */
const meeting = (condition: Condition, plan: PlanCase): PlanCase => ({
  ...plan,
  there: under(condition, plan.there),
  ...(plan.back && { back: plan.damaged ? plan.back : under(condition, plan.back) }),
});

/** Where the next run needs room it says so, and the one after that converges. */
async function refusedOrDone(condition: Condition, run: () => Promise<void>): Promise<void> {
  begin(condition);
  const refusal: unknown = await run().catch((error: unknown) => error);
  end();
  if (refusal === undefined) return;
  expect(refusal).toMatchObject({ message: expect.stringMatching(/no space left on device/i) as string });
  await run();
}

async function done(condition: Condition, run: () => Promise<void>): Promise<void> {
  begin(condition);
  await run();
  end();
}

describe('every kind of plan', () => {
  test.each(rows(throughout))(
    'under $what, $name: a failure at a step leaves the host as it was',
    ({ condition, ...plan }) => failEverywhere(meeting(condition, plan), iteration, tried),
    PATIENCE,
  );
  test.each(rows(throughout))(
    'under $what, $name: cut off at a step, it is finished by the next run',
    ({ condition, ...plan }) => cutEverywhere(meeting(condition, plan), { ...iteration, nextRun: (run) => done(condition, run) }, tried),
    PATIENCE,
  );
  test.each(rows(afterwards))(
    'cut off at a step, and then $what: $name is finished by the next run',
    ({ condition, ...plan }) => cutEverywhere(plan, { ...iteration, nextRun: (run) => refusedOrDone(condition, run) }, tried),
    PATIENCE,
  );
});

test('were disturbed', () => {
  console.log(`${String(tried.faults)} faults and ${String(tried.cuts)} cuts`);
  expect(Math.min(tried.faults, tried.cuts)).toBeGreaterThan(all ? 100 : 1);
});
