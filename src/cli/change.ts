import type { ChangeOptions, ChangeResult, NetworkInfo } from '../driver/driver.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { FAILED, OK } from './exit.ts';
import type { Io } from './io.ts';
import { progressLine } from './progress.ts';
import { showFindings } from './documents.ts';
import { worstDisturbance } from '../plan/disturbance.ts';
import { effectOf, formatPlan, formatPlanTotals } from './render/plan.ts';
import { flag, type Options } from './verb.ts';
import { namesOf, networkView, planView, printJson } from './views.ts';
import { sentence } from './render/text.ts';

export interface Change {
  readonly apply: (options: ChangeOptions) => Promise<ChangeResult>;
  /** One line for each network when it is done. */
  readonly report: (networks: readonly NetworkInfo[]) => string;
  /** What to type next. */
  readonly next?: (networks: readonly NetworkInfo[]) => string;
  /** Show the plan before it is applied, not only its totals; --commands shows it in any case. */
  readonly showPlan: boolean;
  /** What keeps networks that are up now from working; asked once the change holds. */
  readonly warnings?: (networks: readonly NetworkInfo[]) => Promise<readonly Diagnostic[]>;
  /** What to answer instead when nothing on the host had to change. A network on a bridge of the host needs nothing of its own. */
  readonly unchanged?: (networks: readonly NetworkInfo[]) => string;
  /** Of whose stored definition a change of just that is; a dry run without steps says so. */
  readonly storedOnlyOf?: string | undefined;
  /** What --json prints beside it. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * Plans a change, shows it, asks where guests are disturbed and somebody sits there, and applies it. With --dry-run it ends after the
 * plan; with --json it prints `{ plan, applied, networks }`.
 */
export async function makeChange(io: Io, options: Options, change: Change): Promise<number> {
  const asData = flag(options, 'json');
  const dryRun = flag(options, 'dryRun');
  const mayAsk = io.interactive && !flag(options, 'yes') && !asData;
  const wantsPlan = change.showPlan || flag(options, 'commands');
  // That there is nothing to do is said once that is sure: the change itself may be refused still.
  let isShown = false;
  let names: ReadonlyMap<string, string> | undefined;
  if (dryRun || wantsPlan || mayAsk) {
    const preview = await change.apply({ dryRun: true });
    names = namesOf(preview.networks);
    if (dryRun && asData) {
      io.out(printJson({ plan: planView(preview.plan), applied: false, networks: preview.networks.map(networkView), ...change.fields }));
      return OK;
    }
    if (!asData) {
      showFindings(io, preview.plan.diagnostics, undefined);
      const isIdle = preview.plan.steps.length === 0;
      if (dryRun && isIdle && change.storedOnlyOf !== undefined)
        io.out(sentence`Only the stored definition of ${change.storedOnlyOf} would change.`);
      else if (dryRun || (wantsPlan && !isIdle)) {
        await showPlan(io, preview, options);
        isShown = true;
      }
    }
    if (dryRun) return OK;
    const worst = worstDisturbance(preview.plan.steps);
    if (mayAsk && worst !== 'none' && worst !== 'dns-dhcp-pause' && !(await io.ask(`Go on, though ${effectOf(worst)}?`))) {
      io.err('Nothing was changed.\n');
      return FAILED;
    }
  }
  const progress = progressLine(io, names);
  let result: ChangeResult;
  try {
    result = await change.apply({ onProgress: progress.onProgress, signal: io.signal });
  } finally {
    progress.end();
  }
  const warnings = (await change.warnings?.(result.networks)) ?? [];
  if (asData) {
    const networks = result.networks.map((n) =>
      networkView({ ...n, warnings: [...n.warnings, ...warnings.filter((w) => w.source === n.name)] }),
    );
    io.out(printJson({ plan: planView(result.plan), applied: result.applied, networks, ...change.fields }));
    return OK;
  }
  if (!wantsPlan) showFindings(io, result.plan.diagnostics, undefined);
  const isIdle = result.plan.steps.length === 0;
  if (wantsPlan && !isShown && !(isIdle && change.unchanged)) await showPlan(io, result, options);
  const { report, unchanged = report } = change;
  io.out(isIdle ? unchanged(result.networks) : report(result.networks));
  if (!isIdle) io.err(`${formatPlanTotals(result.plan, io.errStyle, 'done')}\n`);
  showFindings(io, warnings, undefined);
  const next = change.next?.(result.networks);
  if (next !== undefined) io.err(`Next: ${next}\n`);
  return OK;
}

/** Prints the plan of a result, and its commands where asked for. */
export async function showPlan(io: Io, result: Pick<ChangeResult, 'plan' | 'networks'>, options: Options): Promise<void> {
  io.out(formatPlan(result.plan, { style: io.outStyle, width: io.tableWidth, names: namesOf(result.networks) }));
  if (flag(options, 'commands')) {
    const { commandsOf } = await import('./commands.ts');
    io.out(commandsOf(result.plan, io.outStyle));
  }
}
