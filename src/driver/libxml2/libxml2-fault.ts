import { isSpace, nameEnd } from '../../xml/characters.ts';
import { readDeclaration } from '../../xml/declaration.ts';
import { XmlFault } from '../../xml/fault.ts';
import { Libxml2DoctypeReader } from './libxml2-doctype.ts';
import type { Declared } from './libxml2-references.ts';
import { Fault, firstBytes, Unknown, type Libxml2Fault } from './libxml2-scanner.ts';

/**
 * The first fatal error of libxml2 2.9 in a text that is not well-formed: clients of libvirt are told it word by word, and it is found in the
 * order in which libxml2 reads, which is not ours. Undefined where there is none, or where it is not known: behind entities that come to very
 * much, and in content models and attribute types.
 */
export function libxml2Fault(source: string): Libxml2Fault | undefined {
  // A byte order mark is stepped over, and shown.
  const skipped = source.startsWith('\ufeff') ? 1 : 0;
  const text = source.slice(skipped);
  const at = (fault: Libxml2Fault): Libxml2Fault => ({ ...fault, caret: fault.caret + skipped });
  const reader = new DocumentReader(text);
  try {
    reader.document();
  } catch (fault) {
    if (fault instanceof Unknown) return undefined;
    if (!(fault instanceof Fault)) throw fault;
    // These it takes for broken UTF-8 as soon as it sees them, as it does bytes that are none: a client's stand in the text as lone surrogates.
    const outside = text.search(/[\ufffe\uffff\ud800-\udfff]/u);
    const isByte = BY_BYTE.test(fault.words) || (fault.words.startsWith('Specification') && isSpace(text.charCodeAt(fault.caret - 1)));
    if (fault.inside || outside < 0 || outside > fault.caret || (outside === fault.caret && isByte)) return at(fault);
    const words = encodingFault(bytesOf(text.slice(outside, outside + 5)));
    if (words !== undefined) return at({ caret: outside, line: reader.lineOf(outside), words });
    return at(fault.words.startsWith('PCDATA') ? { ...fault, words: 'internal error: detected an error in element content\n' } : fault);
  }
  return undefined;
}

/**
 * What libxml2 says of bytes of which no character is made: they are no UTF-8, or stand for one outside of XML. Undefined where fewer than four are
 * left: more might come, and it is the reader that complains.
 */
function encodingFault(bytes: readonly number[]): string | undefined {
  const [first = 0, ...more] = bytes;
  const length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : 0;
  const tail = more.slice(0, length - 1);
  const code = tail.reduce((sum, byte) => (sum << 6) | (byte & 0x3f), first & (0x7f >> length));
  const isWhole = length > 0 && tail.length === length - 1 && tail.every((byte) => (byte & 0xc0) === 0x80);
  if (isWhole && code >= (length === 4 ? 0x10000 : 0x800)) return `Char 0x${hex(code)} out of allowed range`;
  if (bytes.length < 4) return undefined;
  return `Input is not proper UTF-8, indicate encoding !\nBytes: ${bytes.map((byte) => `0x${hex(byte)}`).join(' ')}`;
}

/** The first four bytes of a text; lone surrogates from U+DC80 on stand for bytes. */
function bytesOf(text: string): readonly number[] {
  return Array.from(text, (c) => (/^[\udc80-\udcff]$/.test(c) ? [c.charCodeAt(0) - 0xdc00] : [...Buffer.from(c)]))
    .flat()
    .slice(0, 4);
}

function hex(number: number): string {
  return number.toString(16).toUpperCase().padStart(2, '0');
}

