import { largestBurst } from '../../compile/shaping.ts';
import type { BandwidthRate } from '../../network/bandwidth.ts';
import type { ShapingResource } from '../../compile/host-state.ts';
import type { IpArgs } from '../iproute/ip-line.ts';

/**
 * One direction of a device's limit as htb classes. 1:1 is the limit; 1:2 the part that no guest has a guarantee of; below it the guests
 * share by turns, each in a queue of its own that a hash of its MAC picks (a kernel need not have sfq or fq_codel for that, and a guest
 * with many flows gets no more than one with few). Classes 1:3 and up are guaranteed shares.
 */
export interface HtbTree {
  /** The device whose root qdisc this is. */
  readonly dev: string;
  readonly rate: BandwidthRate;
  readonly floors: ShapingResource['floors'];
  /** Queues that share: one for a single guest's device. */
  readonly queues: number;
  /** Where the guest's MAC is in a frame: towards guests it is the destination. */
  readonly guestMac: 'destination' | 'source';
}

/** Queues of a network's device. A power of two, at most 256. */
export const SHARED_QUEUES = 64;
const FIRST_QUEUE = 0x8000;
/**
 * Bytes that a queue sends at its turn. At least the largest segment (64 KiB): htb sends one packet at each turn whatever it still owes, so
 * that with less a guest that sends large segments gets more than one that sends small packets.
 */
const QUANTUM = 70_000;

/** The lines of tc(8) that make the tree; the device has no root qdisc of ours. */
export function htbLines(t: HtbTree): readonly IpArgs[] {
  return [
    ['qdisc', 'add', 'dev', t.dev, 'root', 'handle', '1:', 'htb', 'default', FIRST_QUEUE.toString(16)],
    ...classLines(t, 'add', t.floors),
    ['filter', 'add', 'dev', t.dev, 'parent', '1:', 'prio', String(SHARE_PRIO), 'protocol', 'all', 'bpf', 'bytecode', shareByMac(t)],
  ];
}

/** The lines that turn one tree into another in place: queued packets stay queued. */
export function htbChangeLines(before: HtbTree, after: HtbTree): readonly IpArgs[] {
  const kept = after.floors.filter((f) => before.floors.some((b) => b.classId === f.classId && b.mac === f.mac));
  const gone = before.floors.filter((f) => !kept.some((k) => k.classId === f.classId));
  const made = after.floors.filter((f) => !kept.includes(f));
  return [
    ...gone.flatMap((f) => [
      ['filter', 'delete', 'dev', after.dev, 'parent', '1:', 'prio', floorPrio(f.classId), 'protocol', 'all', 'bpf'],
      ['class', 'delete', 'dev', after.dev, 'classid', classId(f.classId)],
    ]),
    ...classLines(after, 'change', kept),
    ...made.flatMap((f) => floorLines(after, 'add', f)),
  ];
}

const SHARE_PRIO = 0xfffe;

function classLines(t: HtbTree, verb: 'add' | 'change', floors: HtbTree['floors']): readonly IpArgs[] {
  const average = t.rate.average ?? 0;
  const rest = Math.max(average - t.floors.reduce((sum, f) => sum + f.floor, 0), 1);
  const burst = bursts(t.rate);
  const add = (parent: string, minor: number, rate: number, more: IpArgs): IpArgs => [
    ...[
      'class',
      verb,
      'dev',
      t.dev,
      'parent',
      parent,
      'classid',
      classId(minor),
      'htb',
      'rate',
      kbps(rate),
      'ceil',
      kbps(t.rate.peak ?? average),
    ],
    ...more,
  ];
  const queues = Array.from({ length: t.queues }, (_, i) => FIRST_QUEUE + i).flatMap((minor) => [
    // A share of its own keeps each queue from starving; the rest it borrows.
    add('1:2', minor, Math.max(Math.floor(rest / t.queues), 1), [...burst.cburst, 'quantum', String(QUANTUM)]),
    queueLine(t, verb, minor),
  ]);
  const head = [
    add('1:', 1, average, [...burst.burst, ...burst.cburst]),
    add('1:1', 2, rest, [...bursts(t.rate, rest).burst, ...burst.cburst, 'quantum', String(QUANTUM)]),
  ];
  return [...head, ...queues, ...floors.flatMap((f) => floorLines(t, verb, f))];
}

