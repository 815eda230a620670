import { hasErrors } from '../../base/diagnostic.ts';
import { FAILED, OK } from '../exit.ts';
import { readDocument } from '../reader.ts';
import { formatDiagnostics, formatTotals, placeOf } from '../render/diagnostics.ts';
import { clean, count } from '../render/text.ts';
import { readSources } from '../sources.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const asData = flag(options, 'json');
  const files = [];
  const found = [];
  for (const source of readSources(io, operands)) {
    const { diagnostics, source: text } = await readDocument(source);
    const ok = !hasErrors(diagnostics) && !(flag(options, 'strict') && diagnostics.length > 0);
    for (const d of diagnostics) found.push(d);
    if (asData) {
      files.push({
        file: source.name,
        ok,
        diagnostics: diagnostics.map((d) => (d.span && !d.position ? { ...d, position: placeOf(text.text, d.span.start) } : d)),
      });
      continue;
    }
    files.push({ ok });
    if (diagnostics.length > 0) io.out(formatDiagnostics(diagnostics, text, io.outStyle, io.width));
    if (diagnostics.length === 0 && !flag(options, 'quiet')) io.out(`${clean(source.name)}: ${io.outStyle.green('ok')}\n`);
  }
  const ok = files.every((f) => f.ok);
  if (asData) io.out(printJson({ ok, files }));
  else if (found.length > 0) {
    io.err(`${formatTotals(found)} in ${count(files.length, 'document')}\n`);
    const first = found.find((d) => d.severity === 'error') ?? found[0];
    if (first) io.err(`Next: virtnet explain ${first.code}\n`);
  }
  return ok ? OK : FAILED;
};
