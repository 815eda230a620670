import { forbiddenAt, isSpace, nameEnd, skipSpace } from './characters.ts';
import { readDeclaration } from './declaration.ts';
import { readDoctype } from './doctype.ts';
import { References } from './entities.ts';
import { XmlFault, type XmlRemark } from './fault.ts';
import { Namespaces } from './namespaces.ts';
import type { XmlAttribute, XmlElement, XmlNode } from './node.ts';

/** An element under construction: the same object as the finished one, its end still open. */
type OpenElement = { -readonly [K in keyof XmlElement]: XmlElement[K] } & {
  children: XmlNode[];
  attributes: XmlAttribute[];
  declarations: XmlAttribute[];
};

const NO_ATTRIBUTES: XmlAttribute[] = [];
const NO_CHILDREN: XmlNode[] = [];

/**
 * A strict, non-validating reader of XML 1.0 with namespaces over one string: one pass, no recursion, offsets on every node. It
 * stops at the first fault, which is the one that libxml2 reports, at the same line. Throws `XmlFault`.
 */
export class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  /** Somewhere it stands, so elements are asked. */
  readonly #mayKeepSpace: boolean;
  readonly remarks: XmlRemark[] = [];
  #references = new References(new Map());
  #pos = 0;
  #depth = 0;
  readonly #namespaces = new Namespaces();

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#mayKeepSpace = text.includes('xml:space');
  }

  document(): XmlElement {
    const text = this.#text;
    if (text === '') throw new XmlFault('VNX002', 0, 'document is empty', { libxml2: 'Document is empty' });
    if (text.startsWith('<?xml') && isSpace(text.charCodeAt(5))) this.#pos = readDeclaration(text);
    this.#misc(true);
    if (text[this.#pos] !== '<') {
      throw new XmlFault('VNX002', this.#pos, "document does not start with '<'", { libxml2: "Start tag expected, '<' not found" });
    }
    const root = this.#tree();
    this.#misc(false);
    if (this.#pos < text.length) {
      throw new XmlFault('VNX001', this.#pos, 'something follows the end of the root element', {
        hint: 'a document has exactly one root element',
        libxml2: 'Extra content at the end of the document',
      });
    }
    return root;
  }

  /** Comments, instructions and white space around the root, and the DOCTYPE before it. */
  #misc(prolog: boolean): void {
    const text = this.#text;
    let doctype = false;
    for (;;) {
      this.#pos = skipSpace(text, this.#pos);
      if (text.startsWith('<?', this.#pos)) this.#instruction(NO_CHILDREN, false);
      else if (text.startsWith('<!--', this.#pos)) this.#comment(NO_CHILDREN, false);
      else if (prolog && !doctype && text.startsWith('<!DOCTYPE', this.#pos)) {
        doctype = true;
        const read = readDoctype(text, this.#pos);
        if (read.external) {
          this.remarks.push({
            code: 'VNX010',
            offset: this.#pos,
            message: 'document type declaration points outside the document; nothing is fetched',
            hint: 'leave the DOCTYPE out',
          });
        }
        this.#references = new References(read.entities, read.external);
        this.#pos = read.end;
      } else return;
    }
  }

  /** The root element and everything in it; `#pos` is at its `<`. */
  #tree(): XmlElement {
    const text = this.#text;
    let open = this.#startTag(undefined);
    const root = open;
    if (open.end >= 0) return root;
    for (;;) {
      const pos = this.#pos;
      const lt = text.indexOf('<', pos);
      if (lt !== pos) {
        if (lt < 0) throw this.#unclosed(open);
        this.#characters(open, pos, lt);
      }
      switch (text.charCodeAt(lt + 1)) {
        case 47: {
          // </
          this.#endTag(open);
          if (!open.parent) return root;
          this.#depth--;
          this.#namespaces.leave(open);
          open = open.parent as OpenElement;
          break;
        }
        case 33: // <!
          if (text.startsWith('<!--', lt)) this.#comment(childrenOf(open), true);
          else if (text.startsWith('<![CDATA[', lt)) this.#cdata(open);
          else
            throw new XmlFault('VNX001', lt + 1, "'<!' starts neither a comment nor a CDATA section", {
              libxml2: 'StartTag: invalid element name',
            });
          break;
        case 63: // <?
          this.#instruction(childrenOf(open), true);
          break;
        default: {
          if (this.#depth >= this.#maxDepth) {
            throw new XmlFault('VNX004', lt, `elements are nested more than ${String(this.#maxDepth)} deep`, {
              libxml2: `Excessive depth in document: ${String(this.#maxDepth)} use XML_PARSE_HUGE option`,
            });
          }
          const next = this.#startTag(open);
          childrenOf(open).push(next);
          if (next.end < 0) {
            this.#depth++;
            open = next;
          }
        }
      }
    }
  }

  #startTag(parent: OpenElement | undefined): OpenElement {
    const text = this.#text;
    const start = this.#pos;
    let pos = nameEnd(text, start + 1);
    if (pos === start + 1) {
      throw new XmlFault('VNX001', pos, "'<' is not followed by an element name", {
        hint: 'write &lt; for a plain less-than sign',
        libxml2: 'StartTag: invalid element name',
      });
    }
    const name = text.slice(start + 1, pos);
    const element: OpenElement = {
      kind: 'element',
      name,
      local: name,
      prefix: undefined,
      namespace: undefined,
      attributes: NO_ATTRIBUTES,
      declarations: NO_ATTRIBUTES,
      children: NO_CHILDREN,
      parent,
      start,
      openEnd: -1,
      end: -1,
    };
    for (;;) {
      const behindSpace = skipSpace(text, pos);
      const c = text.charCodeAt(behindSpace);
      if (c === 62) {
        this.#pos = element.openEnd = behindSpace + 1;
        break;
      }
      if (c === 47 && text.charCodeAt(behindSpace + 1) === 62) {
        this.#pos = element.openEnd = element.end = behindSpace + 2;
        break;
      }
      if (behindSpace === pos && element.attributes.length + element.declarations.length > 0) {
        throw new XmlFault('VNX001', pos, 'no space, and no end of the tag, follows an attribute', {
          libxml2: 'attributes construct error',
        });
      }
      pos = this.#attribute(element, behindSpace);
    }
    this.#namespaces.enter(element, this.remarks);
    return element;
  }

  #attribute(element: OpenElement, start: number): number {
    const text = this.#text;
    const nameStop = nameEnd(text, start);
    if (nameStop === start) throw this.#noTagEnd(element, start);
    const name = text.slice(start, nameStop);
    const equals = skipSpace(text, nameStop);
    if (text.charCodeAt(equals) !== 61) {
      throw new XmlFault('VNX001', equals, `attribute '${name}' has no value`, {
        hint: `write ${name}='...'`,
        libxml2: `Specification mandates value for attribute ${name}`,
      });
    }
    const quoteAt = skipSpace(text, equals + 1);
    const quote = text[quoteAt];
    if (quote !== '"' && quote !== "'") {
      throw new XmlFault('VNX001', quoteAt, `the value of attribute '${name}' does not start with a quote`, {
        hint: `write ${name}='...'`,
        libxml2: 'AttValue: " or \' expected',
      });
    }
    const close = text.indexOf(quote, quoteAt + 1);
    const raw = text.slice(quoteAt + 1, close < 0 ? undefined : close);
    const lt = raw.indexOf('<');
    if (lt >= 0) {
      throw new XmlFault('VNX001', quoteAt + 1 + lt, `'<' stands in the value of attribute '${name}'`, {
        hint: close < 0 ? 'close the quote, or write &lt;' : 'write &lt;',
        libxml2: "Unescaped '<' not allowed in attributes values",
      });
    }
    if (close < 0) {
      throw new XmlFault('VNX001', text.length, `the value of attribute '${name}' does not end`, {
        libxml2: "AttValue: ' expected",
      });
    }
    const value = PLAIN.test(raw) ? raw : this.#references.resolve(raw, quoteAt + 1, true);
    const declares = name === 'xmlns' || name.startsWith('xmlns:');
    const list = declares ? element.declarations : element.attributes;
    for (const other of list) {
      if (other.name === name) {
        throw new XmlFault('VNX005', close + 1, `attribute '${name}' is given twice`, { libxml2: `Attribute ${name} redefined` });
      }
    }
    const attribute: XmlAttribute = { name, value, start, valueStart: quoteAt + 1, valueEnd: close };
    if (list !== NO_ATTRIBUTES) list.push(attribute);
    else if (declares) element.declarations = [attribute];
    else element.attributes = [attribute];
    return close + 1;
  }

  #endTag(open: OpenElement): void {
    const text = this.#text;
    const { name } = open;
    const from = this.#pos + 2;
    const stop = nameEnd(text, from);
    const close = skipSpace(text, stop);
    if (text.charCodeAt(close) !== 62) throw new XmlFault('VNX001', close, `'</${name}' does not end in '>'`, { libxml2: "expected '>'" });
    if (stop - from !== name.length || !text.startsWith(name, from)) {
      const line = lineOf(text, open.start);
      const found = text.slice(from, stop);
      throw new XmlFault('VNX003', from, `'</${found}>' closes '<${name}>' of line ${String(line)}`, {
        hint: `write </${name}>`,
        caret: close + 1,
        libxml2: `Opening and ending tag mismatch: ${name} line ${String(line)} and ${found || 'unparsable'}`,
      });
    }
    this.#pos = open.end = close + 1;
  }

  /** Character data between `from` and `to`, the next `<`. Blank text goes where libxml2 drops it. */
  #characters(open: OpenElement, from: number, to: number): void {
    const text = this.#text;
    this.#pos = to;
    if (skipSpace(text, from) >= to) {
      const last = open.children.at(-1);
      const keep = last === undefined ? text.charCodeAt(to + 1) === 47 : isTextual(last) || isTextual(open.children[0]);
      if (!keep && !(this.#mayKeepSpace && preservesSpace(open))) return;
    }
    const raw = text.slice(from, to);
    const bad = raw.indexOf(']]>');
    if (bad >= 0) {
      throw new XmlFault('VNX001', from + bad, "']]>' stands outside a CDATA section", {
        hint: 'write ]]&gt;',
        caret: from,
        libxml2: "Sequence ']]>' not allowed in content",
      });
    }
    const value = PLAIN_TEXT.test(raw) ? raw : this.#references.resolve(raw, from, false);
    childrenOf(open).push({ kind: 'text', value, start: from, end: to });
  }

  #comment(into: XmlNode[], keep: boolean): void {
    const start = this.#pos;
    const dashes = this.#text.indexOf('--', start + 4);
    if (dashes < 0) throw new XmlFault('VNX003', this.#text.length, 'comment does not end');
    if (this.#text[dashes + 2] !== '>') throw new XmlFault('VNX001', dashes, "'--' stands in a comment");
    this.#pos = dashes + 3;
    const value = unifyLineEnds(this.#text.slice(start + 4, dashes));
    if (keep) into.push({ kind: 'comment', value, start, end: this.#pos });
  }

  #cdata(open: OpenElement): void {
    const start = this.#pos;
    const close = this.#text.indexOf(']]>', start + 9);
    if (close < 0) throw new XmlFault('VNX003', this.#text.length, 'CDATA section does not end');
    this.#pos = close + 3;
    childrenOf(open).push({ kind: 'cdata', value: unifyLineEnds(this.#text.slice(start + 9, close)), start, end: this.#pos });
  }

  #instruction(into: XmlNode[], keep: boolean): void {
    const text = this.#text;
    const start = this.#pos;
    const nameStop = nameEnd(text, start + 2);
    const target = text.slice(start + 2, nameStop);
    if (target === '') throw new XmlFault('VNX001', start + 2, "'<?' is not followed by a name");
    if (target.toLowerCase() === 'xml') {
      throw new XmlFault('VNX001', nameStop, 'the XML declaration stands somewhere else than at the very start', {
        hint: 'nothing, not even a space, may stand before <?xml',
      });
    }
    const close = text.indexOf('?>', nameStop);
    if (close !== nameStop && !isSpace(text.charCodeAt(nameStop))) {
      throw new XmlFault('VNX001', nameStop, `no space after '<?${target}'`);
    }
    if (close < 0) {
      throw new XmlFault('VNX003', text.length, `processing instruction '${target}' does not end`);
    }
    this.#pos = close + 2;
    const value = unifyLineEnds(text.slice(skipSpace(text, nameStop), close));
    if (keep) into.push({ kind: 'instruction', target, value, start, end: this.#pos });
  }

  #unclosed(open: OpenElement): XmlFault {
    const line = lineOf(this.#text, open.start);
    const rest = this.#text.slice(this.#pos);
    if (rest.includes('&')) this.#references.resolve(rest, this.#pos, false);
    return new XmlFault('VNX003', this.#text.length, `element '<${open.name}>' of line ${String(line)} is not closed`, {
      hint: `add </${open.name}>`,
      libxml2: `Premature end of data in tag ${open.name} line ${String(line)}`,
    });
  }

  #noTagEnd(element: OpenElement, at: number): XmlFault {
    const line = lineOf(this.#text, element.start);
    return new XmlFault('VNX001', at, `start tag '<${element.name}' does not end in '>'`, {
      libxml2:
        at >= this.#text.length || forbiddenAt(this.#text.charAt(at)) === 0
          ? `Couldn't find end of Start Tag ${element.name} line ${String(line)}`
          : 'error parsing attribute name',
    });
  }
}

/** Attribute values and text that stand for themselves. */
const PLAIN = /^[^&\t\n\r]*$/;
const PLAIN_TEXT = /^[^&\r]*$/;

function childrenOf(open: OpenElement): XmlNode[] {
  if (open.children === NO_CHILDREN) open.children = [];
  return open.children;
}

/** `xml:space='preserve'` on the element or the nearest one around it that says anything (XML 1.0, 2.10). */
function preservesSpace(element: XmlElement): boolean {
  for (let at: XmlElement | undefined = element; at; at = at.parent) {
    for (const a of at.attributes) if (a.name === 'xml:space') return a.value === 'preserve';
  }
  return false;
}

function isTextual(node: XmlNode | undefined): boolean {
  return node?.kind === 'text';
}

function unifyLineEnds(value: string): string {
  return value.includes('\r') ? value.replace(/\r\n?/g, '\n') : value;
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
