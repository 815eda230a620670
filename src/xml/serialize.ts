import type { XmlElement, XmlNode } from './node.ts';

/**
 * An element as libxml2's `xmlNodeDump` writes it: attributes in double quotes, namespaces first. With `indent` (levels of two
 * spaces) elements without text of their own are laid out over lines; the first line is not indented. Namespace prefixes that the
 * element uses and its own declarations do not bind are declared on it, from the elements around it.
 */
export function serializeNode(element: XmlElement, options: { readonly indent?: number } = {}): string {
  return dumpElement(element, options.indent, inherited(element));
}

/** Declarations of the surrounding elements that the element's own names need. */
function inherited(element: XmlElement): string {
  const needed = new Set<string>();
  collect(element, new Set(), needed);
  let out = '';
  for (const prefix of needed) {
    const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
    for (let at = element.parent; at; at = at.parent) {
      const found = at.declarations.find((d) => d.name === name);
      if (!found) continue;
      if (found.value !== '') out += ` ${name}="${escapeAttribute(found.value)}"`;
      break;
    }
  }
  return out;
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

function dumpElement(element: XmlElement, indent: number | undefined, extra = ''): string {
  let out = `<${element.name}`;
  for (const d of element.declarations) out += ` ${d.name}="${escapeAttribute(d.value)}"`;
  out += extra;
  for (const a of element.attributes) out += ` ${a.name}="${escapeAttribute(a.value)}"`;
  if (element.children.length === 0) return `${out}/>`;
  const isMixed = element.children.some((c) => c.kind === 'text' || c.kind === 'cdata');
  const inner = indent === undefined || isMixed ? undefined : indent + 1;
  out += '>';
  for (const c of element.children) out += inner === undefined ? dumpNode(c, undefined) : `\n${'  '.repeat(inner)}${dumpNode(c, inner)}`;
  if (inner !== undefined) out += `\n${'  '.repeat(inner - 1)}`;
  return `${out}</${element.name}>`;
}

function dumpNode(node: XmlNode, indent: number | undefined): string {
  switch (node.kind) {
    case 'element':
      return dumpElement(node, indent);
    case 'text':
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

function escapeAttribute(value: string): string {
  return value.replace(/[&<>"\n\t\r]/g, (c) => ESCAPES[c] ?? c);
}
