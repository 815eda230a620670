/**
 * The loop against the raw floor, in this process's network namespace: what one start and one stop cost when the library is running, beside
 * one `ip -batch`, one `nft -f` and one dnsmasq from a shell; then 50 networks in one plan. Run it through `npm run bench -- loop`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileNetwork, compileShared } from '../src/compile/compile.ts';
import { hostState, type HostState } from '../src/compile/host-state.ts';
import { linuxHost } from '../src/host/linux-host.ts';
import type { Network } from '../src/network/network.ts';
import { floor } from './floor.ts';
import { benchFolder, median, ms, print, timed } from './measure.ts';
import { benchNetwork as network } from './networks.ts';
import { reconcile } from '../src/reconcile/reconcile.ts';

const RUNS = Number(process.argv[2] ?? 9);
const folder = benchFolder();
const host = linuxHost({ paths: { runDir: join(folder, 'run'), stateDir: join(folder, 'state'), leaseScript: '/bin/true' } });

async function desired(networks: readonly Network[]): Promise<HostState> {
  host.prepare?.();
  const facts = await host.facts();
  const own = networks.flatMap((n) => {
    const result = compileNetwork({ network: n, ports: [], facts });
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    return result.value;
  });
  return hostState([...compileShared(networks), ...own]);
}

async function start(networks: readonly Network[]): Promise<void> {
  await using _lock = await host.lock('bench');
  await reconcile(host, { desired: await desired(networks), networks: new Set(networks.map((n) => n.uuid ?? '')) });
}

async function stop(networks: readonly Network[]): Promise<void> {
  await using _lock = await host.lock('bench');
  await reconcile(host, { desired: hostState([]), networks: new Set(networks.map((n) => n.uuid ?? '')) });
}

try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const { up, down } = floor(folder);
  const one = [network(0)];
  const rows: Record<'start' | 'stop' | 'floorStart' | 'floorStop', number[]> = { start: [], stop: [], floorStart: [], floorStop: [] };
  for (let i = 0; i <= RUNS; i++) {
    const floorStart = await timed(() => Promise.resolve(up()));
    const floorStop = await timed(() => Promise.resolve(down()));
    const started = await timed(() => start(one));
    const stopped = await timed(() => stop(one));
    if (i === 0) continue;
    rows.floorStart.push(floorStart);
    rows.floorStop.push(floorStop);
    rows.start.push(started);
    rows.stop.push(stopped);
  }
  for (const [label, a, b] of [
    ['start', rows.start, rows.floorStart],
    ['stop', rows.stop, rows.floorStop],
  ] as const) {
    print(`one network, ${label}: virtnet`, ms(median(a)));
    print(`one network, ${label}: floor`, ms(median(b)));
    print(`one network, ${label}: ratio`, (median(a) / median(b)).toFixed(2));
  }
  const fifty = Array.from({ length: 50 }, (_, i) => network(i + 1));
  const up50: number[] = [];
  const down50: number[] = [];
  const kernel50: number[] = [];
  for (let i = 0; i < 3; i++) {
    up50.push(await timed(() => start(fifty)));
    down50.push(await timed(() => stop(fifty)));
    execFileSync('ip', ['-batch', '-'], {
      input: fifty.map((_, n) => `link add k${String(n)} type bridge stp_state 1\nlink set k${String(n)} up group 4711\n`).join(''),
    });
    kernel50.push(await timed(() => Promise.resolve(void execFileSync('ip', ['link', 'del', 'group', '4711']))));
  }
  print('50 networks in one plan, start', ms(median(up50)));
  print('50 networks in one plan, stop', ms(median(down50)));
  print("50 bridges, the kernel's own group delete", ms(median(kernel50)));
  print('50 networks, stop: ratio to the kernel', (median(down50) / median(kernel50)).toFixed(2));
  print('machine', readFileSync('/proc/loadavg', 'utf8').trim());
} finally {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
