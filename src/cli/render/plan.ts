import { worstDisturbance } from '../../plan/disturbance.ts';
import type { Disturbance, Plan, Step } from '../../plan/plan.ts';
import type { Style } from './style.ts';
import { clean, cut, pad, widthOf } from './text.ts';

/** What a disturbance means for guests, in words. */
const WORDS: Readonly<Record<Disturbance, string>> = {
  none: 'guests notice nothing',
  'dns-dhcp-pause': 'DNS and DHCP pause under a second',
  renumber: 'guests get new addresses when they renew',
  'link-bounce': "a guest's link is down for a second",
  unplug: "a guest's link is cut",
  'network-down': 'all guests lose the network',
};

const SIGNS = { create: '+', change: '~', delete: '-' } as const;

export interface PlanView {
  readonly style: Style;
  /** Terminal columns. */
  readonly width: number;
  /** Network names by uuid: resources that are known by uuid are shown by name. */
  readonly names?: ReadonlyMap<string, string>;
}

/** A plan as lines: sign, resource, reason, and what the step does to guests where it does something. Ends with the totals. */
export function formatPlan(plan: Plan, view: PlanView): string {
  if (plan.steps.length === 0) return 'No changes: the host is as it should be.\n';
  const rows = plan.steps.map((step) => ({ step, what: nameResource(step.key, view.names) }));
  const longest = Math.max(...rows.map((r) => widthOf(r.what)));
  const whatWidth = Math.min(longest, Math.max(24, Math.floor(view.width * 0.55)));
  const lines = rows.map(({ step, what }) => {
    const sign = paintSign(step, view.style);
    const reason = cut(clean(nameResource(step.reason, view.names)), Math.max(10, view.width - whatWidth - 6));
    const line = `  ${sign} ${pad(cut(what, whatWidth), whatWidth)}  ${view.style.dim(reason)}`.trimEnd();
    if (step.disturbance === 'none') return line;
    return `${line}\n${' '.repeat(6)}${view.style.yellow(`! ${effectOf(step.disturbance)}`)}`;
  });
  return `${lines.join('\n')}\n\n${formatPlanTotals(plan, view.style)}\n`;
}

export function effectOf(worst: Disturbance): string {
  return WORDS[worst];
}

/** `Plan: 3 to create, 1 to change, 0 to delete; guests notice nothing.`, or what was done. */
export function formatPlanTotals(plan: Plan, style: Style, tense: 'planned' | 'done' = 'planned'): string {
  const of = (op: Step['op']): string => String(plan.steps.filter((s) => s.op === op).length);
  const worst = worstDisturbance(plan.steps);
  const effect = worst === 'none' ? effectOf(worst) : style.yellow(effectOf(worst));
  return tense === 'planned'
    ? `${style.bold('Plan:')} ${of('create')} to create, ${of('change')} to change, ${of('delete')} to delete; ${effect}.`
    : `${style.bold('Done:')} ${of('create')} created, ${of('change')} changed, ${of('delete')} deleted.`;
}

/** A resource key for people: `firewall 6c3d...` becomes `firewall of default` where the name is known. */
export function nameResource(key: string, names: ReadonlyMap<string, string> | undefined): string {
  const named = key.replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (uuid) => {
    const name = names?.get(uuid);
    return name === undefined ? uuid : `of ${name}`;
  });
  return clean(named);
}

function paintSign(step: Step, style: Style): string {
  const sign = SIGNS[step.op];
  if (step.op === 'create') return style.green(sign);
  return step.op === 'delete' ? style.red(sign) : style.yellow(sign);
}
