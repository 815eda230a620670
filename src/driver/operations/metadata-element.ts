import type { XmlAttribute, XmlElement, XmlNode } from '../../xml/node.ts';
import { parseXml } from '../../xml/parse.ts';
import { serializeNode } from '../../xml/serialize.ts';
import { forbiddenAt, nameEnd } from '../../xml/characters.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import { namespaceRefused, refused } from '../errors.ts';
import { inLibxml2sWords } from '../libxml2/libxml2-words.ts';

/**
 * An element as it is stored in `<metadata>`: everything in it that has no namespace gets this one, under the prefix `key`.
 * @throws VirtnetError when the text is no XML element, or the key no prefix.
 */
export function storedElement(text: string, key: string, uri: string): string {
  const given = rootOf(text);
  if (!isPrefix(key)) {
    throw namespaceRefused(
      `'${key}' cannot be a namespace prefix`,
      'use letters and digits',
      'failed to validate prefix for a new XML namespace',
    );
  }
  if (forbiddenAt(uri) >= 0) {
    throw namespaceRefused(
      'the namespace holds a character that no document can hold',
      'use another',
      'failed to create a new XML namespace',
    );
  }
  const declaration: XmlAttribute = { name: `xmlns:${key}`, value: uri, start: 0, valueStart: 0, valueEnd: 0 };
  const isAlone = /^(?:<\?xml[^>]*>)?\s*$/.test(text.slice(0, given.start));
  if (!isAlone || given.declarations.some((d) => d.name === declaration.name)) {
    const [problem, hint] = isAlone
      ? [`the element declares the prefix '${key}' itself`, 'leave its declaration out']
      : ['something stands before the element', 'give the element alone'];
    throw namespaceRefused(problem, hint, 'failed to create a new XML namespace');
  }
  const root = renamed(given, undefined, (e) => (e.namespace === undefined ? `${key}:${e.local}` : e.name));
  return serializeNode({ ...root, declarations: [...root.declarations, declaration] });
}

/** A name without a colon (Namespaces in XML 1.0, NCName); libxml2 takes none beyond U+FFFF here. */
function isPrefix(key: string): boolean {
  return key !== '' && nameEnd(key, 0) === key.length && !/[:\ud800-\udfff]/.test(key);
}

/** A stored element as it was given: without the prefix and the declaration (of several, the first) of its own namespace. */
export function shownElement(xml: string, uri: string): string {
  const root = renamed(rootOf(xml), undefined, (e) => (e.namespace === uri ? e.local : e.name));
  const own = root.declarations.findIndex((d) => d.value === uri);
  return serializeNode({ ...root, declarations: root.declarations.filter((_d, i) => i !== own) }, { indent: 0 });
}

function rootOf(text: string): XmlElement {
  const parsed = parseXml(text);
  const diagnostics = inLibxml2sWords(parsed.diagnostics, text);
  if (parsed.document === undefined || hasErrors(diagnostics)) throw refused(diagnostics);
  return parsed.document.root;
}

/** A copy of a tree with the elements' names changed. */
function renamed(element: XmlElement, parent: XmlElement | undefined, name: (element: XmlElement) => string): XmlElement {
  const children: XmlNode[] = [];
  const copy: XmlElement = { ...element, name: name(element), parent, children };
  for (const c of element.children) children.push(c.kind === 'element' ? renamed(c, copy, name) : c);
  return copy;
}