/**
 * With a peak, `burst` KiB go out at the peak; without one they go out at once (htb's ceiling needs a bucket as deep for that). A class whose
 * own rate is lower holds no more than tc counts at that.
 */
function bursts({ average = 0, peak, burst }: BandwidthRate, rate = average): { readonly burst: IpArgs; readonly cburst: IpArgs } {
  const bytes = burst === undefined ? smallestBurst(average) : burst * 1024;
  const own = Math.min(bytes, largestBurst(rate) * 1024);
  return { burst: ['burst', `${String(own)}b`], cburst: ['cburst', peak === undefined ? `${String(bytes)}b` : bucket(peak)] };
}

/**
 * Seconds of a rate that the smallest bucket holds, besides a frame. tc's own holds the frame alone (tc_core.c), and what a limit would let
 * through while the kernel's timer is late by more than a frame's time is lost for good: on a host that is itself a machine of another,
 * busy one a limit of 100 kB/s let 92 percent through, and 99.8 with this.
 */
const LATENESS = 0.05;
const FRAME = 1600;

/** Bytes that may go out at once at a rate (kilobytes a second) for which the document gives no burst. */
export function smallestBurst(rate: number): number {
  return FRAME + Math.ceil(rate * 1000 * LATENESS);
}

function bucket(rate: number): string {
  return `${String(smallestBurst(rate))}b`;
}

function floorLines(t: HtbTree, verb: 'add' | 'change', f: HtbTree['floors'][number]): readonly IpArgs[] {
  const ceil = t.rate.peak ?? t.rate.average ?? 0;
  const line: IpArgs = [
    'class',
    verb,
    'dev',
    t.dev,
    'parent',
    '1:1',
    'classid',
    classId(f.classId),
    'htb',
    'rate',
    kbps(f.floor),
    'ceil',
    kbps(ceil),
    'burst',
    bucket(f.floor),
    ...bursts(t.rate).cburst,
    'quantum',
    String(QUANTUM),
  ];
  if (verb === 'change') return [line, queueLine(t, verb, f.classId)];
  return [
    line,
    queueLine(t, verb, f.classId),
    ['filter', 'add', 'dev', t.dev, 'parent', '1:', 'prio', floorPrio(f.classId), 'protocol', 'all', 'bpf', 'bytecode', matchMac(t, f)],
  ];
}

/**
 * How much may wait: what the limit lets through in a quarter of a second, and at least a few large segments (64 KiB each). The
 * kernel's default of 1,000 packets would hold seconds of traffic.
 */
function queueLine(t: HtbTree, verb: 'add' | 'change', minor: number): IpArgs {
  const bytes = Math.max(256 * 1024, Math.min((t.rate.peak ?? t.rate.average ?? 0) * 250, 64 * 1024 * 1024));
  return ['qdisc', verb, 'dev', t.dev, 'parent', classId(minor), 'bfifo', 'limit', String(bytes)];
}

function floorPrio(id: number): string {
  return String(id);
}

function classId(minor: number): string {
  return `1:${minor.toString(16)}`;
}

/** tc's `kbps` is 1,000 bytes a second, and that is what libvirt writes for its kilobytes. */
function kbps(rate: number): string {
  return `${String(rate)}kbps`;
}

/** A program of classic BPF whose result is the class: load a byte of the MAC, keep the bits that count, add the first queue's id. */
function shareByMac(t: HtbTree): string {
  const lastByte = t.guestMac === 'destination' ? 5 : 11;
  return program([
    [LDB, 0, 0, lastByte],
    [AND, 0, 0, t.queues - 1],
    [ADD, 0, 0, 0x1_0000 + FIRST_QUEUE],
    [RET_A, 0, 0, 0],
  ]);
}

