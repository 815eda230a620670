import type { Diagnostic, Result } from '../../base/diagnostic.ts';
import { libxml2Fault } from './libxml2-fault.ts';
import type { Libxml2Fault } from './libxml2-scanner.ts';

/** The fault as libvirt tells it: with the line around it, and a caret below the place. */
export function faultMessage(document: string, fault: Libxml2Fault): string {
  const { line, words } = fault;
  const { text, caret } = fault.inside ?? { text: document, caret: fault.caret };
  // At a line's end, and where the text has ended behind line ends, the line before is shown.
  let last = caret;
  while (last > 0 && isLineEnd(text[caret === text.length ? last - 1 : last])) last--;
  let from = last;
  while (from > 0 && !isLineEnd(text[from - 1])) from--;
  let to = last;
  while (to < text.length && !isLineEnd(text[to])) to++;
  const pointer = text.slice(from, Math.min(caret, to)).replace(/[^\t]/gu, (c) => '-'.repeat(Buffer.byteLength(c)));
  return `at line ${String(line)}: ${words}\n${text.slice(from, to) || '(null)'}\n${pointer}^`;
}

/**
 * The diagnostics of a text that is no XML with libxml2's words for it, where they are known. Ours and libxml2's first fault need not be the same: it
 * looks at no character before it needs it. Of a document type declaration we read less than it does, so that one is refused as well.
 */
export function inLibxml2sWords(diagnostics: readonly Diagnostic[], text: string): readonly Diagnostic[] {
  const told = diagnostics.find(({ code }) => ILL_FORMED.has(code));
  const fault = told !== undefined || text.includes('<!DOCTYPE') ? libxml2Fault(text) : undefined;
  if (fault === undefined) return diagnostics;
  const libvirt = { code: 35, domain: 19, message: faultMessage(text, fault) };
  if (told !== undefined) return diagnostics.map((diagnostic) => (diagnostic === told ? { ...told, libvirt } : diagnostic));
  const message = `document type declaration is not well-formed: ${fault.words}`;
  const span = { start: fault.caret, end: Math.min(fault.caret + 1, text.length) };
  return [
    { code: 'VNX001', severity: 'error', message, span, hint: 'a network document needs no DOCTYPE: leave it out', libvirt },
    ...diagnostics,
  ];
}

/** What was read of a text; refused where libxml2 refuses the text, in its words. */
export function asLibxml2Reads<T>(result: Result<T>, text: string): Result<T> {
  const diagnostics = inLibxml2sWords(result.diagnostics, text);
  return diagnostics === result.diagnostics ? result : { ok: false, diagnostics };
}

/** Not what is well-formed and too much. */
const ILL_FORMED: ReadonlySet<string> = new Set(['VNX001', 'VNX002', 'VNX003', 'VNX005', 'VNX006', 'VNX012']);

function isLineEnd(c: string | undefined): boolean {
  return c === '\n' || c === '\r';
}
