import type { XmlAttribute, XmlElement, XmlNode } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';
import { serializeNode } from '../xml/serialize.ts';
import { invalidArgument, refused } from './errors.ts';

/** An XML name without a colon, as a namespace prefix must be (Namespaces in XML 1.0, NCName), in ASCII. */
const PREFIX = /^[A-Za-z_][\w.-]*$/;

/**
 * An element as it is stored in `<metadata>`: everything in it that has no namespace gets this one, under the prefix `key`.
 * @throws VirtnetError when the text is no XML element, or the key no prefix.
 */
export function storedElement(text: string, key: string, uri: string): string {
  if (!PREFIX.test(key)) throw invalidArgument(`'${key}' cannot be a namespace prefix`, 'use letters and digits');
  const declaration: XmlAttribute = { name: `xmlns:${key}`, value: uri, start: 0, valueStart: 0, valueEnd: 0 };
  const root = renamed(rootOf(text), undefined, (e) => (e.namespace === undefined ? `${key}:${e.local}` : e.name));
  const others = root.declarations.filter((d) => d.name !== declaration.name);
  return serializeNode({ ...root, declarations: [...others, declaration] });
}

/** A stored element as it was given: without the prefix and the declaration of its own namespace. */
export function shownElement(xml: string, uri: string): string {
  const root = renamed(rootOf(xml), undefined, (e) => (e.namespace === uri ? e.local : e.name));
  return serializeNode({ ...root, declarations: root.declarations.filter((d) => d.value !== uri) }, { indent: 0 });
}

function rootOf(text: string): XmlElement {
  const { document, diagnostics } = parseXml(text);
  if (document === undefined) throw refused(diagnostics);
  return document.root;
}

/** A copy of a tree with the elements' names changed. */
function renamed(element: XmlElement, parent: XmlElement | undefined, name: (element: XmlElement) => string): XmlElement {
  const children: XmlNode[] = [];
  const copy: XmlElement = { ...element, name: name(element), parent, children };
  for (const c of element.children) children.push(c.kind === 'element' ? renamed(c, copy, name) : c);
  return copy;
}
