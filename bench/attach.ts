/**
 * What plugging a guest costs: attach and detach of a tap in a running process with 10 and with 1,000 guests on the network, 1,000 guests
 * in network namespaces attached one after the other, and the commands that show them; each beside what ip(8) alone takes in the same run.
 * Run it by `npm run bench:attach`; an argument other than 1000 makes it smaller.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDriver } from '../src/driver/open.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import { writeNetwork } from '../src/network/write-network.ts';
import { benchFolder, least, median, ms, print, timed } from './measure.ts';
import { benchNetwork } from './networks.ts';

const MANY = Number(process.argv[2] ?? 1000);
const RUNS = 11;
const FLOOR_TAPS = 20;
/** For so long a thousand guests that were just plugged make their IPv6 addresses, which keeps the kernel busy. */
const SETTLED_MS = 5000;
const folder = benchFolder();
const dirs = { configDir: join(folder, 'etc'), runDir: join(folder, 'run'), stateDir: join(folder, 'state') };
const host = linuxHost({ paths: { runDir: dirs.runDir, stateDir: dirs.stateDir, leaseScript: '/bin/true' } });
const driver = await openDriver({ ...dirs, host });

/** Ours and ip(8)'s, taken in turns: least and median of each, and the ratio of the least. */
async function compare(label: string, ours: () => Promise<readonly [number, number]>, raw: () => readonly [number, number]): Promise<void> {
  const rows = { attach: [] as number[], detach: [] as number[], rawAttach: [] as number[], rawDetach: [] as number[] };
  for (let i = 0; i <= RUNS; i++) {
    const [attach, detach] = await ours();
    const [rawAttach, rawDetach] = raw();
    if (i === 0) continue;
    rows.attach.push(attach);
    rows.detach.push(detach);
    rows.rawAttach.push(rawAttach);
    rows.rawDetach.push(rawDetach);
  }
  for (const [what, mine, theirs] of [
    ['attach', rows.attach, rows.rawAttach],
    ['detach', rows.detach, rows.rawDetach],
  ] as const) {
    print(`${label}, ${what}: least, median`, `${ms(least(mine))}, ${ms(median(mine))}`);
    print(`${label}, ${what}: ip(8) alone, ratio of the least`, `${ms(least(theirs))}, ${(least(mine) / least(theirs)).toFixed(2)}`);
  }
}

async function onePort(): Promise<readonly [number, number]> {
  let uuid = '';
  const attach = await timed(async () => {
    uuid = (await driver.attach('net0', { attachment: { type: 'tap' }, owner: { name: 'probe' } })).port.port.uuid;
  });
  return [attach, await timed(() => driver.detach('net0', uuid))];
}

function rawPort(): readonly [number, number] {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  let started = performance.now();
  ip('tuntap', 'add', 'dev', 'raw0', 'mode', 'tap', 'vnet_hdr');
  ip('link', 'set', 'dev', 'raw0', 'master', 'virbr0', 'up');
  const attach = performance.now() - started;
  started = performance.now();
  ip('link', 'delete', 'dev', 'raw0');
  return [attach, performance.now() - started];
}

/** What the kernel takes for taps one after the other, without the start of a process for each. */
function batchFloor(label: string): void {
  const names = Array.from({ length: FLOOR_TAPS }, (_, n) => `floor${String(n)}`);
  const batch = (lines: readonly string[]): number => {
    const started = performance.now();
    execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
    return (performance.now() - started) / FLOOR_TAPS;
  };
  const made = batch(names.flatMap((name) => [`tuntap add dev ${name} mode tap vnet_hdr`, `link set dev ${name} master virbr0 up`]));
  const gone = batch(names.map((name) => `link delete dev ${name}`));
  print(`${label}: one ip -batch, plugged and deleted`, `${ms(made)}, ${ms(gone)} each`);
}

/** The same for guests in namespaces. */
function rawNetns(): number {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  const started = performance.now();
  for (let n = 0; n < FLOOR_TAPS; n++) {
    const [dev, ns] = [`floor${String(n)}`, `g${String(n)}`];
    ip('link', 'add', 'name', dev, 'type', 'veth', 'peer', 'name', 'floor', 'netns', ns);
    ip('link', 'set', 'dev', dev, 'master', 'virbr0', 'up');
    ip('-n', ns, 'link', 'set', 'dev', 'floor', 'up');
  }
  const each = (performance.now() - started) / FLOOR_TAPS;
  execFileSync('ip', ['-batch', '-'], {
    input: Array.from({ length: FLOOR_TAPS }, (_, n) => `link delete dev floor${String(n)}`).join('\n'),
  });
  return each;
}

