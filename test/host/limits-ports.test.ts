// last: limits of single guests; limits-network has those of all
// root: the nodes of macvtaps
// kernels: both
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { pings } from '../support/pings.ts';
import type { TrafficGuest } from '../support/traffic/guest.ts';
import { bytesIn, OUTSIDE, trafficLab, type TrafficLab, type Way } from '../support/traffic/lab.ts';
import { HALF, holds, keepLimits, type Limit } from '../support/traffic/measure.ts';

/**
 * Kilobytes a second. TCP at much less would fill a queue (256 KiB) with seconds of traffic, and its lost segments hold back what has
 * arrived. UDP is few packets, with a burst that outlasts a pause, so that a machine that emulates another one can carry them.
 */
const TCP = { group: { average: 500, burst: 300 }, own: { average: 700 } } as const;
const UDP = { group: { average: 120, burst: 120 }, own: { average: 150, burst: 150 } } as const;
const limits = ({ average, burst }: Limit): string => {
  const rate = `average='${String(average)}'${burst === undefined ? '' : ` burst='${String(burst)}'`}`;
  return `<bandwidth><inbound ${rate}/><outbound ${rate}/></bandwidth>`;
};
const group = (limit: Limit): string => `<portgroup name='slow'>${limits(limit)}</portgroup>`;
const routed = (limit: Limit, inbound = 2000): string => `<network><name>ports</name><forward mode='nat'/><bridge name='vbl' stp='off'/>
  <mac address='52:54:00:09:00:01'/><bandwidth><inbound average='${String(inbound)}'/></bandwidth>
  <ip address='10.9.0.1' netmask='255.255.255.0'/>${group(limit)}</network>`;
const direct = (limit: Limit): string =>
  `<network><name>direct</name><forward mode='bridge'><interface dev='up0'/></forward>${group(limit)}</network>`;

/** What the limits of single guests let through, for each way of plugging, on whichever kernel this runs. */
describe('limits of a guest', () => {
  let driver: NetworkDriver;
  let lab: TrafficLab;
  let veth: TrafficGuest;
  let tap: TrafficGuest;
  beforeAll(async () => {
    driver = await openDriver();
    lab = await trafficLab(driver, '10.9.0');
    await driver.up([routed(TCP.group), direct(TCP.group)]);
    veth = await lab.plug(1, 'ports', 'netns', { portgroup: 'slow' });
    tap = await lab.plug(2, 'ports', 'tap', {
      document: `<interface type='network'><source network='ports'/>${limits(TCP.own)}</interface>`,
    });
    await lab.plug(3, 'direct', 'macvtap', { portgroup: 'slow' });
  });
  afterAll(async () => {
    await driver.stopAll(['ports', 'direct']);
    await lab.end();
    await driver[Symbol.asyncDispose]();
  });

  const keep = (protocol: 'tcp' | 'udp', { group, own }: { readonly group: Limit; readonly own: Limit }, way: Way): Promise<void> =>
    keepLimits(
      lab,
      [group, own, group].map((limit, i) => ({ guest: i + 1, way, protocol, udpRate: '1.6M', limit })),
      // UDP needs no time to find the rate; a machine that emulates another one stops for a part of a second now and then.
      protocol === 'udp' && process.env['KERNEL_LAB'] === undefined ? 3 : undefined,
    );

  // What a guest sends would wait with the acknowledgements of what it receives, and all at once is more than a busy machine emulates.
  test.each(['in', 'out'] as const)('by its portgroup or its own, on a veth, a tap and a macvtap: TCP %s', (way) => keep('tcp', TCP, way));

  test('change while it runs, with its portgroup or by themselves, and lose no packet: UDP', async () => {
    const running = [pings('g1', OUTSIDE), pings('g2', OUTSIDE), pings('g3', OUTSIDE)];
    await driver.up([routed(UDP.group), direct(UDP.group)]);
    await driver.setPortBandwidth('ports', tap.port, { inbound: UDP.own, outbound: UDP.own });
    const counts = await Promise.all(running.map((ping) => ping.end()));
    for (const { sent } of counts) expect(sent).toBeGreaterThan(20);
    expect(counts.map(({ lost }) => lost)).toEqual([0, 0, 0]);
    for (const way of ['in', 'out'] as const) await keep('udp', UDP, way);
  });

  test('a guaranteed share is a guest’s own while others want all there is, and no more than there is can be promised', async () => {
    const [inbound, floor] = [300, 200];
    await driver.up([routed(UDP.group, inbound)]);
    await driver.setPortBandwidth('ports', veth.port, { inbound: { average: 0, floor } });
    await driver.setPortBandwidth('ports', tap.port, undefined);
    const received = async (): Promise<readonly number[]> => {
      const flow = { way: 'in', protocol: 'udp', udpRate: '2.4M' } as const;
      const [mine = [], theirs = []] = await Promise.all([1, 2].map((guest) => lab.flow({ ...flow, guest }, HALF + 2)));
      const rate = (seconds: readonly number[]): number => bytesIn(seconds, 2, HALF + 2) / (1400 / 1442) / HALF / 1000;
      return [rate(mine) / floor, rate(theirs) / (inbound - floor)];
    };
    await holds(received, 1, 0.1);
    const more = driver.setPortBandwidth('ports', tap.port, { inbound: { average: 0, floor: inbound - floor + 1 } });
    await expect(more).rejects.toMatchObject({
      code: 'VNI206',
      libvirt: {
        code: 55,
        message: expect.stringMatching(/new combined inbound floor=301 would overcommit average=300 on network 'ports'$/) as unknown,
      },
    });
  });
});
