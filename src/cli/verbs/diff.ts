import { showFindings } from '../documents.ts';
import { OK, PENDING } from '../exit.ts';
import { showPlan } from '../change.ts';
import { shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { planView, printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const plan = await driver.diff(name);
  const drift = plan.steps.length > 0;
  if (flag(options, 'json')) io.out(printJson({ plan: planView(plan) }));
  else {
    showFindings(io, plan.diagnostics, undefined);
    await showPlan(io, { plan, networks: await driver.list() }, options);
    if (drift) io.err(`Next: ${shellLine('virtnet', 'repair', ...(name === undefined ? [] : [name]))}\n`);
  }
  return drift ? PENDING : OK;
};
