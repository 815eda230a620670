/**
 * A network with 10,000 fixed DHCP hosts: what one more costs in a running process, by an update of that section and by a changed document, and
 * what of the network is touched. Run it by `npm run bench:hosts`; an argument other than 10000 makes it smaller.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDriver } from '../src/driver/open.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { dnsmasqFiles } from '../src/compile/dnsmasq-files.ts';
import { benchNetwork } from './networks.ts';

const COUNT = Number(process.argv[2] ?? 10_000);
const RUNS = 15;
const folder = mkdtempSync(join(tmpdir(), 'virtnet-bench-'));
const dirs = { configDir: join(folder, 'etc'), runDir: join(folder, 'run'), stateDir: join(folder, 'state') };

const hex = (n: number): string => n.toString(16).padStart(2, '0');
/** The n-th host. 0 <= n < 60,000. */
const host = (n: number) => ({
  mac: `52:54:01:00:${hex(n >> 8)}:${hex(n & 255)}`,
  name: `host-${String(n)}`,
  ip: `10.200.${String(1 + (n >> 8))}.${String(n & 255)}`,
});
const fragment = (n: number): string => `<host mac='${host(n).mac}' name='${host(n).name}' ip='${host(n).ip}'/>`;
const document = (count: number): string =>
  writeNetwork({
    ...benchNetwork(0),
    ips: [
      {
        address: '10.200.0.1',
        netmask: '255.255.0.0',
        dhcp: { ranges: [{ start: '10.200.255.2', end: '10.200.255.250' }], hosts: Array.from({ length: count }, (_, n) => host(n)) },
      },
    ],
  });

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const print = (label: string, value: string): void => void process.stdout.write(`${label.padEnd(52)} ${value}\n`);
function report(label: string, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  print(`${label}: least, median`, `${ms(sorted[0] ?? NaN)}, ${ms(sorted[Math.floor(sorted.length / 2)] ?? NaN)}`);
}

try {
  await using driver = await openDriver(dirs);
  const files = dnsmasqFiles({ runDir: dirs.runDir, stateDir: dirs.stateDir, leaseScript: '' }, benchNetwork(0).uuid ?? '');
  await driver.up([document(COUNT)]);
  const before = { pid: readFileSync(files.pid, 'utf8'), conf: readFileSync(files.conf, 'utf8') };
  const updates: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    updates.push(
      await timed(() =>
        driver.update('net0', {
          section: 'ip-dhcp-host',
          command: 'add-last',
          parentIndex: 0,
          fragment: fragment(COUNT + i),
          affect: 'live+config',
        }),
      ),
    );
  }
  report(`${String(COUNT)} hosts, one more by an update`, updates);
  const ups: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const changed = document(COUNT + RUNS + i + 1);
    ups.push(await timed(() => driver.up([changed])));
  }
  report(`${String(COUNT)} hosts, one more by a whole document`, ups);
  print('same dnsmasq process', String(readFileSync(files.pid, 'utf8') === before.pid));
  print('same conf', String(readFileSync(files.conf, 'utf8') === before.conf));
  print('hosts in its file', String(readFileSync(files.hosts, 'utf8').trim().split('\n').length));
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
