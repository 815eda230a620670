// root: a send buffer beyond the limit
// kernels: both
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { pings } from '../support/pings.ts';
import { arriving, waiting } from '../support/traffic/datagrams.ts';
import { bytesIn, OUTSIDE, trafficLab, type Flow, type Seconds, type TrafficLab } from '../support/traffic/lab.ts';
import { holds, HALF, keepLimits } from '../support/traffic/measure.ts';

/** Low, so that a machine that emulates another one keeps up. */
const LIMIT = { average: 600, burst: 1000 } as const;
const document = (bandwidth: string, group = ''): string => `<network><name>limits</name><forward mode='nat'/><bridge name='vbl' stp='off'/>
  <mac address='52:54:00:09:00:01'/><ip address='10.9.0.1' netmask='255.255.255.0'/>${bandwidth}
  <portgroup name='all' default='yes'>${group}</portgroup></network>`;
const limited = (rate: string): string => `<bandwidth><inbound ${rate}/><outbound ${rate}/></bandwidth>`;
const first = document(limited(`average='${String(LIMIT.average)}' burst='${String(LIMIT.burst)}'`));

/** What a network's limits let through, on whichever kernel this runs. The whole table is printed by bench/shaping.ts. */
describe('limits of a network', () => {
  let driver: NetworkDriver;
  let lab: TrafficLab;
  beforeAll(async () => {
    driver = await openDriver();
    lab = await trafficLab(driver, '10.9.0');
    await driver.up([first]);
    for (const n of [1, 2]) await lab.plug(n, 'limits', 'netns');
  });
  afterAll(async () => {
    await driver.stop('limits');
    await lab.end();
    await driver[Symbol.asyncDispose]();
  });

  test('are kept to and used: TCP in, UDP out', () =>
    keepLimits(lab, [
      { guest: 1, way: 'in', protocol: 'tcp', limit: LIMIT },
      { guest: 2, way: 'out', protocol: 'udp', udpRate: '15M', limit: LIMIT },
    ]));

  test('are kept to and used: UDP in, TCP out', () =>
    keepLimits(lab, [
      { guest: 1, way: 'in', protocol: 'udp', udpRate: '15M', limit: LIMIT },
      { guest: 2, way: 'out', protocol: 'tcp', limit: LIMIT },
    ]));

  /** Payload of each flow as a part of all that arrived, once the burst is used up. */
  const shares = async (...flows: readonly Flow[]): Promise<readonly number[]> => {
    const seen: readonly Seconds[] = await Promise.all(flows.map((flow) => lab.flow(flow, HALF + 3)));
    const parts = seen.map((flow) => bytesIn(flow, 3, HALF + 3));
    return parts.map((part) => part / parts.reduce((sum, p) => sum + p, 0));
  };

  test('are shared by halves, also with a guest that has many flows or sends more', async () => {
    const one = { guest: 1, protocol: 'tcp' } as const;
    // One way after the other: what a guest sends would wait with the acknowledgements of what it receives.
    await holds(() => shares({ ...one, way: 'in' }, { ...one, guest: 2, way: 'in', streams: 4 }), 0.5, 0.15);
    await holds(() => shares({ ...one, way: 'out' }, { guest: 2, way: 'out', protocol: 'udp', udpRate: '15M' }), 0.5, 0.15);
  });

  test('change, go and come while guests are plugged, and no packet is lost', async () => {
    const running = [pings('g1', OUTSIDE), pings('g2', OUTSIDE)];
    const inboundOnly = "<bandwidth><inbound average='900'/></bandwidth>";
    // A guest's own limit towards it stays while its device must stop leading to the network's queue.
    for (const next of [
      document(limited("average='900' peak='1000' burst='99'"), inboundOnly),
      document(inboundOnly, inboundOnly),
      document(''),
      first,
    ])
      await driver.up([next]);
    const counts = await Promise.all(running.map((ping) => ping.end()));
    for (const { sent } of counts) expect(sent).toBeGreaterThan(20); // the edits may be quick
    expect(counts.map(({ lost }) => lost)).toEqual([0, 0]);
  });

  test.each([
    { way: 'in', to: 'g1', address: '10.9.0.11' },
    { way: 'out', from: 'g1', to: 'outside', address: OUTSIDE },
  ])('that are taken away let go what waits in their queues: $way', async (flow) => {
    await driver.up([document(limited("average='10' burst='10'"))]);
    const arrived = await arriving({ ...flow, count: 200, size: 1000 }, async () => {
      expect(waiting()).toBeGreaterThan(50);
      await driver.up([document('')]);
    });
    expect(arrived).toBe(200);
    expect(waiting()).toBe(0);
  });
});
