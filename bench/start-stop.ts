/**
 * What a call of the driver costs, files and lock included, beside the raw floor in the same run: start and stop of one network, 50 in one
 * plan, a look for drift, a driver over 1,000 definitions, and the command's wall time. Run it by `npm run bench:start-stop`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDriver } from '../src/driver/open.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { floor } from './floor.ts';
import { libvirtStartStop } from './libvirt-start-stop.ts';
import { benchFolder, median, ms, print, timed } from './measure.ts';
import { benchNetwork, dualStackNetwork } from './networks.ts';

const RUNS = Number(process.argv[2] ?? 9);
const FIRST = 10;
const folder = benchFolder();
const open = (config: string) => {
  const paths = { runDir: join(folder, 'run'), stateDir: join(folder, 'state'), leaseScript: '/bin/true' };
  return openDriver({ configDir: join(folder, config), runDir: paths.runDir, stateDir: paths.stateDir, host: linuxHost({ paths }) });
};
const xml = (n: number): string => writeNetwork(benchNetwork(n));

try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const driver = await open('etc');
  const { up, down } = floor(folder);
  await driver.define(xml(0));
  // A process that runs: its first calls are slower, for V8 has compiled nothing yet. They are told apart.
  const samples: Record<'start' | 'stop' | 'floorStart' | 'floorStop', number>[] = [];
  for (let i = 0; i < FIRST + 2 * RUNS; i++)
    samples.push({
      floorStart: await timed(up),
      floorStop: await timed(down),
      start: await timed(() => driver.start('net0')),
      stop: await timed(() => driver.stop('net0')),
    });
  for (const [label, some] of [
    [`the first ${String(FIRST)} calls`, samples.slice(0, FIRST)],
    ['after them', samples.slice(FIRST)],
  ] as const)
    for (const [what, ours, floor] of [
      ['start', some.map((s) => s.start), some.map((s) => s.floorStart)],
      ['stop', some.map((s) => s.stop), some.map((s) => s.floorStop)],
    ] as const) {
      print(`one network, ${what}, ${label}: driver, floor`, `${ms(median(ours))}, ${ms(median(floor))}`);
      print(`one network, ${what}, ${label}: ratio`, (median(ours) / median(floor)).toFixed(2));
    }
  const fifty = Array.from({ length: 50 }, (_, i) => writeNetwork(dualStackNetwork(i + 1)));
  const names = fifty.map((_, i) => `net${String(i + 1)}`);
  print('50 new networks up in one plan', ms(await timed(() => driver.up(fifty))));
  print('50 running networks, nothing to change', ms(await timed(() => driver.up(fifty))));
  print('50 running networks, diff of all', ms(await timed(() => driver.diff())));
  const stopped = await timed(() => driver.stopAll(names));
  const started = await timed(() => driver.startAll(names));
  await driver.stopAll(names);
  const libvirt = libvirtStartStop(names.map((name, i) => ({ name, xml: fifty[i] ?? '' })));
  for (const [what, ours, theirs] of [
    ['started', started, libvirt?.start],
    ['stopped', stopped, libvirt?.stop],
  ] as const) {
    print(`50 networks ${what} in one plan`, ms(ours));
    print(`the same by libvirt, one after another`, theirs === undefined ? 'libvirtd is not installed' : ms(theirs));
    if (theirs !== undefined) print(`50 networks ${what}: ratio`, `1/${(theirs / ours).toFixed(1)}`);
  }

  const many = await open('many');
  const defined: number[] = [];
  for (let n = 0; n < 1000; n++) defined.push(await timed(() => many.define(xml(n))));
  print('define, the 1st to the 100th, median', ms(median(defined.slice(0, 100))));
  print('define, the 901st to the 1,000th, median', ms(median(defined.slice(900))));
  print('list of 1,000, cold', ms(await timed(async () => (await open('many')).list())));
  print('list of 1,000, warm', ms(await timed(() => many.list())));
  const gets = await timed(async () => {
    for (let i = 0; i < 1000; i++) await many.get(`net${String(i)}`);
  });
  print('get of one of 1,000', ms(gets / 1000));

  // The command: a process of its own each time, without a daemon.
  const env = {
    ...process.env,
    VIRTNET_CONFIG_DIR: join(folder, 'cli'),
    VIRTNET_STATE_DIR: join(folder, 'state'),
    VIRTNET_RUN_DIR: join(folder, 'run'),
  };
  const virtnet = (...args: string[]) => timed(() => execFileSync('bin/virtnet', args, { env, stdio: 'ignore' }));
  const node = (): Promise<number> => timed(() => execFileSync(process.execPath, ['-e', '0'], { env: { PATH: process.env['PATH'] } }));
  const file = join(folder, 'net.xml');
  writeFileSync(file, xml(2000));
  const command: Record<string, number[]> = { 'node itself': [], list: [], define: [], start: [], stop: [], undefine: [] };
  for (let i = 0; i <= RUNS; i++) {
    const sample = {
      'node itself': await node(),
      define: await virtnet('define', file),
      list: await virtnet('list'),
      start: await virtnet('start', 'net2000'),
      stop: await virtnet('stop', 'net2000'),
      undefine: await virtnet('undefine', 'net2000'),
    };
    if (i > 0) for (const [verb, took] of Object.entries(sample)) command[verb]?.push(took);
  }
  for (const [verb, took] of Object.entries(command)) print(`command: ${verb}`, ms(median(took)));
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
  await many[Symbol.asyncDispose]();
  await driver[Symbol.asyncDispose]();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
