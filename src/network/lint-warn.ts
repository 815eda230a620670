import { warn, type Problem, type ReadContext } from './context.ts';

/** A warning at the element that a part of the model came from. */
export function warnAt(context: ReadContext, part: object, problem: Problem): void {
  const element = context.origins.get(part);
  if (element) warn(context, element, problem);
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
    if (last && one.start <= last.end) {
      const related = [{ message: 'the other one', element: context.origins.get(last.part) }];
      warnAt(context, one.part, { ...problem(last.part, one.part), related });
    }
    if (!last || one.end > last.end) last = one;
  }
}
