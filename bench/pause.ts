/**
 * How long a running network's dnsmasq, which gives names and addresses alike, is silent during edits whose plans say that it pauses: the longest
 * time without an answer to a question every 5 ms. Run it by `npm run bench:pause [-- RUNS]`.
 */
import { createSocket } from 'node:dgram';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDriver } from '../src/driver/open.ts';
import { worstDisturbance } from '../src/plan/disturbance.ts';
import { benchFolder, median, ms, print } from './measure.ts';

const RUNS = Number(process.argv[2] ?? 5);
const EVERY_MS = 5;
const folder = benchFolder();
const SERVER = '10.94.0.1';
const base = { domain: 'lab.example', range: '99', v6: '', mtu: '', lease: '' };
const document = (change: Partial<typeof base>): string => {
  const d = { ...base, ...change };
  return `<network><name>pause</name><forward mode='nat'/><bridge name='vbp0'/>${d.mtu}<domain name='${d.domain}'/>
    <dns><host ip='10.94.0.5'><hostname>five</hostname></host></dns>
    <ip address='${SERVER}' prefix='24'><dhcp><range start='10.94.0.10' end='10.94.0.${d.range}'>${d.lease}</range></dhcp></ip>
    <ip family='ipv6' address='fd94::1' prefix='64'>${d.v6}</ip></network>`;
};
const edits: readonly (readonly [what: string, change: Partial<typeof base>])[] = [
  ['a wider DHCP range', { range: '199' }],
  ['another lease time', { lease: "<lease expiry='5' unit='minutes'/>" }],
  ['another domain', { domain: 'other.example' }],
  ['DHCPv6', { v6: "<dhcp><range start='fd94::10' end='fd94::99'/></dhcp>" }],
  ['another MTU', { mtu: "<mtu size='1400'/>" }],
];

/** A question for the A record of `five` (RFC 1035, 4.1). */
const QUESTION = Buffer.from('0001010000010000000000000466697665' + '0000010001', 'hex');

/** The longest time between two answers, in milliseconds, while something is done. */
async function silence(work: () => Promise<unknown>): Promise<number> {
  const socket = createSocket('udp4');
  let last = performance.now();
  let longest = 0;
  const note = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  socket.on('message', note).on('error', () => undefined); // nobody listens at this moment
  const asking = setInterval(() => socket.send(QUESTION, 53, SERVER, () => undefined), EVERY_MS);
  await sleep(100);
  longest = 0;
  await work();
  await sleep(100);
  note();
  clearInterval(asking);
  socket.close();
  return longest;
}

try {
  await using driver = await openDriver({ configDir: join(folder, 'etc'), runDir: join(folder, 'run'), stateDir: join(folder, 'state') });
  await driver.up([document({})]);
  print('nothing is changed', ms(await silence(() => sleep(500))));
  for (const [what, change] of edits) {
    const longest: number[] = [];
    for (let run = 0; run < RUNS; run++)
      for (const text of [document(change), document({})])
        longest.push(
          await silence(async () => {
            const worst = worstDisturbance((await driver.up([text])).plan.steps);
            if (worst !== 'dns-dhcp-pause') throw new Error(`${what}: the plan says ${worst}`);
          }),
        );
    print(`${what}: median, longest`, `${ms(median(longest))}, ${ms(Math.max(...longest))}`);
  }
  await driver.stop('pause');
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
