/**
 * What a network's limits do to its guests' traffic, through the whole driver: two guests, iperf3 with an outside host, TCP and UDP, in and
 * out. The same on this kernel and on Debian's stock one:
 *   sh scripts/isolated.sh node scripts/run-ts.mjs bench/shaping.ts [SECONDS]
 *   test/kernel-lab --timeout 900 -- node scripts/run-ts.mjs bench/shaping.ts [SECONDS]
 * Prints what arrived in the first SECONDS (10) as a part of average x time + burst, what arrived in as many seconds after them as a part of
 * the average, and how two guests share.
 */
import { openDriver } from '../src/driver/open.ts';
import { bytesIn, trafficLab, type Flow, type Seconds } from '../test/support/traffic/lab.ts';

const seconds = Number(process.argv[2] ?? 10);
const AVERAGE = 1000; // kilobytes a second
const BURST = 2000; // KiB
const driver = await openDriver();
const lab = await trafficLab(driver, '10.9.0');
const document = (inbound: string, outbound: string): string => `<network><name>limits</name><forward mode='nat'/>
  <bridge name='vbl' stp='off'/><mac address='52:54:00:09:00:01'/><ip address='10.9.0.1' netmask='255.255.255.0'/>
  <bandwidth><inbound ${inbound}/><outbound ${outbound}/></bandwidth></network>`;
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 4000)); // the buckets fill

function told(what: string, flow: Seconds, burstBytes: number): void {
  const first = bytesIn(flow, 0, seconds) / (AVERAGE * 1000 * seconds + burstBytes);
  const later = bytesIn(flow, seconds, 2 * seconds) / (AVERAGE * 1000 * seconds);
  console.log(
    `${what.padEnd(32)} first ${String(seconds)} s ${first.toFixed(2)} of average x time + burst, then ${later.toFixed(2)} of the average`,
  );
}

await driver.up([
  document(`average='${String(AVERAGE)}' burst='${String(BURST)}'`, `average='${String(AVERAGE)}' burst='${String(BURST)}'`),
]);
for (const n of [1, 2]) await lab.plug(n, 'limits', 'netns');
for (const way of ['in', 'out'] as const)
  for (const protocol of ['tcp', 'udp'] as const) {
    await rest();
    told(`${protocol} ${way}`, await lab.flow({ guest: 1, way, protocol }, 2 * seconds), BURST * 1024);
  }
for (const way of ['in', 'out'] as const)
  for (const [what, one, two] of [
    ['tcp, one flow each', {}, {}],
    ['tcp, 1 flow and 8', {}, { streams: 8 }],
    ['udp, 10 and 40 Mbit/s', { protocol: 'udp', udpRate: '10M' }, { protocol: 'udp', udpRate: '40M' }],
    ['tcp and udp', {}, { protocol: 'udp' }],
  ] as const) {
    await rest();
    const flow = (guest: number, more: Partial<Flow>): Promise<Seconds> => lab.flow({ guest, way, protocol: 'tcp', ...more }, seconds + 4);
    const [a, b] = await Promise.all([flow(1, one), flow(2, two)]);
    // The burst belongs to nobody: it is let pass first.
    const parts = [bytesIn(a, 3, seconds + 3), bytesIn(b, 3, seconds + 3)] as const;
    const half = (AVERAGE * 1000 * seconds) / 2;
    const share = parts.map((p) => (p / half).toFixed(2)).join(' and ');
    console.log(`two guests ${way}, ${what}:`.padEnd(40), `${share} of half the average each`);
  }
await driver.stop('limits');
await driver.undefine('limits');
await lab.end();
await driver[Symbol.asyncDispose]();
