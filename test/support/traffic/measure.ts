import { expect } from 'vitest';
import { bytesIn, type Flow, type Seconds, type TrafficLab } from './lab.ts';

/** A limit in kilobytes a second (1,000 bytes, as tc's kbps and libvirt's) and KiB. */
export interface Limit {
  readonly average: number;
  readonly burst?: number;
}

/** What a measured flow came to, as a part of what its limit lets through: 1 is exactly that. */
export interface Kept {
  /** In the first seconds: of average x time + burst. */
  readonly first: number;
  /** In as many seconds after them: of the average. */
  readonly later: number;
}

/** Seconds of each half of a measurement. The bench takes ten. */
export const HALF = 5;
/** What a limit counts is frames: bytes of a full one (Ethernet's header included) for a byte of its payload, see `Flow`. */
const FRAME = { tcp: 1514 / 1448, udp: 1442 / 1400 } as const;
/** A machine that does other work stops a process for a while now and then; a limit that is not kept is not kept at the third try either. */
const TRIES = 3;

type LimitedFlow = Flow & { readonly limit: Limit };

/** Lets flows run side by side, each from full buckets, and tells how each kept to its limit. */
export async function measured(lab: TrafficLab, flows: readonly LimitedFlow[], half = HALF): Promise<readonly Kept[]> {
  const emptied = Math.max(...flows.map(({ limit: { average, burst = 0 } }) => (burst * 1.024) / average));
  await new Promise((resolve) => setTimeout(resolve, 1000 * (1 + emptied)));
  const seen = await Promise.all(flows.map((flow) => lab.flow(flow, 2 * half)));
  return flows.map((flow, i) => kept(flow, seen[i] ?? [], half));
}

function kept({ protocol, limit: { average, burst = 0 } }: LimitedFlow, seconds: Seconds, half: number): Kept {
  const frames = (from: number, to: number): number => bytesIn(seconds, from, to) * FRAME[protocol];
  const whole = average * 1000 * half;
  return { first: frames(0, half) / (whole + burst * 1024), later: frames(half, 2 * half) / whole };
}

/** Each number is this, within a part of it; measures again where it is not, up to three times. */
export async function holds(measure: () => Promise<readonly number[]>, wanted: number, within: number): Promise<void> {
  const tries: string[] = [];
  for (let i = 0; i < TRIES; i++) {
    const numbers = await measure();
    tries.push(numbers.map((n) => n.toFixed(2)).join(' '));
    if (numbers.every((n) => Math.abs(n - wanted) <= wanted * within)) return;
  }
  expect(tries, `none of these is ${String(wanted)} within ${String(within * 100)} percent`).toEqual([]);
}

/** Limits are used and kept to within ten percent, in the first seconds with their burst and after them without. */
export async function keepLimits(lab: TrafficLab, flows: readonly LimitedFlow[], half = HALF): Promise<void> {
  await holds(async () => (await measured(lab, flows, half)).flatMap(({ first, later }) => [first, later]), 1, 0.1);
}
