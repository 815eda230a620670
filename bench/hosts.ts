/**
 * A network with 10,000 fixed DHCP hosts: what one more costs in a running process, by an update of that section and by a changed document, what
 * a client of a running virtnetd waits for that update (libvirt's protocol), and what of the network is touched.
 * Run it by `npm run bench:hosts`; an argument other than 10000 makes it smaller.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDriver } from '../src/driver/open.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { dnsmasqFiles } from '../src/compile/dnsmasq-files.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { startVirtnetd } from '../test/support/virtnetd.ts';
import { benchFolder, least, median, ms, print } from './measure.ts';
import { benchNetwork } from './networks.ts';

const COUNT = Number(process.argv[2] ?? 10_000);
const RUNS = 15;
const folder = benchFolder();
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

/** Milliseconds by the clock, and of processor time: the latter says something on a busy machine too. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

async function timed(work: () => unknown): Promise<Time> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 };
}

function report(label: string, times: readonly Time[]): void {
  const walls = times.map(({ wall }) => wall);
  const cpu = median(times.map((t) => t.cpu));
  print(`${label}: least, median`, `${ms(least(walls))}, ${ms(median(walls))} (${ms(cpu)} of processor time)`);
}

/** VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, VIR_NETWORK_SECTION_IP_DHCP_HOST, VIR_NETWORK_UPDATE_AFFECT_LIVE | _CONFIG. */
const ADD_LAST_HOST = { command: 3, section: 4, flags: 3 } as const;

/** The same update by libvirt's protocol: what its client waits for, and what it costs the daemon with all that it does afterwards. */
async function throughVirtnetd(): Promise<void> {
  await using daemon = await startVirtnetd();
  const client = await RawClient.open(daemon.readWrite);
  const pid = daemon.process.pid ?? 0;
  const network = await client.call('networkDefineXml', document(COUNT));
  await client.call('networkCreate', network);
  const walls: number[] = [];
  const before = cpuOf(pid);
  for (let i = 0; i < RUNS; i++) {
    const update = { ...ADD_LAST_HOST, network, parentIndex: 0, xml: fragment(COUNT + i) };
    walls.push((await timed(() => client.call('networkUpdate', update))).wall);
  }
  const cpu = (cpuOf(pid) - before) / RUNS;
  const times = walls.map((wall) => ({ wall, cpu }));
  report(`${String(COUNT)} hosts, one more by net-update`, times);
  await client.call('networkDestroy', network);
  client.end();
}

/** Processor time of another process in milliseconds, from proc(5); its clock ticks are 10 ms. */
function cpuOf(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

try {
  await using driver = await openDriver(dirs);
  const files = dnsmasqFiles({ runDir: dirs.runDir, stateDir: dirs.stateDir }, benchNetwork(0).uuid ?? '');
  await driver.up([document(COUNT)]);
  const before = { pid: readFileSync(files.pid, 'utf8'), conf: readFileSync(files.conf, 'utf8') };
  const updates: Time[] = [];
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
  const ups: Time[] = [];
  for (let i = 0; i < RUNS; i++) {
    const changed = document(COUNT + RUNS + i + 1);
    ups.push(await timed(() => driver.up([changed])));
  }
  report(`${String(COUNT)} hosts, one more by a whole document`, ups);
  print('same dnsmasq process', String(readFileSync(files.pid, 'utf8') === before.pid));
  print('same conf', String(readFileSync(files.conf, 'utf8') === before.conf));
  print('hosts in its file', String(readFileSync(files.hosts, 'utf8').trim().split('\n').length));
  await driver.stop('net0');
  await throughVirtnetd();
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