/** A program whose result is the guest's class for its own MAC and 0 (no match) for others. */
function matchMac(t: HtbTree, f: HtbTree['floors'][number]): string {
  return macProgram(f.mac, t.guestMac === 'destination' ? 0 : 6, f.classId);
}

/** A program that matches the frames for a MAC. */
export function frameMatch(mac: string): string {
  return macProgram(mac, 0, 1);
}

/** The MAC of the first such program in the words of `tc filter show`. */
export function readFrameMatch(text: string): string | undefined {
  return readMacs(text).get(1);
}

function macProgram(mac: string, at: number, minor: number): string {
  const bytes = mac.split(':').map((part) => parseInt(part, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, g = 0] = bytes;
  return program([
    [LDW, 0, 0, at + 2],
    [JEQ, 0, 3, ((c << 24) | (d << 16) | (e << 8) | g) >>> 0],
    [LDH, 0, 0, at],
    [JEQ, 0, 1, (a << 8) | b],
    [RET, 0, 0, 0x1_0000 + minor],
    [RET, 0, 0, 0],
  ]);
}

// Opcodes of linux/filter.h.
const LDB = 0x30;
const LDH = 0x28;
const LDW = 0x20;
const AND = 0x54;
const ADD = 0x04;
const JEQ = 0x15;
const RET = 0x06;
const RET_A = 0x16;

function program(code: readonly (readonly [number, number, number, number])[]): string {
  return [String(code.length), ...code.map((i) => i.join(' '))].join(',');
}

/** Reads the words of `tc class show` and `tc filter show` back: the limit as it is set, with the guaranteed shares. */
export function parseHtb(text: string): { readonly rate: BandwidthRate; readonly floors: HtbTree['floors'] } | undefined {
  const classes = new Map<number, { rate: number; ceil: number; burst: number }>();
  for (const line of text.split('\n')) {
    const m = /^class htb 1:([0-9a-f]+) .*?rate (\S+) ceil (\S+) .*?burst (\S+?)(?:\/\d+)? /.exec(`${line} `);
    if (!m) continue;
    const [minor, rate, ceil, burst] = m.slice(1) as [string, string, string, string];
    classes.set(parseInt(minor, 16), { rate: bitRate(rate) / 8000, ceil: bitRate(ceil) / 8000, burst: size(burst) / 1024 });
  }
  const top = classes.get(1);
  if (!top || !classes.has(2) || !classes.has(FIRST_QUEUE)) return undefined;
  const macs = readMacs(text);
  const floors = [...classes]
    .filter(([id]) => id > 2 && id < FIRST_QUEUE)
    .map(([id, c]) => ({ classId: id, mac: macs.get(id) ?? '', floor: c.rate }))
    .toSorted((a, b) => a.classId - b.classId);
  return { rate: { average: top.rate, peak: top.ceil, burst: top.burst }, floors };
}

/** The MAC of each guaranteed class, from the programs that `matchMac` wrote. */
function readMacs(text: string): ReadonlyMap<number, string> {
  const programs = text.matchAll(/bytecode '6,32 0 0 \d+,21 0 3 (\d+),40 0 0 \d+,21 0 1 (\d+),6 0 0 (\d+),6 0 0 0'/g);
  return new Map(
    [...programs].map((m) => {
      const hex = Number(m[2]).toString(16).padStart(4, '0') + Number(m[1]).toString(16).padStart(8, '0');
      return [Number(m[3]) - 0x1_0000, hex.replace(/..(?!$)/g, '$&:')] as const;
    }),
  );
}

function bitRate(text: string): number {
  const m = /^(\d+(?:\.\d+)?)([KMGT]?)bit$/.exec(text);
  return Number(m?.[1]) * 1000 ** ' KMGT'.indexOf(m?.[2] === '' ? ' ' : (m?.[2] ?? ' '));
}

function size(text: string): number {
  const m = /^(\d+(?:\.\d+)?)([KMG]?)b$/.exec(text);
  return Number(m?.[1]) * 1024 ** ' KMG'.indexOf(m?.[2] === '' ? ' ' : (m?.[2] ?? ' '));
}
