import { loadDocuments, showFindings } from '../documents.ts';
import { OK, PENDING } from '../exit.ts';
import { showPlan } from '../change.ts';
import { flag, type Run } from '../verb.ts';
import { networkView, planView, printJson } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const asData = flag(options, 'json');
  const documents = await loadDocuments(io, operands, asData);
  await using driver = await io.openDriver();
  const result = await driver.up(
    documents.map((d) => d.xml),
    { dryRun: true, signal: io.signal, ...(flag(options, 'bounce') ? { bounce: true } : {}) },
  );
  const pending = result.plan.steps.length > 0;
  if (asData) io.out(printJson({ plan: planView(result.plan), networks: result.networks.map(networkView) }));
  else {
    showFindings(io, result.plan.diagnostics, undefined);
    await showPlan(io, result, options);
    if (pending) io.err(`Next: virtnet up ${[...(flag(options, 'bounce') ? ['--bounce'] : []), ...operands].join(' ')}\n`);
  }
  return pending ? PENDING : OK;
};
