// last: faults at steps with Open vSwitch
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { sh } from '../support/driver-documents.ts';
import type { PlanCase } from '../support/faults/cases.ts';
import { clear } from '../support/faults/cases.ts';
import { faultyHost } from '../support/faults/faulty-host.ts';
import { cutEverywhere, failEverywhere, type Iteration, type Tried } from '../support/faults/iterate.ts';
import { AGREED, disagreement } from '../support/faults/steps.ts';
import { startOvs, vsctl, whyNoOvs } from '../support/ovs.ts';
import { mac, uuid } from '../support/ports.ts';

/** A fault before and after every step that has to do with Open vSwitch, as faults.test.ts does for the rest. */
const reason = whyNoOvs();
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '/bin/true' };
const host = faultyHost(linuxHost({ paths, stepSize: 'single' }));
const tried: Tried = { faults: 0, cuts: 0, steps: new Set() };
const COLUMNS = '--columns=name,tag,trunks,vlan_mode,protected,external_ids';
const iteration: Iteration = {
  host,
  takes: () => true,
  moments: ['before', 'after'],
  more: () => [vsctl('list-ports', 'ovsbr0'), ...['port', 'interface'].map((table) => rows(table))],
};

/** Without what Open vSwitch notes by itself. */
function rows(table: string): unknown {
  const columns = table === 'port' ? COLUMNS : '--columns=name,external_ids';
  const { data } = JSON.parse(vsctl('--format=json', columns, 'list', table)) as { readonly data: readonly unknown[] };
  return data.map((row) => JSON.stringify(row)).sort();
}

const document = (vlan = ''): string => `<network><name>ovs</name><uuid>${uuid(1)}</uuid><forward mode='bridge'/><bridge name='ovsbr0'/>
  <virtualport type='openvswitch'/>${vlan}</network>`;
const attach =
  (n: number): PlanCase['there'] =>
  (driver, options) =>
    driver.attach(
      'ovs',
      {
        document: `<networkport><uuid>${uuid(100 + n)}</uuid><owner><name>g${String(n)}</name><uuid>${uuid(200 + n)}</uuid></owner>
          <mac address='${mac(n)}'/><virtualport type='openvswitch'><parameters interfaceid='${uuid(300 + n)}'/></virtualport><vlan><tag id='42'/></vlan></networkport>`,
        attachment: { type: 'netns', netns: `g${String(n)}`, guestDev: 'eth0', dev: `vg${String(n)}` },
      },
      options,
    );

const cases: readonly PlanCase[] = [
  {
    name: 'attach and detach',
    before: (driver) => driver.up([document()]),
    there: attach(1),
    back: (driver, options) => driver.detach('ovs', uuid(101), options),
  },
  {
    name: 'repair of a port whose VLAN and isolation were changed, and of one that was taken away',
    before: async (driver) => {
      await driver.up([document()]);
      for (const n of [1, 2]) await attach(n)(driver, {});
      damage();
    },
    there: (driver, options) => driver.repair(undefined, options),
    back: () => Promise.resolve(damage()),
    damaged: true,
  },
];

function damage(): void {
  vsctl('set', 'port', 'vg1', 'tag=7', 'protected=true');
  vsctl('--if-exists', 'del-port', 'vg2');
}

describe.skipIf(reason !== undefined)(`Open vSwitch${reason === undefined ? '' : ` (${reason})`}`, () => {
  let stop = (): void => undefined;
  beforeAll(() => {
    stop = startOvs();
    vsctl('add-br', 'ovsbr0', '--', 'set', 'bridge', 'ovsbr0', 'datapath_type=netdev');
    for (const n of [1, 2]) sh(`ip netns add g${String(n)}`);
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    for (const n of [1, 2]) sh(`ip netns del g${String(n)}`);
    stop();
  });

  test.each(cases)('$name: a failure at a step leaves all as it was', async (plan) => {
    await failEverywhere(plan, iteration, tried);
    await clear(await openDriver({ host }));
  });
  test.each(cases)('$name: cut off at a step, it is finished by the next run', async (plan) => {
    await cutEverywhere(plan, iteration, tried);
    await clear(await openDriver({ host }));
  });
  test('was disturbed', () => {
    console.log(`${String(tried.faults)} faults and ${String(tried.cuts)} cuts`);
    expect(disagreement('ovs', tried.steps)).toEqual(AGREED);
  });
});
