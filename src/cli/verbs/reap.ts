import { OK } from '../exit.ts';
import { showFindings } from '../documents.ts';
import { showPlan } from '../change.ts';
import { flag, type Run } from '../verb.ts';
import { planView, printJson } from '../views.ts';
import { clean } from '../render/text.ts';

export const run: Run = async (io, [name], options) => {
  const dryRun = flag(options, 'dryRun');
  await using driver = await io.openDriver();
  const { reaped, change } = await driver.reap(name, { dryRun, signal: io.signal });
  if (flag(options, 'json')) {
    io.out(printJson({ reaped, plan: planView(change.plan), applied: change.applied }));
    return OK;
  }
  showFindings(io, change.plan.diagnostics, undefined);
  if (dryRun) await showPlan(io, change, options);
  for (const { network, port, gone } of reaped)
    io.out(clean(`${port.port.owner.name} ${dryRun ? 'would be' : 'is'} unplugged from ${network}: its ${gone} is gone`) + '\n');
  if (reaped.length === 0) io.err('No guest is gone.\n');
  return OK;
};
