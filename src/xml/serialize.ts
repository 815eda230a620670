import type { XmlElement, XmlNode } from './node.ts';

/**
 * An element as libxml2's `xmlNodeDump` writes it: attributes in double quotes, namespaces first. With `indent` (levels of two
 * spaces) elements without text of their own are laid out over lines; the first line is not indented. Namespace prefixes that the
 * element uses and its own declarations do not bind are declared on it, from the elements around it.
 */
export function serializeNode(element: XmlElement, options: SerializeOptions = {}): string {
  const declared = [...outerDeclarations(element)].filter(([name, uri]) => options.declared?.get(name) !== uri);
  const extra = declared.map(([name, uri]) => ` ${name}="${escapeNamespace(uri)}"`).join('');
  return dumpElement(element, options.indent, extra, options.declared);
}

/** How `serializeNode` writes. */
export interface SerializeOptions {
  /** Levels of two spaces; without it everything stands on one line. */
  readonly indent?: number;
  /** Declarations (`xmlns:p` to namespace) that the text around the element will have: not repeated on it. */
  readonly declared?: ReadonlyMap<string, string>;
}

/** Declarations (`xmlns:p` to namespace) of the surrounding elements that the names in this element need. */
export function outerDeclarations(element: XmlElement): Map<string, string> {
  const needed = new Set<string>();
  collect(element, new Set(['xml']), needed);
  const found = new Map<string, string>();
  for (const prefix of needed) {
    const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
    for (let at = element.parent; at; at = at.parent) {
      const declaration = at.declarations.find((d) => d.name === name);
      if (!declaration) continue;
      if (declaration.value !== '') found.set(name, declaration.value);
      break;
    }
  }
  return found;
}

function collect(element: XmlElement, outer: ReadonlySet<string>, needed: Set<string>): void {
  const bound = new Set(outer);
  for (const d of element.declarations) bound.add(d.name === 'xmlns' ? '' : d.name.slice(6));
  const use = (name: string, isElement: boolean): void => {
    const colon = name.indexOf(':');
    const prefix = colon > 0 ? name.slice(0, colon) : '';
    if ((colon > 0 || isElement) && !bound.has(prefix)) needed.add(prefix);
  };
  use(element.name, true);
  for (const a of element.attributes) use(a.name, false);
  for (const c of element.children) if (c.kind === 'element') collect(c, bound, needed);
}

function dumpElement(element: XmlElement, indent: number | undefined, extra = '', declared?: ReadonlyMap<string, string>): string {
  let out = `<${element.name}`;
  for (const d of element.declarations) if (declared?.get(d.name) !== d.value) out += ` ${d.name}="${escapeNamespace(d.value)}"`;
  out += extra;
  for (const a of element.attributes) out += ` ${a.name}="${escapeAttribute(a.value)}"`;
  if (element.children.length === 0) return `${out}/>`;
  // Blank text that counts would be dropped when this is read again: it goes as references.
  const only = element.children.length === 1;
  const isMixed = element.children.some((c) => c.kind === 'text' || c.kind === 'cdata');
  // libxml2 stops counting at thirty.
  const inner = indent === undefined || isMixed ? undefined : Math.min(indent + 1, 30);
  out += '>';
  for (const c of element.children)
    out += inner === undefined ? dumpNode(c, undefined, indent === undefined && !only) : `\n${'  '.repeat(inner)}${dumpNode(c, inner)}`;
  if (inner !== undefined) out += `\n${'  '.repeat(indent ?? 0)}`;
  return `${out}</${element.name}>`;
}

function dumpNode(node: XmlNode, indent: number | undefined, keepsBlank = false): string {
  switch (node.kind) {
    case 'element':
      return dumpElement(node, indent);
    case 'text':
      if (keepsBlank && node.value.trim() === '') return node.value.replace(/\s/g, (c) => `&#${String(c.charCodeAt(0))};`);
      return node.value.replace(/[&<>\r]/g, (c) => ESCAPES[c] ?? c);
    case 'cdata':
      return `<![CDATA[${node.value}]]>`;
    case 'comment':
      return `<!--${node.value}-->`;
    case 'instruction':
      return `<?${node.target}${node.value === '' ? '' : ` ${node.value}`}?>`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
  '\r': '&#13;',
};

/** libxml2 writes what is not ASCII as references, in attributes only. */
function escapeAttribute(value: string): string {
  return value.replace(/[&<>"\n\t\r]|[^\0-\x7f]/gu, (c) => ESCAPES[c] ?? `&#x${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()};`);
}

/** ... but not in namespace names. */
function escapeNamespace(uri: string): string {
  return uri.replace(/[&<>"\n\t\r]/g, (c) => ESCAPES[c] ?? c);
}
