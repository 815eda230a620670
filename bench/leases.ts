/**
 * New DHCP leases a second, as `perfdhcp` asks for them from one guest of a /16, and how long after the last one the list is complete. The
 * same clients ask the same dnsmasq without its journal, with nobody to tell (the floor), with a lease file of its own, and with libvirt's
 * lease helper where that is installed. Run it by `npm run bench:leases [RATE...]`; the rates are four-way exchanges a second, 500 and 1,000 where none is given.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dnsmasqFiles } from '../src/compile/dnsmasq-files.ts';
import { openDriver } from '../src/driver/open.ts';
import { readLeases } from '../src/host/leases/known-leases.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { benchFolder } from './measure.ts';
import { benchNetwork } from './networks.ts';

const given = process.argv.slice(2).map(Number);
const RATES = given.length > 0 ? given : [500, 1000];
const SECONDS = 10;
/** Seconds that perfdhcp waits for late answers, and that we wait for a list. */
const LINGER = 1;
const PATIENCE = 15;
const HELPER = ['/usr/lib/libvirt/libvirt_leaseshelper', '/usr/libexec/libvirt_leaseshelper'].find((path) => existsSync(path));
const base = benchNetwork(0);
const document = writeNetwork({
  ...base,
  bridge: { name: 'virbr0', stp: false, delay: 0 },
  ips: [{ address: '10.100.0.1', netmask: '255.255.0.0', dhcp: { ranges: [{ start: '10.100.1.0', end: '10.100.255.250' }], hosts: [] } }],
});
const folder = benchFolder();
const dirs = { configDir: join(folder, 'etc'), runDir: join(folder, 'run'), stateDir: join(folder, 'state') };
const files = dnsmasqFiles(dirs, base.uuid ?? '');
const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });

/** Who keeps the leases: how dnsmasq's conf is changed for it, and how many it has; nobody cannot say. */
interface Keeper {
  readonly name: string;
  readonly conf?: (conf: string) => string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly count?: () => Promise<number> | number;
}

const lines = (path: string): number => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0);
const instead = (conf: string, line: string): string => conf.replace(/^leasefile-ro\ndhcp-script=.*$/m, line);
const ownFile = join(folder, 'leasefile');
const STATUS = '/var/lib/libvirt/dnsmasq/virbr0.status';
const keepers: readonly Keeper[] = [
  { name: 'virtnet', count: async () => (await readLeases(files)).length },
  {
    name: "virtnet's script, without a journal",
    conf: (conf) => conf,
    environment: { VIRTNET_LEASES: files.leases },
    count: async () => (await readLeases({ leases: files.leases, journal: join(folder, 'none') })).length,
  },
  { name: 'nobody', conf: (conf) => instead(conf, 'leasefile-ro') },
  { name: "dnsmasq's own file", conf: (conf) => instead(conf, `dhcp-leasefile=${ownFile}`), count: () => lines(ownFile) },
  ...(HELPER === undefined || process.env['VIRTNET_ISOLATED'] !== '1'
    ? []
    : [
        {
          name: "libvirt's lease helper",
          conf: (conf: string) => instead(conf, `leasefile-ro\ndhcp-script=${HELPER}`),
          environment: { VIR_BRIDGE_NAME: 'virbr0' },
          count: () => (existsSync(STATUS) ? (readFileSync(STATUS, 'utf8').match(/"ip-address"/g) ?? []).length : 0),
        },
      ]),
];

/** What perfdhcp says of a run. */
interface Load {
  readonly sent: number;
  readonly acknowledged: number;
  /** Milliseconds of dnsmasq's processor time, its scripts' included. */
  readonly cpuMs: number;
}

async function load(rate: number, pid: number): Promise<Load> {
  const before = cpuMs(pid);
  const args = [
    '-4',
    '-l',
    'eth0',
    '-R',
    '60000',
    '-r',
    String(rate),
    '-p',
    String(SECONDS),
    '-W',
    `${String(LINGER)}000000`,
    '10.100.0.1',
  ];
  const child = spawn('ip', ['netns', 'exec', 'clients', 'perfdhcp', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const part = (name: string, what: string): number => Number(new RegExp(`for: ${name}[^]*?${what}: (\\d+)`).exec(out)?.[1]);
  return {
    sent: part('DISCOVER-OFFER', 'sent packets'),
    acknowledged: part('REQUEST-ACK', 'received packets'),
    cpuMs: cpuMs(pid) - before,
  };
}

/** User and system time of a process and of the children that it has waited for, from proc(5); its clock ticks are 10 ms. */
function cpuMs(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

/** How many are listed, and seconds after perfdhcp's end when that is all of them; waits for at most `PATIENCE`. */
async function listing(count: NonNullable<Keeper['count']>, wanted: number): Promise<string> {
  const started = performance.now();
  for (;;) {
    const seconds = (performance.now() - started) / 1000;
    const listed = await count();
    if (listed >= wanted) return `${String(listed)} listed ${(seconds + LINGER).toFixed(1)} s after the last was asked for`;
    if (seconds > PATIENCE) return `only ${String(listed)} listed after ${String(PATIENCE)} s`;
    await sleep(50);
  }
}

/** The network's dnsmasq as virtnet has started it, or one with another keeper in its place. Returns its process id. */
function serve(keeper: Keeper): number {
  const ours = Number(readFileSync(files.pid, 'utf8'));
  if (!keeper.conf) return ours;
  process.kill(ours, 'SIGKILL');
  const conf = join(folder, 'conf');
  writeFileSync(conf, keeper.conf(readFileSync(files.conf, 'utf8')));
  const done = spawnSync('dnsmasq', [`--conf-file=${conf}`], { env: { ...process.env, ...keeper.environment }, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return Number(readFileSync(files.pid, 'utf8'));
}

if (HELPER !== undefined && process.env['VIRTNET_ISOLATED'] === '1')
  sh('mount -t tmpfs tmpfs /var/lib/libvirt && mkdir -p /var/lib/libvirt/dnsmasq');
sh('ip netns add clients');
try {
  await using driver = await openDriver(dirs);
  for (const rate of RATES) {
    for (const keeper of keepers) {
      await driver.up([document]);
      await driver.attach('net0', { owner: { name: 'clients' }, attachment: { type: 'netns', netns: 'clients' } });
      sh('ip -n clients addr add 10.100.0.2/16 dev eth0; ip -n clients link set eth0 up');
      const pid = serve(keeper);
      await sleep(300);
      const { sent, acknowledged, cpuMs } = await load(rate, pid);
      const listed = keeper.count ? `${await listing(keeper.count, acknowledged)}, ` : '';
      process.stdout.write(
        `${String(rate)}/s, kept by ${keeper.name}: ${String(sent)} asked, ${String(acknowledged)} served, ${listed}` +
          `${(cpuMs / acknowledged).toFixed(2)} ms of dnsmasq's processor time a lease\n`,
      );
      process.kill(pid, 'SIGKILL');
      await driver.stop('net0');
      await driver.detach('net0', 'clients');
      await driver.undefine('net0');
      for (const file of [ownFile, STATUS]) rmSync(file, { force: true });
    }
  }
} finally {
  sh('ip netns del clients');
  rmSync(folder, { recursive: true, force: true });
}