/** Found by a look at the next byte alone. */
const BY_BYTE =
  /^(AttValue: "|Extra content|Start tag expected|attributes construct|Malformed declaration|expected '='|Invalid XML encoding|CharRef|internal error)/;

/** An element in so many others below the root is not read (libxml2's xmlParserMaxDepth). */
const DEPTH = 256;

interface Tag {
  readonly name: string;
  readonly local: string;
  readonly start: number;
}

class DocumentReader extends Libxml2DoctypeReader {
  document(): void {
    if (this.text === '') this.fail('Document is empty');
    if (this.at('<?xml') && isSpace(this.text.charCodeAt(5))) {
      this.pos = this.#declaration();
      this.isStandalone = /standalone\s*=\s*["']yes/.test(this.text.slice(0, this.pos));
    }
    this.misc();
    if (this.at('<!DOCTYPE')) {
      this.doctype();
      this.misc();
    }
    if (!this.at('<')) this.fail("Start tag expected, '<' not found");
    this.#tree();
    this.misc();
    if (!this.ended()) this.fail('Extra content at the end of the document');
  }

  #declaration(): number {
    try {
      return readDeclaration(this.text);
    } catch (fault) {
      if (fault instanceof XmlFault) this.fail(fault.libxml2, fault.caret, this.lineOf(fault.caret));
      throw fault;
    }
  }

  #tree(): void {
    const root = this.#startTag();
    if (root) this.#content([root], () => true);
  }

  protected override entity(value: string, declared: Declared, depth: number): void {
    const inner = new DocumentReader(value, declared, depth);
    try {
      inner.#content([], () => inner.ended());
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      throw new Fault(this.pos, fault.line, fault.words, fault.inside ?? { text: value, caret: fault.caret });
    }
  }

  /** Up to the end of the outermost of these elements, or to where it may end outside of all. */
  #content(open: Tag[], isEnd: () => boolean): void {
    for (let innermost = open.at(-1); innermost !== undefined || !isEnd(); innermost = open.at(-1)) {
      if (this.at('<?')) this.instruction();
      else if (this.at('<![CDATA[')) this.#section();
      else if (this.at('<!--')) this.comment();
      else if (this.at('</')) {
        if (innermost === undefined) this.fail('chunk is not well balanced');
        this.#endTag(innermost);
        open.pop();
      } else if (this.at('<')) {
        if (open.length > DEPTH) this.fail(`Excessive depth in document: ${String(DEPTH)} use XML_PARSE_HUGE option`);
        const tag = this.#startTag();
        if (tag) open.push(tag);
      } else if (this.at('&')) this.reference(false);
      else if (innermost && this.ended())
        this.fail(`Premature end of data in tag ${innermost.local} line ${String(this.lineOf(innermost.start))}`);
      else this.#characters();
    }
  }

  /** The tag that is open then; undefined for an empty element. */
  #startTag(): Tag | undefined {
    const start = this.pos++;
    const name = this.name();
    if (name === undefined) this.fail('StartTag: invalid element name');
    const local = localOf(name);
    this.blanks();
    const seen = new Set<string>();
    let twice: string | undefined;
    while (!this.at('>') && !this.at('/>') && this.isByteCharacter()) {
      const attribute = this.#attribute();
      if (seen.has(attribute)) twice ??= attribute;
      seen.add(attribute);
      if (this.at('>') || this.at('/>')) break;
      if (!this.blanks()) this.fail('attributes construct error');
    }
    if (twice !== undefined) this.fail(`Attribute ${twice} redefined`);
    if (this.at('/>')) {
      this.pos += 2;
      return undefined;
    }
    if (!this.at('>')) this.fail(`Couldn't find end of Start Tag ${local} line ${String(this.lineOf(start))}`);
    this.pos++;
    return { name, local, start };
  }

  #attribute(): string {
    const name = this.name();
    if (name === undefined) this.fail('error parsing attribute name');
    this.blanks();
    if (this.char() !== '=') this.fail(`Specification mandates value for attribute ${localOf(name)}`);
    this.pos++;
    this.blanks();
    this.attributeValue();
    return name;
  }

  #section(): void {
    const from = (this.pos += 9);
    while (this.isCharacter() && !this.at(']]>')) this.pos = this.next();
    if (!this.at(']]>')) {
      // It keeps the last two characters back, which might begin the end, and shows 50 bytes of the others.
      const read = [...this.text.slice(from, Math.min(this.pos, from + 120))].slice(0, this.pos - from > 120 ? undefined : -2);
      if (this.next(this.next(from)) > this.pos) this.fail('Unregistered error message');
      this.fail(`CData section not finished\n${firstBytes(read.join(''), 50)}`);
    }
    this.pos += 3;
  }

  /** Text up to the next markup. Plain ASCII is read by the run, whose beginning is then where an error is told to be. */
  #characters(): void {
    let run = this.pos;
    let isPlain = true;
    while (!this.ended() && this.char() !== '<' && this.char() !== '&') {
      const code = this.text.codePointAt(this.pos) ?? 0;
      if (code === 0x0d && isPlain) run = this.pos + (this.text[this.pos + 1] === '\n' ? 1 : 0);
      if (code >= 0x80 || (code === 0x0d && this.text[this.pos + 1] !== '\n')) isPlain = false;
      if (code === 0x5d && this.at(']]>')) this.fail("Sequence ']]>' not allowed in content", isPlain ? run : this.pos);
      if (!this.isCharacter()) this.fail(`PCDATA invalid Char value ${String(code)}`);
      this.pos = this.next();
    }
  }

  #endTag({ name, local, start }: Tag): void {
    this.pos += 2;
    const found = this.name();
    this.blanks();
    if (this.char() !== '>') this.fail("expected '>'");
    this.pos++;
    if (found === name) return;
    const told = found === undefined ? 'unparsable' : name === local ? found : localOf(found);
    this.fail(`Opening and ending tag mismatch: ${local} line ${String(this.lineOf(start))} and ${told}`);
  }
}

/** The name behind its prefix, where it has one. */
function localOf(name: string): string {
  const colon = name.indexOf(':');
  const rest = name.slice(colon + 1);
  return colon > 0 && nameEnd(rest, 0) > 0 ? rest : name;
}
