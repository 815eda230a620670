import type { Diagnostic, Result } from '../base/diagnostic.ts';
import { isSpace, isXmlCharacter, nameEnd, skipSpace } from '../xml/characters.ts';
import { readDeclaration } from '../xml/declaration.ts';
import { XmlFault } from '../xml/fault.ts';

/** Where libxml2 stops reading a text, and what it says. */
export interface Libxml2Fault {
  /** Offset of the character that it has come to. */
  readonly caret: number;
  /** 1-based: it counts on while it still looks for the end of a run of text. */
  readonly line: number;
  readonly words: string;
  /** The replacement text of a parameter entity, and the offset in it, where that is what libxml2 reads. */
  readonly inside?: { readonly text: string; readonly caret: number } | undefined;
}

/**
 * The first fatal error of libxml2 2.9 in a text that is not well-formed: clients of libvirt are told it word by word, and it is found in the
 * order in which libxml2 reads, which is not ours. Undefined where there is none, or where it is not known: behind references to entities that
 * the document declares, and in content models and attribute types.
 */
export function libxml2Fault(source: string): Libxml2Fault | undefined {
  // A byte order mark is stepped over, and shown.
  const skipped = source.startsWith('\ufeff') ? 1 : 0;
  const text = source.slice(skipped);
  const at = (fault: Libxml2Fault): Libxml2Fault => ({ ...fault, caret: fault.caret + skipped });
  const reader = new Reader(text);
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

/** Found by a look at the next byte alone. */
const BY_BYTE =
  /^(AttValue: "|Extra content|Start tag expected|attributes construct|Malformed declaration|expected '='|Invalid XML encoding|CharRef|internal error)/;

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

class Fault extends Error implements Libxml2Fault {
  readonly caret: number;
  readonly line: number;
  readonly words: string;
  readonly inside: Libxml2Fault['inside'];

  constructor(caret: number, line: number, words: string, inside?: Libxml2Fault['inside']) {
    super(words);
    this.caret = caret;
    this.line = line;
    this.words = words;
    this.inside = inside;
  }
}

/** Thrown where it is not known what libxml2 says. */
class Unknown extends Error {}
/** An element in so many others below the root is not read (libxml2's xmlParserMaxDepth). */
const DEPTH = 256;
/** Characters that parameter entities may come to before it is not known what libxml2 says. */
const PARAMETER_LIMIT = 1_000_000;
/** libxml2 takes deeper ones for a loop, and finds loops so. */
const PARAMETER_DEPTH = 40;
const PREDEFINED: ReadonlySet<string> = new Set(['lt', 'gt', 'amp', 'quot', 'apos']);

interface Tag {
  readonly name: string;
  readonly local: string;
  readonly start: number;
}

/** What a document type declaration has declared so far. */
interface Declared {
  readonly entities: Set<string>;
  /** Replacement texts; undefined for one outside the document, which is never fetched. */
  readonly parameters: Map<string, string | undefined>;
  /** Parameter entities that are being read, one in another. */
  depth: number;
  /** What they may still come to. */
  room: number;
}

class Reader {
  readonly #text: string;
  #pos = 0;
  /** An entity that is not declared may be declared outside. */
  #lenient = false;
  /** Nothing outside the document may declare anything. */
  #isStandalone = false;
  readonly #declared: Declared;

  constructor(text: string, declared: Declared = { entities: new Set(), parameters: new Map(), depth: 0, room: PARAMETER_LIMIT }) {
    this.#text = text;
    this.#declared = declared;
  }

  document(): void {
    if (this.#text === '') this.#fail('Document is empty');
    if (this.#at('<?xml') && isSpace(this.#text.charCodeAt(5))) {
      this.#pos = this.#declaration();
      this.#isStandalone = /standalone\s*=\s*["']yes/.test(this.#text.slice(0, this.#pos));
    }
    this.#misc();
    if (this.#at('<!DOCTYPE')) {
      this.#doctype();
      this.#misc();
    }
    if (!this.#at('<')) this.#fail("Start tag expected, '<' not found");
    this.#tree();
    this.#misc();
    if (!this.#ended()) this.#fail('Extra content at the end of the document');
  }

  #declaration(): number {
    try {
      return readDeclaration(this.#text);
    } catch (fault) {
      if (fault instanceof XmlFault) this.#fail(fault.libxml2, fault.caret, this.lineOf(fault.caret));
      throw fault;
    }
  }

  #at(what: string): boolean {
    return this.#text.startsWith(what, this.#pos);
  }

  #char(): string | undefined {
    return this.#text[this.#pos];
  }

  #ended(): boolean {
    return this.#pos >= this.#text.length;
  }

  /** True for the bytes from 0x20 on and white space. */
  #isByteCharacter(): boolean {
    const code = this.#text.charCodeAt(this.#pos);
    return code >= 0x20 || isSpace(code);
  }

  #isCharacter(at = this.#pos): boolean {
    const code = this.#text.codePointAt(at);
    return code !== undefined && isXmlCharacter(code);
  }

  #next(at = this.#pos): number {
    return at + ((this.#text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
  }

  /** Whether there were any. */
  #blanks(): boolean {
    const from = this.#pos;
    this.#pos = skipSpace(this.#text, from);
    return this.#pos > from;
  }

  #name(): string | undefined {
    const from = this.#pos;
    this.#pos = nameEnd(this.#text, from);
    return this.#pos === from ? undefined : this.#text.slice(from, this.#pos);
  }

  lineOf(at = this.#pos): number {
    let line = 1;
    for (let end = this.#text.indexOf('\n'); end >= 0 && end < at; end = this.#text.indexOf('\n', end + 1)) line++;
    return line;
  }

  #fail(words: string, caret = this.#pos, line = this.lineOf()): never {
    throw new Fault(caret, line, words);
  }

  #misc(): void {
    for (;;) {
      this.#blanks();
      if (this.#at('<?')) this.#instruction();
      else if (this.#at('<!--')) this.#comment();
      else return;
    }
  }

  #instruction(): void {
    this.#pos += 2;
    const target = this.#name();
    if (target === undefined) this.#fail('xmlParsePI : no target name');
    if (target === 'xml') this.#fail('XML declaration allowed only at the start of the document');
    if (target.toLowerCase() === 'xml') this.#fail('Invalid PI name');
    if (this.#at('?>')) this.#pos += 2;
    else {
      if (!this.#blanks()) this.#fail(`ParsePI: PI ${target} space expected`);
      while (this.#isCharacter() && !this.#at('?>')) this.#pos = this.#next();
      if (!this.#at('?>')) this.#fail(`ParsePI: PI ${target} never end ...`);
      this.#pos += 2;
    }
  }

  /** From the first character on that is not plain ASCII it has other words. */
  #comment(): void {
    const from = (this.#pos += 4);
    let isPlain = true;
    while (!this.#at('-->')) {
      const code = this.#text.codePointAt(this.#pos) ?? 0;
      if (code >= 0x80 || (code === 0x0d && this.#text[this.#pos + 1] !== '\n')) isPlain = false;
      const before = this.#text.slice(from, Math.min(this.#pos, from + 50));
      if (code === 0x2d && this.#at('--')) {
        if (isPlain) this.#fail(`Double hyphen within comment${before === '' ? '' : `: <!--${before}`}`);
        this.#pos += 2;
        this.#fail("Comment must not contain '--' (double-hyphen)");
      }
      if (this.#ended()) this.#fail(`Comment not terminated${isPlain ? '' : ` \n<!--${firstBytes(before, 50)}`}`);
      if (!this.#isCharacter()) this.#fail(`xmlParseComment: invalid xmlChar value ${String(code)}`);
      this.#pos = this.#next();
    }
    this.#pos += 3;
  }

  #doctype(): void {
    this.#pos += 9;
    this.#blanks();
    if (this.#name() === undefined) this.#fail('xmlParseDocTypeDecl : no DOCTYPE name !');
    this.#blanks();
    this.#lenient = this.#externalId(true) && !this.#isStandalone;
    this.#blanks();
    if (this.#char() === '[') {
      this.#pos++;
      this.#declarations(() => this.#char() === ']');
      this.#pos++;
      this.#blanks();
    }
    if (this.#char() !== '>') this.#fail('DOCTYPE improperly terminated');
    this.#pos++;
  }

  /** Whether there is one. `strict`: a public identifier has a system identifier behind it. */
  #externalId(strict: boolean): boolean {
    if (this.#at('SYSTEM')) {
      this.#pos += 6;
      if (!this.#blanks()) this.#fail("Space required after 'SYSTEM'");
      this.#literal(isXmlCharacter);
      return true;
    }
    if (!this.#at('PUBLIC')) return false;
    this.#pos += 6;
    if (!this.#blanks()) this.#fail("Space required after 'PUBLIC'");
    this.#literal((code) => PUBLIC_ID.test(String.fromCodePoint(code)));
    const hasSpace = this.#blanks();
    if (!strict && (!hasSpace || !/["']/.test(this.#char() ?? ''))) return true;
    if (!hasSpace) this.#fail('Space required after the Public Identifier');
    this.#literal(isXmlCharacter);
    return true;
  }

  #literal(may: (code: number) => boolean): void {
    const quote = this.#char();
    if (quote !== '"' && quote !== "'") this.#fail('SystemLiteral " or \' expected');
    this.#pos++;
    while (this.#char() !== quote) {
      const code = this.#text.codePointAt(this.#pos);
      if (code === undefined || !may(code)) this.#fail('Unfinished System or Public ID " or \' expected');
      this.#pos = this.#next();
    }
    this.#pos++;
  }

  #declarations(isEnd: () => boolean): void {
    while (!isEnd()) {
      const from = this.#pos;
      this.#blanks();
      if (this.#at('<!EL')) this.#elementDeclaration();
      else if (this.#at('<!EN')) this.#entityDeclaration();
      else if (this.#at('<!A')) this.#attributesDeclaration();
      else if (this.#at('<!N')) this.#notationDeclaration();
      else if (this.#at('<!--')) this.#comment();
      else if (this.#at('<?')) this.#instruction();
      if (this.#char() === '%') this.#parameter();
      if (this.#pos === from) this.#fail('internal error: xmlParseInternalSubset: error detected in Markup declaration\n');
    }
  }

  #parameter(): void {
    this.#pos++;
    const name = this.#name();
    if (name === undefined) this.#fail('PEReference: no name');
    if (this.#char() !== ';') this.#fail("PEReference: expecting ';'");
    this.#pos++;
    const { parameters } = this.#declared;
    const value = parameters.get(name);
    if (parameters.has(name) && value === undefined) return;
    if (value === undefined && !this.#lenient) this.#fail(`PEReference: %${name}; not found`);
    this.#lenient = !this.#isStandalone;
    if (value !== undefined) this.#include(value);
  }

  /** Reads the declarations of a parameter entity in the place of its reference. */
  #include(value: string): void {
    if (this.#declared.depth >= PARAMETER_DEPTH) {
      throw new Fault(this.#pos, this.lineOf(), 'Detected an entity reference loop', { text: this.#text, caret: this.#pos });
    }
    if ((this.#declared.room -= value.length) < 0) throw new Unknown();
    const inner = new Reader(value, this.#declared);
    inner.#lenient = this.#lenient;
    inner.#isStandalone = this.#isStandalone;
    this.#declared.depth++;
    try {
      inner.#declarations(() => inner.#ended());
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      // It has left an entity that it has read to its end.
      const inside = fault.caret < value.length ? { text: value, caret: fault.caret } : undefined;
      throw new Fault(this.#pos, fault.inside ? fault.line : this.lineOf(), fault.words, fault.inside ?? inside);
    }
    this.#declared.depth--;
  }

  #elementDeclaration(): void {
    if (!this.#at('<!ELEMENT')) return;
    this.#pos += 9;
    if (!this.#blanks()) this.#fail("Space required after 'ELEMENT'");
    if (this.#name() === undefined) this.#fail('xmlParseElementDecl: no name for Element');
    if (!this.#blanks()) this.#fail('Space required after the element name');
    const model = /EMPTY|ANY|\(\w+(?:\|\w+)*\)[*+?]?(?=\s*>)/y;
    model.lastIndex = this.#pos;
    const found = model.exec(this.#text)?.[0];
    if (found === undefined) {
      if (this.#char() === '(') throw new Unknown();
      if (this.#char() === '%') this.#fail('PEReference: forbidden within markup decl in internal subset');
      this.#fail("xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected");
    }
    this.#pos += found.length;
    this.#blanks();
    if (this.#char() !== '>') this.#fail("expected '>'");
    this.#pos++;
  }

  #entityDeclaration(): void {
    if (!this.#at('<!ENTITY')) return;
    this.#pos += 8;
    if (!this.#blanks()) this.#fail("Space required after '<!ENTITY'");
    const isParameter = this.#char() === '%';
    if (isParameter) {
      this.#pos++;
      if (!this.#blanks()) this.#fail("Space required after '%%'");
    }
    const name = this.#name();
    if (name === undefined) this.#fail('xmlParseEntityDecl: no name');
    if (!this.#blanks()) this.#fail('Space required after the entity name');
    let value: string | undefined;
    if (/["']/.test(this.#char() ?? '')) value = this.#entityValue();
    else {
      if (!this.#externalId(true)) this.#fail('Entity value required');
      if (!isParameter && this.#char() !== '>' && !this.#blanks()) this.#fail("Space required before 'NDATA'");
      if (!isParameter && this.#at('NDATA')) {
        this.#pos += 5;
        if (!this.#blanks()) this.#fail("Space required after 'NDATA'");
        this.#name();
      }
    }
    this.#blanks();
    if (this.#char() !== '>') this.#fail(`xmlParseEntityDecl: entity ${name} not terminated`);
    this.#pos++;
    const { entities, parameters } = this.#declared;
    if (!isParameter) entities.add(name);
    else if (!parameters.has(name)) parameters.set(name, value);
  }

  /** The replacement text: character references are resolved where an entity is declared. */
  #entityValue(): string {
    const quote = this.#char();
    const from = ++this.#pos;
    while (this.#isCharacter() && this.#char() !== quote) this.#pos = this.#next();
    if (this.#char() !== quote) this.#fail('EntityValue: " or \' expected');
    const value = this.#text.slice(from, this.#pos++);
    for (let at = 0; at < value.length; at++) {
      const c = value[at];
      if (c !== '%' && (c !== '&' || value[at + 1] === '#')) continue;
      const end = nameEnd(value, at + 1);
      if (end === at + 1 || value[end] !== ';') this.#fail(`EntityValue: '${c}' forbidden except for entities references`);
      if (c === '%') this.#fail('PEReferences forbidden in internal subset');
      at = end;
    }
    for (const [reference] of value.matchAll(/&#x?[\da-fA-F]*;?/g)) {
      const fault = characterFault(reference);
      if (fault) this.#fail(fault.replace('xmlParseCharRef', 'xmlParseStringCharRef'));
    }
    return value.replace(/&#(x?)([\da-fA-F]+);/g, (_, x: string, digits: string) => String.fromCodePoint(parseInt(digits, x ? 16 : 10)));
  }

  #attributesDeclaration(): void {
    if (!this.#at('<!ATTLIST')) return;
    this.#pos += 9;
    if (!this.#blanks()) this.#fail("Space required after '<!ATTLIST'");
    if (this.#name() === undefined) this.#fail('ATTLIST: no name for Element');
    this.#blanks();
    while (this.#char() !== '>') {
      if (this.#name() === undefined) this.#fail('ATTLIST: no name for Attribute');
      if (!this.#blanks()) this.#fail('Space required after the attribute name');
      if (/^(?:ID|ENTIT|NMTOKEN|NOTATION|\()/.test(this.#text.slice(this.#pos, this.#pos + 8))) throw new Unknown();
      if (!this.#at('CDATA')) this.#fail("'(' required to start ATTLIST enumeration");
      this.#pos += 5;
      if (!this.#blanks()) this.#fail('Space required after the attribute type');
      if (this.#char() === '#') throw new Unknown();
      this.#attributeValue();
      if (this.#char() !== '>' && !this.#blanks()) this.#fail('Space required after the attribute default value');
    }
    this.#pos++;
  }

  #notationDeclaration(): void {
    if (!this.#at('<!NOTATION')) return;
    this.#pos += 10;
    if (!this.#blanks()) this.#fail("Space required after '<!NOTATION'");
    if (this.#name() === undefined) this.#fail('NOTATION: Name expected here');
    if (!this.#blanks()) this.#fail("Space required after the NOTATION name'");
    this.#externalId(false);
    this.#blanks();
    if (this.#char() !== '>') this.#fail("'>' required to close NOTATION declaration");
    this.#pos++;
  }

  #tree(): void {
    const root = this.#startTag();
    const open = root ? [root] : [];
    for (let innermost = open.at(-1); innermost; innermost = open.at(-1)) {
      if (this.#at('<?')) this.#instruction();
      else if (this.#at('<![CDATA[')) this.#section();
      else if (this.#at('<!--')) this.#comment();
      else if (this.#at('</')) {
        this.#endTag(innermost);
        open.pop();
      } else if (this.#at('<')) {
        if (open.length > DEPTH) this.#fail(`Excessive depth in document: ${String(DEPTH)} use XML_PARSE_HUGE option`);
        const tag = this.#startTag();
        if (tag) open.push(tag);
      } else if (this.#at('&')) this.#reference(false);
      else if (this.#ended()) this.#fail(`Premature end of data in tag ${innermost.local} line ${String(this.lineOf(innermost.start))}`);
      else this.#characters();
    }
  }

  /** The tag that is open then; undefined for an empty element. */
  #startTag(): Tag | undefined {
    const start = this.#pos++;
    const name = this.#name();
    if (name === undefined) this.#fail('StartTag: invalid element name');
    const local = localOf(name);
    this.#blanks();
    const seen = new Set<string>();
    let twice: string | undefined;
    while (!this.#at('>') && !this.#at('/>') && this.#isByteCharacter()) {
      const attribute = this.#attribute();
      if (seen.has(attribute)) twice ??= attribute;
      seen.add(attribute);
      if (this.#at('>') || this.#at('/>')) break;
      if (!this.#blanks()) this.#fail('attributes construct error');
    }
    if (twice !== undefined) this.#fail(`Attribute ${twice} redefined`);
    if (this.#at('/>')) {
      this.#pos += 2;
      return undefined;
    }
    if (!this.#at('>')) this.#fail(`Couldn't find end of Start Tag ${local} line ${String(this.lineOf(start))}`);
    this.#pos++;
    return { name, local, start };
  }

  #attribute(): string {
    const name = this.#name();
    if (name === undefined) this.#fail('error parsing attribute name');
    this.#blanks();
    if (this.#char() !== '=') this.#fail(`Specification mandates value for attribute ${localOf(name)}`);
    this.#pos++;
    this.#blanks();
    this.#attributeValue();
    return name;
  }

  #attributeValue(): void {
    const quote = this.#char();
    if (quote !== '"' && quote !== "'") this.#fail('AttValue: " or \' expected');
    this.#pos++;
    while (this.#char() !== quote && this.#char() !== '<' && this.#isCharacter()) {
      if (this.#char() === '&') this.#reference(true);
      else this.#pos = this.#next();
    }
    if (this.#char() === '<') this.#fail("Unescaped '<' not allowed in attributes values");
    if (this.#char() !== quote) this.#fail(this.#ended() ? "AttValue: ' expected" : 'invalid character in attribute value');
    this.#pos++;
  }

  #reference(inAttribute: boolean): void {
    if (this.#at('&#')) {
      const raw = /&#(?:x[\da-fA-F]*|\d*);?/y;
      raw.lastIndex = this.#pos;
      const [found = ''] = raw.exec(this.#text) ?? [];
      this.#pos += found.length;
      const fault = characterFault(found);
      if (fault) this.#fail(fault);
      return;
    }
    this.#pos++;
    const name = this.#name();
    if (name === undefined) this.#fail('xmlParseEntityRef: no name');
    if (this.#char() !== ';') this.#fail("EntityRef: expecting ';'");
    this.#pos++;
    if (PREDEFINED.has(name)) return;
    if (this.#declared.entities.has(name) || (this.#lenient && inAttribute)) throw new Unknown();
    if (!this.#lenient) this.#fail(`Entity '${name}' not defined`);
  }

  #section(): void {
    const from = (this.#pos += 9);
    while (this.#isCharacter() && !this.#at(']]>')) this.#pos = this.#next();
    if (!this.#at(']]>')) {
      // It keeps the last two characters back, which might begin the end, and shows 50 bytes of the others.
      const read = [...this.#text.slice(from, Math.min(this.#pos, from + 120))].slice(0, this.#pos - from > 120 ? undefined : -2);
      if (this.#next(this.#next(from)) > this.#pos) this.#fail('Unregistered error message');
      this.#fail(`CData section not finished\n${firstBytes(read.join(''), 50)}`);
    }
    this.#pos += 3;
  }

  /** Text up to the next markup. Plain ASCII is read by the run, whose beginning is then where an error is told to be. */
  #characters(): void {
    let run = this.#pos;
    let isPlain = true;
    while (!this.#ended() && this.#char() !== '<' && this.#char() !== '&') {
      const code = this.#text.codePointAt(this.#pos) ?? 0;
      if (code === 0x0d && isPlain) run = this.#pos + (this.#text[this.#pos + 1] === '\n' ? 1 : 0);
      if (code >= 0x80 || (code === 0x0d && this.#text[this.#pos + 1] !== '\n')) isPlain = false;
      if (code === 0x5d && this.#at(']]>')) this.#fail("Sequence ']]>' not allowed in content", isPlain ? run : this.#pos);
      if (!this.#isCharacter()) this.#fail(`PCDATA invalid Char value ${String(code)}`);
      this.#pos = this.#next();
    }
  }

  #endTag({ name, local, start }: Tag): void {
    this.#pos += 2;
    const found = this.#name();
    this.#blanks();
    if (this.#char() !== '>') this.#fail("expected '>'");
    this.#pos++;
    if (found === name) return;
    const told = found === undefined ? 'unparsable' : name === local ? found : localOf(found);
    this.#fail(`Opening and ending tag mismatch: ${local} line ${String(this.lineOf(start))} and ${told}`);
  }
}

const PUBLIC_ID = /^[ \r\na-zA-Z0-9\-'()+,./:=?;!*#@$_%]$/;

/** What is wrong with `&#...;`, which may end too early. */
function characterFault(raw: string): string | undefined {
  const isHex = raw[2] === 'x';
  if (!raw.endsWith(';')) return `CharRef: invalid ${isHex ? 'hexadecimal' : 'decimal'} value`;
  const code = parseInt(raw.slice(isHex ? 3 : 2, -1), isHex ? 16 : 10) || 0;
  if (code > 0x10ffff) return 'xmlParseCharRef: character reference out of bounds';
  return isXmlCharacter(code) ? undefined : `xmlParseCharRef: invalid xmlChar value ${String(code)}`;
}

/** The name behind its prefix, where it has one. */
function localOf(name: string): string {
  const colon = name.indexOf(':');
  const rest = name.slice(colon + 1);
  return colon > 0 && nameEnd(rest, 0) > 0 ? rest : name;
}

/** As many whole characters as fit into so many bytes of UTF-8. */
function firstBytes(text: string, most: number): string {
  let length = 0;
  let out = '';
  for (const c of text) {
    length += Buffer.byteLength(c);
    if (length > most) break;
    out += c;
  }
  return out;
}

function isLineEnd(c: string | undefined): boolean {
  return c === '\n' || c === '\r';
}
