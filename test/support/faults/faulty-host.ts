import type { ExecuteOptions, Host } from '../../../src/host/host.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { stepName } from './steps.ts';

/** Where a change is disturbed. `fail`: the step reports an error. `cut`: nothing of this process runs any more, as after kill -9. */
export interface Fault {
  /** Steps of one change, counted from 0. */
  readonly step: number;
  readonly moment: 'before' | 'after';
  readonly how: 'fail' | 'cut';
}

/** A real host that fails where a test wants it to, once. */
export interface FaultyHost extends Host {
  /** Arms one fault. The next change meets it, its undo does not. */
  arm(fault: Fault): void;
  /** What became of the armed fault: its step; undefined when the change had no such step. Disarms it. */
  met(): Step | undefined;
  /** The names (`stepName`) of all steps of the changes that a fault was armed for. */
  readonly planned: ReadonlySet<string>;
  /** Resolves when a cut has happened. */
  readonly whenCut: () => Promise<'cut'>;
}

/** The words of an injected error. */
export const INJECTED = 'injected fault';

export function faultyHost(inner: Host): FaultyHost {
  let armed: Fault | undefined;
  let met: Step | undefined;
  let steps = 0;
  const planned = new Set<string>();
  let tellCut = (_: 'cut'): void => undefined;
  let cut = new Promise<'cut'>(() => undefined);
  const execute = async (plan: readonly Step[], options: ExecuteOptions = {}): Promise<void> => {
    const fault = armed;
    if (fault === undefined) return inner.execute(plan, options);
    // A change may look again and execute a second plan; its steps go on counting.
    const base = steps;
    steps += plan.length;
    for (const step of plan) planned.add(stepName(step));
    let isCut = false;
    try {
      await inner.execute(plan, {
        ...options,
        onStep: (index, done) => {
          if (isCut || (base + index === fault.step && done === (fault.moment === 'after'))) {
            armed = undefined;
            met = plan[index];
            isCut = fault.how === 'cut';
            throw new Error(INJECTED);
          }
          options.onStep?.(index, done);
        },
      });
    } catch (error) {
      if (!isCut) throw error;
      tellCut('cut');
      await new Promise<never>(() => undefined);
    }
  };
  return {
    ...inner,
    execute,
    planned,
    // A process that is killed gives its lock back; here the change that was cut off is only never heard of again.
    lock: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
    arm: (fault) => {
      armed = fault;
      met = undefined;
      steps = 0;
      cut = new Promise((resolve) => (tellCut = resolve));
    },
    met: () => {
      armed = undefined;
      return met;
    },
    whenCut: () => cut,
  };
}
