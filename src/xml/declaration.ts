import { isSpace, skipSpace } from './characters.ts';
import { XmlFault } from './fault.ts';

/**
 * Reads `<?xml version= encoding= standalone=?>` (production 23) at the start of a text and gives the offset behind it. The first fault is libxml2's, at
 * its place. The encoding has been used when the text was decoded; here its name must be one that exists.
 */
export function readDeclaration(text: string): number {
  const version = readValue(text, skipSpace(text, 5), 'version', /\d(?:\.\d*)?/y);
  if (!version?.value.includes('.')) throw fault(version?.end ?? skipSpace(text, 5), 'Malformed declaration expecting version');
  if (!version.value.startsWith('1.')) throw fault(version.end, `Unsupported version '${version.value}'`);
  if (!isSpace(text.charCodeAt(version.end)) && !text.startsWith('?>', version.end)) throw fault(version.end, 'Blank needed here');
  const encoding = readValue(text, skipSpace(text, version.end), 'encoding', /[A-Za-z][\w.-]*/y, 'Invalid XML encoding name');
  if (encoding && !isEncoding(encoding.value)) throw fault(encoding.end, `Unsupported encoding ${encoding.value}`);
  const behind = skipSpace(text, (encoding ?? version).end);
  const standalone = readValue(text, behind, 'standalone', /yes|no/y, "standalone accepts only 'yes' or 'no'");
  const end = skipSpace(text, standalone?.end ?? behind);
  if (!text.startsWith('?>', end)) throw fault(end, "parsing XML declaration: '?>' expected");
  return end + 2;
}

/** `NAME = "VALUE"` at `at`; undefined where another word stands. `empty` is the complaint about a value that `pattern` does not start. */
function readValue(text: string, at: number, name: string, pattern: RegExp, empty?: string): { value: string; end: number } | undefined {
  if (!text.startsWith(name, at)) return undefined;
  const equals = skipSpace(text, at + name.length);
  if (text[equals] !== '=') throw fault(equals, "expected '='");
  const quoteAt = skipSpace(text, equals + 1);
  const quote = text[quoteAt];
  if (quote !== '"' && quote !== "'") throw fault(quoteAt, 'String not started expecting \' or "');
  pattern.lastIndex = quoteAt + 1;
  const value = pattern.exec(text)?.[0] ?? '';
  const close = quoteAt + 1 + value.length;
  if (value === '' && empty !== undefined) throw fault(close, empty);
  if (text[close] !== quote) throw fault(close, 'String not closed expecting " or \'');
  return { value, end: close + 1 };
}

/** iconv knows a few more, which nobody writes. */
function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}

function fault(offset: number, libxml2: string): XmlFault {
  return new XmlFault('VNX001', offset, 'XML declaration is not of the form <?xml version="1.0" encoding="..."?>', { libxml2 });
}
