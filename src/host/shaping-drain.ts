import { setTimeout as sleep } from 'node:timers/promises';
import { tryRun } from './command.ts';
import type { HtbTree } from './htb.ts';

/** A limit that no device of ours reaches, in kilobytes a second. */
const OPEN = 10_000_000;
/** After its limit is gone a class still waits for as long as its last packet (64 KiB at most) took before: most of a second at 100 kB/s. */
const PATIENCE_MS = 1000;
const PAUSE_MS = 5;

/** The same classes without a limit that limits. */
export function opened(tree: HtbTree): HtbTree {
  return { ...tree, rate: { average: OPEN } };
}

/**
 * Waits until nothing is left in the queues of devices, to which nothing more comes, for a second at most. `open` lifts their limits;
 * it is called when there is something to wait for.
 */
export async function empty(devices: readonly string[], open: () => Promise<void>): Promise<void> {
  if (devices.length === 0 || (await held(devices)) === 0) return;
  await open();
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS && (await held(devices)) > 0;) await sleep(PAUSE_MS);
}

/** Packets that wait in devices' queues, those in an inner one counted twice; of a device that is not there, none. */
async function held(devices: readonly string[]): Promise<number> {
  const lines = devices.map((dev) => `qdisc show dev ${dev}\n`).join('');
  const { stdout } = await tryRun(['tc', '-statistics', '-force', '-batch', '-'], { input: lines });
  return [...stdout.matchAll(/^ backlog \S+ (\d+)p /gm)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
