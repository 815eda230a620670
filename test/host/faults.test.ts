// last: faults at steps of every plan; driver-failure and driver-kill have those of whole networks
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { fakeBus } from '../support/fake-bus.ts';
import { fakeSwitches } from '../support/fake-switches.ts';
import { clear, everyDay, planCases, prepareMachine } from '../support/faults/cases.ts';
import { faultyHost } from '../support/faults/faulty-host.ts';
import { cutEverywhere, failEverywhere, type Iteration, type Tried } from '../support/faults/iterate.ts';
import { AGREED, disagreement } from '../support/faults/steps.ts';

/**
 * Faults at the steps of plans. `npm run test:faults` tries every step of every kind of plan, before and after it; the short form one of
 * each kind at some of its steps. VIRTNET_FAULTS_ONLY is a pattern of names. What else is told of a change is played by stand-ins: the system
 * bus, lldpad, a card with port profiles and MidoNet's agent (associations.test.ts has the real lldpad).
 */
const all = process.env['VIRTNET_FAULTS'] === 'all';
const only = new RegExp(process.env['VIRTNET_FAULTS_ONLY'] ?? '');
const cases = (all ? planCases : everyDay).filter(({ name }) => only.test(name));
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '/bin/true' };
const bus = fakeBus();
const switches = fakeSwitches();
const host = faultyHost(linuxHost({ paths, stepSize: 'single' }));
const tried: Tried = { faults: 0, cuts: 0, steps: new Set() };
const PATIENCE = 600_000;

/** In the short form a few steps apart, other ones for each case. */
function iteration(name: string): Iteration {
  const first = name.length % 4;
  return {
    host,
    takes: all ? () => true : (step) => step % 7 === first,
    moments: all ? ['before', 'after'] : ['after'],
    more: () => [bus.state(), switches.state()],
  };
}

beforeAll(prepareMachine);
afterEach(async () => clear(await openDriver({ host })));
afterAll(() => host[Symbol.asyncDispose]());

describe('every kind of plan', () => {
  test.each(cases)(
    '$name: a failure at a step leaves the host as it was',
    async (plan) => {
      await failEverywhere(plan, iteration(plan.name), tried);
    },
    PATIENCE,
  );
  test.each(all ? cases : cases.filter((_, i) => i % 2 === 0))(
    '$name: cut off at a step, it is finished by the next run',
    async (plan) => {
      await cutEverywhere(plan, iteration(plan.name), tried);
    },
    PATIENCE,
  );
  test('were disturbed', () => {
    const { faults, cuts, steps } = tried;
    console.log(`${String(faults)} faults and ${String(cuts)} cuts at steps that ${[...steps].sort().join(', ')}`);
    expect(faults).toBeGreaterThan(cases.length);
    if (only.source !== '(?:)') return;
    expect(disagreement('here', host.planned)).toEqual(AGREED);
    if (all) expect(disagreement('here', steps)).toEqual(AGREED);
  });
});
