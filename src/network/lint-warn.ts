import { warn, type Problem, type ReadContext } from './context.ts';

/** A warning at the element that a part of the model came from. */
export function warnAt(context: ReadContext, part: object, problem: Problem): void {
  const element = context.origins.get(part);
  if (element) warn(context, element, problem);
}
