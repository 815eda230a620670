import { setTimeout as sleep } from 'node:timers/promises';
import { tryRun } from '../tools/command.ts';
import type { HtbTree } from './htb.ts';

/** A limit that no device of ours reaches, in kilobytes a second. */
const OPEN = 10_000_000;
/** Bytes of the largest packet. htb lets it pass whole and a class owes its time from then on, also after the limit is gone. */
const SEGMENT = 65_536;
/** Besides that time, for what waits to leave. */
const SPARE_MS = 500;
/** A plan waits no longer than this: below 15 kB/s large segments may be lost. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 5;

/** The same classes without a limit that limits. */
export function opened(tree: HtbTree): HtbTree {
  return { ...tree, rate: { average: OPEN } };
}

/**
 * Waits until nothing is left in the queues of trees, to which nothing more comes, for as long as their classes may owe of the time before,
 * five seconds at most. `open` lifts their limits; it is called when there is something to wait for.
 */
export async function empty(trees: readonly HtbTree[], open: () => Promise<void>): Promise<void> {
  const devices = trees.map(({ dev }) => dev);
  if (devices.length === 0 || (await held(devices)) === 0) return;
  await open();
  const owed = Math.max(...trees.map(({ rate }) => SEGMENT / (rate.average ?? 1))); // kilobytes a second are bytes a millisecond
  const patience = Math.min(owed + SPARE_MS, PATIENCE_MS);
  for (const began = performance.now(); performance.now() - began < patience && (await held(devices)) > 0;) await sleep(PAUSE_MS);
}

/** Packets that wait in devices' queues, those in an inner one counted twice; of a device that is not there, none. */
async function held(devices: readonly string[]): Promise<number> {
  const lines = devices.map((dev) => `qdisc show dev ${dev}\n`).join('');
  const { stdout } = await tryRun(['tc', '-statistics', '-force', '-batch', '-'], { input: lines });
  return [...stdout.matchAll(/^ backlog \S+ (\d+)p /gm)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
