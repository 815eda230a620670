import type { XmlAttribute, XmlDocument, XmlElement, XmlNode } from './node.ts';

/** How a document is laid out. */
export interface LayoutOptions {
  /** Elements of these namespaces are laid out like those of none; others keep their text byte for byte. */
  readonly namespaces: ReadonlySet<string>;
}

const STEP = '  ';

/**
 * The document's own text laid out anew: one element or comment a line, two spaces a level, one space between attributes, at most one
 * blank line in a row. Nothing but white space outside values changes: comments, order, quotes and references stay. Elements with
 * text of their own, and those of foreign namespaces, are kept as they are. Laying out twice changes nothing.
 */
export function layoutXml(document: XmlDocument, options: LayoutOptions): string {
  const { root, text } = document;
  const layout = new Layout(text, options);
  const before = outside(text.slice(0, root.start));
  layout.element(root, 0);
  const after = outside(text.slice(root.end));
  return `${before}${layout.out}${after}`;
}

/** What stands before or behind the root element: declaration, comments. Its lines are kept, without blanks at their ends. */
function outside(text: string): string {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd());
  const kept = lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\s+$/g, '');
  return kept === '' ? '' : `${kept}\n`;
}

class Layout {
  out = '';
  readonly #text: string;
  readonly #options: LayoutOptions;

  constructor(text: string, options: LayoutOptions) {
    this.#text = text;
    this.#options = options;
  }

  element(e: XmlElement, depth: number): void {
    const indent = STEP.repeat(depth);
    if (this.#isForeign(e)) {
      this.out += `${indent}${this.#text.slice(e.start, e.end)}\n`;
      return;
    }
    const closed = this.#text.endsWith('/>', e.openEnd) && e.openEnd === e.end;
    const open = `${indent}<${[e.name, ...inOrder(e).map((a) => this.#attribute(a))].join(' ')}${closed ? '/>' : '>'}`;
    if (closed) this.out += `${open}\n`;
    else if (e.children.length === 0) this.out += `${open}</${e.name}>\n`;
    else if (hasText(e)) {
      const close = this.#text.lastIndexOf('</', e.end - 1);
      this.out += `${open}${this.#text.slice(e.openEnd, close)}</${e.name}>\n`;
    } else {
      this.out += `${open}\n`;
      let last: XmlNode | undefined;
      for (const node of e.children) {
        if (last !== undefined && blankLine(this.#text.slice(last.end, node.start))) this.out += '\n';
        this.#node(node, last, depth + 1);
        last = node;
      }
      this.out += `${indent}</${e.name}>\n`;
    }
  }

  #node(node: XmlNode, before: XmlNode | undefined, depth: number): void {
    if (node.kind === 'element') {
      this.element(node, depth);
      return;
    }
    const text = this.#text.slice(node.start, node.end).replace(/\r\n?/g, '\n');
    // A comment behind an element on its line says something about that element: it stays there.
    if (before !== undefined && !this.#text.slice(before.end, node.start).includes('\n') && !text.includes('\n')) {
      this.out = `${this.out.replace(/\n$/, '')} ${text}\n`;
      return;
    }
    this.out += `${indentLines(text, this.#column(node.start), STEP.repeat(depth))}\n`;
  }

  /** How far the line of this offset is indented. */
  #column(offset: number): number {
    const start = this.#text.lastIndexOf('\n', offset - 1) + 1;
    return /^[ \t]*/.exec(this.#text.slice(start, offset))?.[0].length ?? 0;
  }

  #attribute(a: XmlAttribute): string {
    return `${a.name}=${this.#text.slice(a.valueStart - 1, a.valueEnd + 1)}`;
  }

  #isForeign(e: XmlElement): boolean {
    return e.namespace !== undefined && !this.#options.namespaces.has(e.namespace);
  }
}

function inOrder(e: XmlElement): XmlAttribute[] {
  return [...e.attributes, ...e.declarations].sort((a, b) => a.start - b.start);
}

function hasText(e: XmlElement): boolean {
  return e.children.some((c) => c.kind === 'text' || c.kind === 'cdata');
}

function blankLine(gap: string): boolean {
  return /\n[ \t\r]*\n/.test(gap);
}

/** A comment of several lines moves as a block: its later lines keep their distance from the first. */
function indentLines(text: string, from: number, to: string): string {
  return text
    .split('\n')
    .map((line, i) => {
      if (i === 0) return `${to}${line.trimEnd()}`;
      const own = /^[ \t]*/.exec(line)?.[0].length ?? 0;
      const rest = line.slice(own).trimEnd();
      return rest === '' ? '' : `${to}${' '.repeat(Math.max(0, own - from))}${rest}`;
    })
    .join('\n');
}
