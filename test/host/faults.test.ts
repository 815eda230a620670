import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceKind } from '../../src/compile/host-state.ts';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import type { Step } from '../../src/plan/plan.ts';
import { fakeBus } from '../support/fake-bus.ts';
import { fakeMidonet } from '../support/fake-midonet.ts';
import { clear, everyDay, planCases, prepareMachine } from '../support/faults/cases.ts';
import { faultyHost } from '../support/faults/faulty-host.ts';
import { cutEverywhere, failEverywhere, type Iteration, type Tried } from '../support/faults/iterate.ts';

/**
 * Faults at the steps of plans. `npm run test:faults` tries every step of every kind of plan, before and after it; the short form one of
 * each kind at some of its steps. VIRTNET_FAULTS_ONLY is a pattern of names.
 */
const all = process.env['VIRTNET_FAULTS'] === 'all';
const only = new RegExp(process.env['VIRTNET_FAULTS_ONLY'] ?? '');
const cases = (all ? planCases : everyDay).filter(({ name }) => only.test(name));
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '/bin/true' };
const bus = fakeBus();
const midonet = fakeMidonet();
const host = faultyHost(linuxHost({ paths, stepSize: 'single' }));
const tried: Tried = { faults: 0, kinds: new Set() };
const PATIENCE = 600_000;

/**
 * What steps do to each kind of thing. Virtual functions, VLANs and Open vSwitch are disturbed where they are (faults.lab.test.ts,
 * sriov.lab.test.ts, faults-ovs.test.ts); of switches MidoNet's tool is played here, lldpad and cards' port profiles are in associations.test.ts; what is empty here a plan never does: the table
 * has one condition, a name server is told by its device.
 */
const ops: Record<ResourceKind, readonly Step['op'][]> = {
  link: ['create', 'change', 'delete'],
  'link-up': ['create', 'change', 'delete'],
  'parent-up': ['create', 'delete'],
  'bridge-port': ['create', 'change', 'delete'],
  fdb: ['create', 'delete'],
  address: ['create', 'delete'],
  route: ['create', 'delete'],
  sysctl: ['create', 'change'],
  'firewall-base': ['create', 'delete'],
  firewall: ['create', 'change', 'delete'],
  dnsmasq: ['create', 'change', 'delete'],
  shaping: ['create', 'change', 'delete'],
  resolved: ['create', 'change', 'delete'],
  zone: ['create', 'change', 'delete'],
  vf: [],
  'pci-driver': [],
  'ovs-port': [],
  association: ['create', 'delete'],
  // Not every kernel has the action; it goes with its bridge.
  checksum: (await host.facts()).capabilities.csum ? ['create'] : [],
};
const everyKind = (): readonly string[] =>
  Object.entries(ops)
    .flatMap(([kind, done]) => done.map((op) => `${op} ${kind}`))
    .sort();

/** In the short form a few steps apart, other ones for each case. */
function iteration(name: string): Iteration {
  const first = name.length % 4;
  return {
    host,
    takes: all ? () => true : (step) => step % 7 === first,
    moments: all ? ['before', 'after'] : ['after'],
    more: () => [bus.state(), midonet.state()],
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
    console.log(`${String(tried.faults)} faults at steps that ${[...tried.kinds].sort().join(', ')}`);
    expect(tried.faults).toBeGreaterThan(cases.length);
    if (all && only.source === '(?:)') expect([...tried.kinds].sort()).toEqual(everyKind());
  });
});
