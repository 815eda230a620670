import { loadDocuments, showFindings, storedDocuments } from '../documents.ts';
import { OK, PENDING } from '../exit.ts';
import { showPlan } from '../change.ts';
import { shellLine } from '../render/text.ts';
import { meansFile } from '../sources.ts';
import { flag, type Run } from '../verb.ts';
import { networkView, planView, printJson } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const asData = flag(options, 'json');
  const documents = await loadDocuments(io, operands.filter(meansFile), asData);
  await using driver = await io.openDriver();
  const all = [...documents.map((d) => d.xml), ...(await storedDocuments(driver, operands))];
  const result = await driver.up(all, { dryRun: true, signal: io.signal, ...(flag(options, 'bounce') ? { bounce: true } : {}) });
  const pending = result.plan.steps.length > 0;
  if (asData) io.out(printJson({ plan: planView(result.plan), networks: result.networks.map(networkView) }));
  else {
    showFindings(io, result.plan.diagnostics, undefined);
    await showPlan(io, result, options);
    if (pending) io.err(`Next: ${shellLine('virtnet', 'up', ...(flag(options, 'bounce') ? ['--bounce'] : []), ...operands)}\n`);
  }
  return pending ? PENDING : OK;
};
