import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { pings } from '../support/pings.ts';
import type { TrafficGuest } from '../support/traffic/guest.ts';
import { bytesIn, OUTSIDE, trafficLab, type TrafficLab } from '../support/traffic/lab.ts';
import { HALF, holds, keepLimits, type Limit } from '../support/traffic/measure.ts';

/** Kilobytes a second. At much less a full queue (256 KiB) is seconds of traffic, and TCP's lost segments hold back what has arrived. */
const GROUP: Limit = { average: 500, burst: 600 };
const OWN: Limit = { average: 700 };
const INBOUND = 2000;
const limits = ({ average, burst }: Limit): string => {
  const rate = `average='${String(average)}'${burst === undefined ? '' : ` burst='${String(burst)}'`}`;
  return `<bandwidth><inbound ${rate}/><outbound ${rate}/></bandwidth>`;
};
const group = (limit: Limit): string => `<portgroup name='slow'>${limits(limit)}</portgroup>`;
const routed = (limit: Limit): string => `<network><name>ports</name><forward mode='nat'/><bridge name='vbl' stp='off'/>
  <mac address='52:54:00:09:00:01'/><bandwidth><inbound average='${String(INBOUND)}'/></bandwidth>
  <ip address='10.9.0.1' netmask='255.255.255.0'/>${group(limit)}</network>`;
const direct = (limit: Limit): string =>
  `<network><name>direct</name><forward mode='bridge'><interface dev='up0'/></forward>${group(limit)}</network>`;

/** What the limits of single guests let through, for each way of plugging, on whichever kernel this runs. */
describe('limits of a guest', () => {
  let driver: NetworkDriver;
  let lab: TrafficLab;
  let veth: TrafficGuest;
  beforeAll(async () => {
    driver = await openDriver();
    lab = await trafficLab(driver, '10.9.0');
    await driver.up([routed(GROUP), direct(GROUP)]);
    veth = await lab.plug(1, 'ports', 'netns', { portgroup: 'slow' });
    await lab.plug(2, 'ports', 'tap', { document: `<interface type='network'><source network='ports'/>${limits(OWN)}</interface>` });
    await lab.plug(3, 'direct', 'macvtap', { portgroup: 'slow' });
  });
  afterAll(async () => {
    await driver.stopAll(['ports', 'direct']);
    await lab.end();
    await driver[Symbol.asyncDispose]();
  });

  const limitOf = [GROUP, OWN, GROUP] as const;
  const rounds = (['tcp', 'udp'] as const).flatMap((protocol) => (['in', 'out'] as const).map((way) => ({ protocol, way })));
  test.each(rounds)('by its portgroup or its own, on a veth, a tap and a macvtap: $protocol $way', ({ protocol, way }) =>
    keepLimits(
      lab,
      limitOf.map((limit, i) => ({ guest: i + 1, way, protocol, udpRate: '12M', limit })),
    ),
  );

  test('change while it runs, with its portgroup or by themselves, and lose no packet', async () => {
    const faster: Limit = { average: 900 };
    const running = [pings('g1', OUTSIDE), pings('g2', OUTSIDE), pings('g3', OUTSIDE)];
    await driver.up([routed(faster), direct(faster)]);
    await driver.setPortBandwidth('ports', (await driver.ports('ports'))[1]?.port.uuid ?? '', { inbound: faster, outbound: faster });
    const counts = await Promise.all(running.map((ping) => ping.end()));
    for (const { sent } of counts) expect(sent).toBeGreaterThan(20);
    expect(counts.map(({ lost }) => lost)).toEqual([0, 0, 0]);
    await keepLimits(
      lab,
      [1, 2, 3].map((guest) => ({ guest, way: 'in' as const, protocol: 'tcp' as const, limit: faster })),
    );
  });

  test('a guaranteed share is a guest’s own while others want all there is, and no more than there is can be promised', async () => {
    const floor = 1300;
    await driver.setPortBandwidth('ports', veth.port, { inbound: { average: 0, floor } });
    await driver.setPortBandwidth('ports', (await driver.ports('ports'))[1]?.port.uuid ?? '', undefined);
    const received = async (): Promise<readonly number[]> => {
      const flow = { way: 'in', protocol: 'udp', udpRate: '25M' } as const;
      const [mine = [], theirs = []] = await Promise.all([1, 2].map((guest) => lab.flow({ ...flow, guest }, HALF + 2)));
      const rate = (seconds: readonly number[]): number => bytesIn(seconds, 2, HALF + 2) / (1400 / 1442) / HALF / 1000;
      return [rate(mine) / floor, rate(theirs) / (INBOUND - floor)];
    };
    await holds(received, 1, 0.1);
    const more = driver.setPortBandwidth('ports', (await driver.ports('ports'))[1]?.port.uuid ?? '', {
      inbound: { average: 0, floor: 800 },
    });
    await expect(more).rejects.toMatchObject({
      code: 'VNI206',
      libvirt: {
        code: 55,
        message: expect.stringMatching(/new combined inbound floor=2100 would overcommit average=2000 on network 'ports'$/) as unknown,
      },
    });
  });
});
