import { warn, type Problem, type ReadContext } from './context.ts';

/** A warning at the element that a part of the model came from. */
export function warnAt(context: ReadContext, part: object, problem: Problem): void {
  const element = context.origins.get(part);
  if (element) warn(context, element, problem);
}

/** The same where another part takes part in the problem. */
function warnBeside(context: ReadContext, other: object, part: object, problem: Problem): void {
  warnAt(context, part, { ...problem, related: [{ message: 'the other one', element: context.origins.get(other) }] });
}

/** Warns at a part whose key one before it has. False for the first one, which is kept. */
export function warnOfTwin<T extends object>(
  context: ReadContext,
  seen: Map<string, T>,
  key: string,
  part: T,
  problem: (other: T, part: T) => Problem,
): boolean {
  const first = seen.get(key);
  if (first) warnBeside(context, first, part, problem(first, part));
  else seen.set(key, part);
  return first !== undefined;
}

/** A part of the model that takes addresses of one family, from the first to the last. */
export interface Stretch<T> {
  readonly part: T;
  readonly start: bigint;
  readonly end: bigint;
}

/** Warns at each part that begins within one before it, in the order of their first addresses: O(n log n). */
export function warnOfOverlaps<T extends object>(
  context: ReadContext,
  stretches: readonly Stretch<T>[],
  problem: (other: T, part: T) => Problem,
): void {
  let last: Stretch<T> | undefined;
  for (const one of stretches.toSorted((a, b) => Number(a.start - b.start))) {
    if (last && one.start <= last.end) warnBeside(context, last.part, one.part, problem(last.part, one.part));
    if (!last || one.end > last.end) last = one;
  }
}