/** What the kernel takes for them, without the start of a process for each. */
function batchedNetns(): number {
  const each = (line: (n: string) => string): readonly string[] => Array.from({ length: FLOOR_TAPS }, (_, n) => line(String(n)));
  const batch = (lines: readonly string[]): void => void execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
  const plugged = each(
    (n) =>
      `link add name floor netns g${n} up type veth peer name floor${n}\nlink set dev floor${n} alias floor master virbr0\nlink set dev floor${n} up`,
  );
  const started = performance.now();
  batch(plugged);
  const took = (performance.now() - started) / FLOOR_TAPS;
  batch(each((n) => `link delete dev floor${n}`));
  return took;
}

const environment = { ...process.env, VIRTNET_CONFIG_DIR: dirs.configDir, VIRTNET_RUN_DIR: dirs.runDir, VIRTNET_STATE_DIR: dirs.stateDir };
const cli = (...args: readonly string[]): void =>
  void execFileSync('bin/virtnet', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'], maxBuffer: 64 << 20 });

async function commands(label: string): Promise<void> {
  for (const args of [['list'], ['show', 'net0'], ['ports', 'net0']]) {
    const runs: number[] = [];
    for (let i = 0; i < 5; i++)
      runs.push(
        await timed(() => {
          cli(...args);
        }),
      );
    print(`${label}: virtnet ${args.join(' ')}, least, median`, `${ms(least(runs))}, ${ms(median(runs))}`);
  }
  const bare: number[] = [];
  for (let i = 0; i < 5; i++) bare.push(await timed(() => void execFileSync('node', ['--eval', '0'])));
  print('node alone, least, median', `${ms(least(bare))}, ${ms(median(bare))}`);
}

try {
  execFileSync('node', ['scripts/build.mjs', '--bundles']);
  await driver.up([writeNetwork(benchNetwork(0))]);
  const tap = async (n: number): Promise<unknown> =>
    driver.attach('net0', { attachment: { type: 'tap' }, owner: { name: `guest${String(n)}` } });
  for (let n = 0; n < 10; n++) await tap(n);
  await compare('tap, 10 guests', onePort, rawPort);
  batchFloor('tap, 10 guests');
  await commands('10 taps');
  const few = await timed(async () => {
    for (let n = 10; n < MANY - 2; n++) await tap(n);
  });
  print(`taps 11 to ${String(MANY - 2)}, one after the other`, `${ms(few)}, ${ms(few / (MANY - 12))} each`);
  await compare(`tap, ${String(MANY)} guests`, onePort, rawPort);
  batchFloor(`tap, ${String(MANY)} guests`);
  await commands(`${String(MANY)} taps`);
  const ports = await driver.ports('net0');
  const away = await timed(async () => {
    for (const { port } of ports) await driver.detach('net0', port.uuid);
  });
  print(`all ${String(ports.length)} detached, one after the other`, `${ms(away)}, ${ms(away / ports.length)} each`);

  execFileSync('ip', ['-batch', '-'], { input: Array.from({ length: MANY }, (_, n) => `netns add g${String(n)}`).join('\n') });
  print('a namespace: ip(8) alone, one ip -batch', `${ms(rawNetns())}, ${ms(batchedNetns())} each`);
  const veths = await timed(async () => {
    for (let n = 0; n < MANY; n++)
      await driver.attach('net0', {
        attachment: { type: 'netns', netns: `g${String(n)}`, guestDev: 'eth0' },
        owner: { name: `g${String(n)}` },
      });
  });
  print(`${String(MANY)} namespaces attached, one after the other`, `${ms(veths)}, ${ms(veths / MANY)} each`);
  await sleep(SETTLED_MS);
  await commands(`${String(MANY)} namespaces`);
  print(
    'drift of that network',
    `${String((await driver.diff('net0')).steps.length)} steps in ${ms(await timed(() => driver.diff('net0')))}`,
  );
  await driver.stop('net0');
  print('load', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
