import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { bytesIn, trafficLab, type Flow, type Seconds, type TrafficLab } from './iperf.ts';

/** Kilobytes (1,000 bytes, as tc's kbps and libvirt's) a second. Low, so that a machine that emulates another one keeps up. */
const AVERAGE = 600;
const SECONDS = 7;
const document = `<network><name>limits</name><forward mode='nat'/><bridge name='vbl' stp='off'/><mac address='52:54:00:09:00:01'/>
  <ip address='10.9.0.1' netmask='255.255.255.0'/>
  <bandwidth><inbound average='${String(AVERAGE)}'/><outbound average='${String(AVERAGE)}'/></bandwidth></network>`;

/** What a network's limits let through, on whichever kernel this runs. The whole table is printed by bench/shaping.ts. */
export function shapingSuite(): void {
  describe('limits of a network', () => {
    let driver: NetworkDriver;
    let lab: TrafficLab;
    beforeAll(async () => {
      driver = await openDriver();
      lab = await trafficLab(driver, 'limits', '10.9.0');
      await lab.up(document);
    });
    afterAll(async () => {
      await driver.stop('limits');
      await lab.end();
      await driver[Symbol.asyncDispose]();
    });

    /** Payload a second, as a part of what the limit lets through in frames; the first seconds have the burst. */
    const rates = async (...flows: readonly Flow[]): Promise<readonly number[]> => {
      const seen: readonly Seconds[] = await Promise.all(flows.map((flow) => lab.flow(flow, SECONDS)));
      return seen.map((flow) => bytesIn(flow, 3, SECONDS) / (SECONDS - 3) / (AVERAGE * 1000));
    };
    /** The bench says within how few percent; a few seconds on a busy machine say less. Headers of frames (3 to 5 percent) do not count. */
    const whole = (rate: number): void => {
      expect(rate).toBeGreaterThan(0.75);
      expect(rate).toBeLessThan(1.15);
    };
    const half = (rate: number): void => {
      expect(rate).toBeGreaterThan(0.33);
      expect(rate).toBeLessThan(0.67);
    };

    test('are kept to and used, in and out, by TCP and UDP', async () => {
      const [tcpIn = 0, udpOut = 0] = await rates(
        { guest: 1, way: 'in', protocol: 'tcp' },
        { guest: 2, way: 'out', protocol: 'udp', udpRate: '15M' },
      );
      whole(tcpIn);
      whole(udpOut);
    });

    test('are shared by halves, also with a guest that has many flows or sends more', async () => {
      const one = { guest: 1, protocol: 'tcp' } as const;
      // One way after the other: what a guest sends would wait with the acknowledgements of what it receives.
      const received = await rates({ ...one, way: 'in' }, { ...one, guest: 2, way: 'in', streams: 4 });
      const sent = await rates({ ...one, way: 'out' }, { guest: 2, way: 'out', protocol: 'udp', udpRate: '15M' });
      for (const rate of [...received, ...sent]) half(rate);
    });
  });
}
