import { hasErrors, type Diagnostic } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import type { Network } from '../network/network.ts';
import type { Io } from './io.ts';
import { readDocument, type Form } from './reader.ts';
import { formatDiagnostics, formatTotals, type SourceText } from './render/diagnostics.ts';
import { meansFile, readSources } from './sources.ts';

/** A network document that was read without errors. */
export interface Document {
  readonly name: string;
  /** As XML, whatever it was written in. */
  readonly xml: string;
  readonly network: Network;
}

/**
 * Reads and checks the documents that the operands name and shows what was found on stderr (with --json only errors matter: they are
 * part of the error).
 * @throws VirtnetError VNU001 for files that cannot be read, VNM-codes of the first error otherwise, with all findings.
 */
export async function loadDocuments(
  io: Io,
  operands: readonly string[],
  asData: boolean,
  options: { readonly quiet?: boolean } = {},
): Promise<readonly Document[]> {
  const documents: Document[] = [];
  const faults: Diagnostic[] = [];
  for (const source of readSources(io, operands)) {
    const read = await readDocument(source);
    if (!asData && options.quiet !== true) showFindings(io, read.diagnostics, read.source);
    if (read.network === undefined || hasErrors(read.diagnostics))
      for (const d of read.diagnostics) faults.push({ ...d, source: source.name });
    else documents.push({ name: source.name, xml: read.xml, network: read.network });
  }
  if (faults.length === 0) return documents;
  const first = faults.find((d) => d.severity === 'error');
  throw new VirtnetError({
    code: first?.code ?? 'VNU001',
    message: `${formatTotals(faults)} in ${operands.join(' ')}`,
    hint: first === undefined ? 'see above' : `virtnet explain ${first.code}`,
    ...(asData || options.quiet === true ? { diagnostics: faults } : {}),
  });
}

/** What is stored of the networks among the operands of `up` (the others are files); of one that was never defined, what it runs by. */
export function storedDocuments(driver: NetworkDriver, operands: readonly string[]): Promise<readonly string[]> {
  const names = operands.filter((word) => !meansFile(word));
  return Promise.all(names.map(async (name) => driver.xml(name, { inactive: (await driver.get(name)).persistent })));
}

/** Shows findings on stderr, with their source lines where the text is known. */
export function showFindings(io: Io, diagnostics: readonly Diagnostic[], source: SourceText | undefined): void {
  if (diagnostics.length > 0) io.err(formatDiagnostics(diagnostics, source, io.errStyle, io.width));
}

/** A form by its name. @throws VirtnetError VNU001 for any other word. */
export function readForm(word: string): Form {
  if (word === 'xml' || word === 'yaml' || word === 'json') return word;
  throw new VirtnetError({ code: 'VNU001', message: `unknown form "${word}"`, hint: 'xml, yaml or json' });
}
