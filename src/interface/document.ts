import { hasErrors, type Result } from '../base/diagnostic.ts';
import { lineIndex } from '../base/source.ts';
import { readContext, refuse, toDiagnostic, type ReadContext } from '../network/context.ts';
import { FROM, xmlError } from '../network/libvirt-error.ts';
import type { XmlElement } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';

/** How a guest's document is read. */
export interface ReadDocumentOptions {
  /** The name of the file, for diagnostics. */
  readonly source?: string;
}

/** Reads a document whose root must be `rootName`; the reader gives undefined only after a refusal. */
export function readDocument<T>(
  text: string | Uint8Array,
  rootName: string,
  reader: (context: ReadContext, root: XmlElement, text: string) => T | undefined,
  { source }: ReadDocumentOptions = {},
): Result<T> {
  const parsed = parseXml(text);
  const named = source === undefined ? parsed.diagnostics : parsed.diagnostics.map((d) => ({ ...d, source }));
  if (!parsed.document) return { ok: false, diagnostics: named };
  const { root } = parsed.document;
  const context = readContext('');
  let value: T | undefined;
  if (root.local === rootName) {
    value = reader(context, root, parsed.text);
  } else {
    refuse(context, root, {
      code: 'VNI001',
      message: `the root element is <${root.name}>, not <${rootName}>`,
      found: root.name,
      allowed: rootName,
      libvirt: xmlError(`expecting root element of '${rootName}', not '${root.local}'`, FROM.xml),
    });
  }
  const lines = lineIndex(parsed.text);
  const diagnostics = [...named, ...context.findings.map((f) => toDiagnostic(f, (offset) => lines.positionOf(offset), source))];
  return value === undefined || hasErrors(diagnostics) ? { ok: false, diagnostics } : { ok: true, value, diagnostics };
}
