/**
 * Many networks on one host: autostarted cold in one plan, looked at with nothing to change, stopped, beside the kernel's own deletion of as many
 * bridges in the same run. Run it by `npm run bench:scale [-- COUNT...]`; 500 and then 1,000 by default.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDriver } from '../src/driver/open.ts';
import type { NetworkDriver } from '../src/driver/driver.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { benchFolder } from './measure.ts';
import { benchNetwork } from './networks.ts';

const counts = process.argv.slice(2).map(Number);
const folder = benchFolder();

/** Milliseconds by the clock, and of this process's processor time: the latter says something on a busy machine too. */
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

async function least(times: number, work: () => unknown): Promise<Time> {
  const all: Time[] = [];
  for (let i = 0; i < times; i++) all.push(await timed(work));
  return { wall: Math.min(...all.map((t) => t.wall)), cpu: Math.min(...all.map((t) => t.cpu)) };
}

const print = (label: string, value: string): void => void process.stdout.write(`${label.padEnd(58)} ${value}\n`);
const seconds = ({ wall, cpu }: Time): string => `${(wall / 1000).toFixed(2)} s (${(cpu / 1000).toFixed(2)} s of this process)`;
const ms = ({ wall, cpu }: Time): string => `${wall.toFixed(0)} ms (${cpu.toFixed(0)} ms of this process)`;

function open(name: string): Promise<NetworkDriver> {
  const { VIRTNET_CONFIG_DIR: configDir, VIRTNET_RUN_DIR: runDir, VIRTNET_STATE_DIR: stateDir } = environment(name);
  return openDriver({ configDir, runDir, stateDir });
}

/** The folders as the command is told them. */
function environment(name: string): Readonly<Record<'VIRTNET_CONFIG_DIR' | 'VIRTNET_RUN_DIR' | 'VIRTNET_STATE_DIR', string>> {
  const at = join(folder, name);
  return { VIRTNET_CONFIG_DIR: join(at, 'etc'), VIRTNET_RUN_DIR: join(at, 'run'), VIRTNET_STATE_DIR: join(at, 'state') };
}

/** As many raised bridges with an address, as a network's has one, deleted as one link group. */
async function kernelFloor(count: number): Promise<Time> {
  const lines = Array.from({ length: count }, (_, n) => {
    const subnet = `10.${String(20 + Math.floor(n / 250))}.${String(n % 250)}`;
    const dev = `floor${String(n)}`;
    return `link add ${dev} group 4711 type bridge stp_state 1\naddress add ${subnet}.1/24 dev ${dev}\nlink set ${dev} up\n`;
  });
  execFileSync('ip', ['-batch', '-'], { input: lines.join('') });
  return timed(() => execFileSync('ip', ['link', 'del', 'group', '4711']));
}

/** What of the host's limits the dnsmasq processes of this namespace use up. */
function serverDescriptors(): { readonly processes: number; readonly inotify: number } {
  const found = { processes: 0, inotify: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'dnsmasq') continue;
      found.processes++;
      for (const fd of readdirSync(`/proc/${pid}/fd`)) if (readlinkSync(`/proc/${pid}/fd/${fd}`).includes('inotify')) found.inotify++;
    } catch {
      continue; // it ended meanwhile
    }
  }
  return found;
}

async function measure(count: number): Promise<void> {
  const label = `${String(count)} networks`;
  {
    await using driver = await open(String(count));
    for (let n = 0; n < count; n++) {
      await driver.define(writeNetwork(benchNetwork(n)));
      await driver.setAutostart(`net${String(n)}`, true);
    }
  }
  const floors = [await kernelFloor(count)];
  const driver = await open(String(count));
  const started = await timed(() => driver.autostart());
  print(`${label}: autostart, cold`, seconds(started));
  const servers = serverDescriptors();
  print(`${label}: dnsmasq processes, inotify instances of theirs`, `${String(servers.processes)}, ${String(servers.inotify)}`);
  const documents = Array.from({ length: count }, (_, n) => writeNetwork(benchNetwork(n)));
  for (const [what, work] of [
    ['diff of all', () => driver.diff()],
    ['up of all, planned only', () => driver.up(documents, { dryRun: true })],
    ['repair of all', () => driver.repair()],
    ['diff of one', () => driver.diff('net1')],
  ] as const)
    print(`${label}: nothing to change, ${what}`, ms(await least(5, work)));
  const { steps } = await driver.diff();
  if (steps.length > 0) throw new Error(`there is a difference: ${JSON.stringify(steps[0])}`);
  await using fresh = await open(String(count));
  print(`${label}: nothing to change, first diff of a new process's driver`, ms(await timed(() => fresh.diff())));
  const command = (): string =>
    execFileSync('bin/virtnet', ['diff'], { env: { ...process.env, ...environment(String(count)) }, encoding: 'utf8' });
  if (!command().startsWith('No changes')) throw new Error(command());
  print(`${label}: nothing to change, virtnet diff, a process of its own`, `${(await least(3, command)).wall.toFixed(0)} ms`);
  const stopped = await timed(() => driver.stopAll(Array.from({ length: count }, (_, n) => `net${String(n)}`)));
  floors.push(await kernelFloor(count));
  const floor = Math.min(...floors.map((f) => f.wall));
  print(`${label}: stop of all`, seconds(stopped));
  print(`${label}: the kernel's own deletion of the bridges`, floors.map(({ wall }) => `${(wall / 1000).toFixed(2)} s`).join(', '));
  print(`${label}: stop, ratio to the kernel's`, (stopped.wall / floor).toFixed(2));
  await driver[Symbol.asyncDispose]();
}

try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  for (const count of counts.length > 0 ? counts : [500, 1000]) await measure(count);
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
