import { OK } from '../exit.ts';
import { loadDocuments } from '../documents.ts';
import { sentence, shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { networkView, printJson } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const documents = await loadDocuments(io, operands, flag(options, 'json'));
  await using driver = await io.openDriver();
  const asData = flag(options, 'json');
  const defined = [];
  for (const document of documents) {
    const info = await driver.define(document.xml);
    defined.push(info);
    if (asData) continue;
    // Said at once: the next one may be refused.
    io.out(sentence`${info.name} is defined${info.active ? '; it runs on as before until it restarts, or is brought up' : ''}`);
    io.err(`Next: ${shellLine('virtnet', info.active ? 'up' : 'start', info.name)}\n`);
  }
  if (asData) io.out(printJson({ networks: defined.map(networkView) }));
  return OK;
};
