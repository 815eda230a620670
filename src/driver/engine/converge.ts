import type { Host } from '../../host/host.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import { reconcile, type ReconcileRequest } from '../../reconcile/reconcile.ts';
import type { Change } from './change.ts';
import type { Desired } from './desired.ts';
import type { UpOptions } from '../driver.ts';

/** What a change is about: networks, or single ports of them. */
export type Scope = Pick<ReconcileRequest, 'networks' | 'ports'>;

export function scopeOf({ scope, only }: Change<unknown>): Scope {
  return { networks: scope, ...(only === undefined ? {} : { ports: only.ports }) };
}

/**
 * Makes the host be as it should be, or leaves it as it was. A change that `mends` does not wait for tools that another of its steps lacks.
 * @throws VirtnetError VNP001, VNP002; what the tools for it lack
 */
export async function converge(
  host: Host,
  desired: Desired,
  scope: Scope,
  { onProgress, signal, bounce, mends }: UpOptions & Pick<ReconcileRequest, 'mends'>,
): Promise<{ readonly plan: Plan; readonly applied: boolean }> {
  let planned: readonly Step[] = [];
  const { steps, applied } = await reconcile(host, {
    ...wanted(desired),
    ...scope,
    bounce,
    mends,
    onPlan: (plan) => {
      planned = plan;
      if (mends !== true) host.checkTools?.(plan);
    },
    ...(onProgress && {
      onStep: (step, done) => onProgress({ step, of: planned.length, key: planned[step]?.key ?? '', done }),
    }),
    ...(signal && { signal }),
  });
  return { plan: { steps, diagnostics: desired.diagnostics }, applied };
}

/** The steps that `converge` would take. */
export async function dryRun(host: Host, desired: Desired, scope: Scope, bounce?: boolean): Promise<readonly Step[]> {
  const { steps } = await reconcile(host, { ...wanted(desired), ...scope, bounce, dryRun: true });
  return steps;
}

/** Resources of networks that cannot be compiled now are wanted as they are. */
export async function keepFailed(host: Host, desired: Desired, networks: ReadonlySet<string> | 'all'): Promise<Desired> {
  if (desired.failed.size === 0) return desired;
  const actual = await host.observe({ networks, desired: desired.state });
  const kept = [...actual].filter(([, resource]) => resource.owner !== undefined && desired.failed.has(resource.owner.network));
  return { ...desired, state: new Map([...desired.state, ...kept]) };
}

function wanted({ state, former }: Desired): Pick<ReconcileRequest, 'desired' | 'former'> {
  return { desired: state, ...(former && { former }) };
}
