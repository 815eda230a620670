/**
 * The tree that `parseXml` gives. Offsets are UTF-16 code units into the document's text. Whitespace between elements is left out
 * by the rule that libxml2 has for it (`XML_PARSE_NOBLANKS`), because libvirt reads documents that way.
 */
export interface XmlDocument {
  readonly root: XmlElement;
  /** The decoded source that all offsets point into. */
  readonly text: string;
}

/** An attribute, with its places in the text. */
export interface XmlAttribute {
  /** As written, with its prefix. */
  readonly name: string;
  /** With references and line ends resolved (XML 1.0, 3.3.3). */
  readonly value: string;
  /** Offset of the name. */
  readonly start: number;
  /** Offset behind the opening quote. */
  readonly valueStart: number;
  /** Offset of the closing quote. */
  readonly valueEnd: number;
}

/** An element with what is in it. */
export interface XmlElement {
  readonly kind: 'element';
  /** As written, with its prefix. */
  readonly name: string;
  /** The name without its prefix; the whole name when the prefix is not bound. */
  readonly local: string;
  readonly prefix: string | undefined;
  /** The namespace name; undefined when there is none. */
  readonly namespace: string | undefined;
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
  /** `xmlns` and `xmlns:*`, in document order. */
  readonly declarations: readonly XmlAttribute[];
  readonly children: readonly XmlNode[];
  readonly parent: XmlElement | undefined;
  /** Offset of `<`. */
  readonly start: number;
  /** Offset behind the `>` of the start tag. */
  readonly openEnd: number;
  /** Offset behind the last `>`. */
  readonly end: number;
}

/** Text, with references resolved; a section or a comment as it stands. `start` is its first offset, `end` the one behind it. */
export interface XmlText {
  readonly kind: 'text' | 'cdata' | 'comment';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A processing instruction, `<?target value?>`; its places as in `XmlText`. */
export interface XmlInstruction {
  readonly kind: 'instruction';
  readonly target: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What an element may hold. */
export type XmlNode = XmlElement | XmlText | XmlInstruction;

/** The value of an attribute without prefix; undefined when absent. */
export function attribute(element: XmlElement, name: string): string | undefined {
  for (const a of element.attributes) if (a.name === name) return a.value;
  return undefined;
}

/** The attribute with its places; undefined when absent. */
export function attributeNode(element: XmlElement, name: string): XmlAttribute | undefined {
  for (const a of element.attributes) if (a.name === name) return a;
  return undefined;
}

/** The first child element of that name in no namespace. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
  for (const c of element.children) if (c.kind === 'element' && c.local === name && c.namespace === undefined) return c;
  return undefined;
}

/** Every child element of that name in no namespace. */
export function children(element: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (const c of element.children) if (c.kind === 'element' && c.local === name && c.namespace === undefined) found.push(c);
  return found;
}

/** The first child element of that name in any namespace: libvirt looks for some elements by name alone. */
export function childByName(element: XmlElement, name: string): XmlElement | undefined {
  for (const c of element.children) if (c.kind === 'element' && c.local === name) return c;
  return undefined;
}

/** Every child element of that name in any namespace. */
export function childrenByName(element: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (const c of element.children) if (c.kind === 'element' && c.local === name) found.push(c);
  return found;
}

/** Every child element. */
export function elements(element: XmlElement): XmlElement[] {
  const found: XmlElement[] = [];
  for (const c of element.children) if (c.kind === 'element') found.push(c);
  return found;
}

/** The text of the element and of everything in it, comments aside (XPath `string()`). */
export function textOf(element: XmlElement): string {
  const only = element.children[0];
  if (only === undefined) return '';
  if (element.children.length === 1 && only.kind === 'text') return only.value;
  let text = '';
  for (const c of element.children) {
    if (c.kind === 'text' || c.kind === 'cdata') text += c.value;
    else if (c.kind === 'element') text += textOf(c);
  }
  return text;
}

/** A place for people: `/network/ip[2]/dhcp/range[1]`. An index is given where the parent has several of that name. */
export function pathOf(element: XmlElement): string {
  return `${element.parent ? pathOf(element.parent) : ''}/${stepOf(element)}`;
}

/** Found for all children of a parent at once: each of 100,000 may be asked for. */
const steps = new WeakMap<XmlElement, string>();

function stepOf(element: XmlElement): string {
  const { parent, name } = element;
  if (parent && !steps.has(element)) {
    const twins = new Map<string, XmlElement[]>();
    for (const e of elements(parent)) {
      const all = twins.get(e.name);
      if (all) all.push(e);
      else twins.set(e.name, [e]);
    }
    for (const [twin, all] of twins) all.forEach((e, i) => steps.set(e, all.length > 1 ? `${twin}[${String(i + 1)}]` : twin));
  }
  return steps.get(element) ?? name;
}
