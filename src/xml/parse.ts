import { lineIndex } from '../base/source.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { forbiddenAt } from './characters.ts';
import { decodeXml } from './decode.ts';
import { XmlFault } from './fault.ts';
import type { XmlDocument } from './node.ts';
import { Parser } from './parser.ts';

/** Bounds of what is read. */
export interface ParseXmlOptions {
  /** Characters (or bytes) of the source; default 64 Mi. */
  readonly maxLength?: number;
  /** Elements in one another below the root; default 256, which is libxml2's own bound. */
  readonly maxDepth?: number;
}

/** What came of a text: a document, or the reason why there is none (the one `error` among the diagnostics). */
export interface ParsedXml {
  readonly document?: XmlDocument;
  /** The decoded text, as far as it could be decoded: what the spans point into. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads an XML document: strict, with namespaces, in time and memory linear in its length. Nothing outside the document is ever
 * fetched, and what its own entities may expand to is bounded. Never throws for any input.
 */
export function parseXml(source: string | Uint8Array, options: ParseXmlOptions = {}): ParsedXml {
  const { maxLength = 64 * 1024 * 1024, maxDepth = 256 } = options;
  let text = '';
  try {
    if (source.length > maxLength) {
      throw new XmlFault('VNX011', 0, `document is longer than ${String(maxLength)} characters`);
    }
    text = typeof source === 'string' ? (source.charCodeAt(0) === 0xfeff ? source.slice(1) : source) : decodeXml(source);
    const bad = forbiddenAt(text);
    const parser = new Parser(text, maxDepth);
    try {
      const root = parser.document();
      if (bad >= 0) throw forbidden(text, bad);
      return { document: { root, text }, text, diagnostics: remarksOf(parser, text) };
    } catch (fault) {
      throw fault instanceof XmlFault && bad >= 0 && bad <= fault.offset ? forbidden(text, bad) : fault;
    }
  } catch (fault) {
    if (!(fault instanceof XmlFault)) throw fault;
    return { text, diagnostics: [diagnosticOf(fault, text)] };
  }
}

function forbidden(text: string, at: number): XmlFault {
  const code = text.charCodeAt(at);
  return new XmlFault('VNX012', at, `character U+${code.toString(16).toUpperCase().padStart(4, '0')} may not stand in a document`, {
    hint: 'remove it; XML cannot carry it',
  });
}

function remarksOf(parser: Parser, text: string): Diagnostic[] {
  if (parser.remarks.length === 0) return [];
  const index = lineIndex(text);
  return parser.remarks.map(({ offset, ...remark }) => ({
    ...remark,
    severity: 'warning' as const,
    span: { start: offset, end: offset + 1 },
    position: index.positionOf(offset),
  }));
}

/** The fault with its place, and libvirt's form of it: code 35, the line, libxml2's words, the line's text and a caret. */
function diagnosticOf(fault: XmlFault, text: string): Diagnostic {
  const index = lineIndex(text);
  const at = Math.min(fault.offset, text.length);
  const position = index.positionOf(at);
  let caret = Math.min(fault.caret, text.length);
  const noticed = index.positionOf(caret);
  // Of a text that ends too early libxml2 shows the end of the last line that is not empty.
  if (caret === text.length) while (/[\n\r]/.test(text[caret - 1] ?? '')) caret--;
  const shown = index.positionOf(caret);
  const line = index.lineText(shown.line);
  const excerpt = text === '' ? '' : `${line}\n${pointer(line.slice(0, shown.column - 1))}^`;
  return {
    code: fault.code,
    severity: 'error',
    message: fault.message,
    span: { start: at, end: Math.min(text.length, at + 1) },
    position,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    libvirt: { code: 35, domain: 19, message: `at line ${String(noticed.line)}: ${fault.libxml2}\n${excerpt}` },
  };
}

/** What stands under the part of a line before the fault: a dash for each byte, tabs as they are. */
function pointer(before: string): string {
  return before.replace(/[^\t]/gu, (c) => '-'.repeat(new TextEncoder().encode(c).length));
}
