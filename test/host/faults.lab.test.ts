// last: faults at steps that few hosts take
// lab: --igb 1
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { sh } from '../support/driver-documents.ts';
import { clear, guest, starts, type PlanCase } from '../support/faults/cases.ts';
import { faultyHost } from '../support/faults/faulty-host.ts';
import { cutEverywhere, failEverywhere, type Iteration, type Tried } from '../support/faults/iterate.ts';
import { AGREED, disagreement } from '../support/faults/steps.ts';
import { uuid } from '../support/ports.ts';

/**
 * Faults at every step that needs another kernel or a card, as faults.test.ts has it for the rest: virtual functions, VLANs of a bridge.
 * An emulated machine takes a second for each look at it: failures after the steps of two plans are for every day, the rest for
 * `npm run test:faults`.
 */
const all = process.env['VIRTNET_FAULTS'] === 'all';
const PCI = '/sys/bus/pci/devices';
const card = readdirSync('/sys/bus/pci/drivers/igb').find((name) => /^[0-9a-f]{4}:/.test(name)) ?? '';
const functions = (): readonly string[] => [0, 1].map((n) => basename(readlinkSync(`${PCI}/${card}/virtfn${String(n)}`)));
const paths = { runDir: process.env['VIRTNET_RUN_DIR'] ?? '', stateDir: process.env['VIRTNET_STATE_DIR'] ?? '', leaseScript: '/bin/true' };
const host = faultyHost(linuxHost({ paths, stepSize: 'single' }));
const tried: Tried = { faults: 0, cuts: 0, steps: new Set() };
const PATIENCE = 900_000;

const TAGGED = { vlan: { trunk: false, tags: [{ id: 42 }] } } as const;
const bridged = (inner: string): string =>
  `<network><name>lan</name><uuid>${uuid(1)}</uuid><forward mode='bridge'/><bridge name='br0'/>
    <portgroup name='a' default='yes'>${inner}</portgroup></network>`;

describe('steps that need another kernel', () => {
  let pf = '';
  const iteration: Iteration = {
    host,
    takes: () => true,
    moments: all ? ['before', 'after'] : ['after'],
    more: () => [
      execFileSync('ip', ['link', 'show', 'dev', pf], { encoding: 'utf8' }).match(/vf \d+ .*/g),
      functions().map((address) => basename(readlinkSync(`${PCI}/${address}/driver`))),
    ],
  };

  beforeAll(() => {
    for (const module of ['igbvf', 'vfio-pci', 'bridge', 'veth', 'tun', 'macvtap']) execFileSync('modprobe', [module]);
    writeFileSync(`${PCI}/${card}/sriov_numvfs`, '2');
    pf = readdirSync(`${PCI}/${card}/net`)[0] ?? '';
    // The lab's own router tells of itself now and then.
    sh('for f in /proc/sys/net/ipv6/conf/*/accept_ra; do echo 0 >$f; done; ip -6 route flush proto ra');
    sh(`ip link set ${pf} up; for n in 0 1; do ip link set ${pf} vf $n mac 02:00:00:00:aa:0$n; done
      ip link add br0 address 52:54:00:00:bb:00 type bridge vlan_filtering 1; ip link set br0 up`);
  });
  afterEach(async () => clear(await openDriver({ host })));
  // This machine is another test's afterwards.
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    sh('ip link delete br0');
    writeFileSync(`${PCI}/${card}/sriov_numvfs`, '0');
  });

  const handedOver = (): string =>
    `<network><name>sriov</name><uuid>${uuid(2)}</uuid><forward mode='hostdev' managed='yes'><pf dev='${pf}'/></forward></network>`;
  const damage = (): void => {
    const address = functions()[0] ?? '';
    sh(`ip link set ${pf} vf 0 vlan 9; echo ${address} >${PCI}/${address}/driver/unbind; echo >${PCI}/${address}/driver_override
      echo ${address} >/sys/bus/pci/drivers/igbvf/bind`);
  };

  const everyDay: readonly PlanCase[] = [
    {
      name: 'attach and detach of a virtual function with a tag',
      before: (driver) => driver.up([handedOver()]),
      there: (driver, options) => driver.attach('sriov', guest(1, { type: 'hostdev' }, '', TAGGED), options),
      back: (driver, options) => driver.detach('sriov', uuid(101), options),
    },
    {
      name: 'another VLAN of the portgroup, on a bridge that filters VLANs',
      before: async (driver) => {
        await driver.up([bridged("<vlan><tag id='42'/></vlan>")]);
        await driver.attach('lan', guest(1, { type: 'tap', dev: 'tg1' }));
      },
      there: (driver, options) => driver.up([bridged("<vlan><tag id='7'/></vlan>")], options),
      back: (driver, options) => driver.up([bridged("<vlan><tag id='42'/></vlan>")], options),
    },
  ];

  const others: readonly PlanCase[] = [
    {
      name: 'attach and detach of a macvtap that has a virtual function to itself, with a tag',
      before: (driver) =>
        driver.up([`<network><name>alone</name><uuid>${uuid(3)}</uuid><forward mode='passthrough'><pf dev='${pf}'/></forward></network>`]),
      there: (driver, options) => driver.attach('alone', guest(1, { type: 'macvtap', dev: 'mg1' }, '', TAGGED), options),
      back: (driver, options) => driver.detach('alone', uuid(101), options),
    },
    {
      name: 'repair of a virtual function whose tag and driver were changed',
      before: async (driver) => {
        await driver.up([handedOver()]);
        await driver.attach('sriov', guest(1, { type: 'hostdev' }, '', TAGGED));
        damage();
      },
      there: (driver, options) => driver.repair(undefined, options),
      back: () => Promise.resolve(damage()),
      damaged: true,
    },
    starts(
      'a network with a bridge of its own',
      'own',
      `<network><name>own</name><uuid>${uuid(4)}</uuid><bridge name='vb4' stp='off'/>
        <mac address='52:54:00:00:aa:04'/></network>`,
    ),
  ];
  const cases = all ? [...everyDay, ...others] : everyDay;

  test.each(cases)('$name: a failure at a step leaves all as it was', (plan) => failEverywhere(plan, iteration, tried), PATIENCE);
  test.each(all ? cases : [])(
    '$name: cut off at a step, it is finished by the next run',
    (plan) => cutEverywhere(plan, iteration, tried),
    PATIENCE,
  );
  test('were disturbed', () => {
    console.log(`${String(tried.faults)} faults and ${String(tried.cuts)} cuts`);
    expect(tried.faults).toBeGreaterThan(everyDay.length);
    expect(disagreement('lab', tried.steps)).toEqual(
      all ? AGREED : { ...AGREED, missing: ['create checksum', 'change vf', 'change pci-driver'] },
    );
  });
});
