import { elements, type XmlElement } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';
import { outerDeclarations, serializeNode } from '../xml/serialize.ts';
import { escapeXml, type XmlWriter } from '../xml/write.ts';
import { warn, type ReadContext } from './context.ts';

/** One child of `<metadata>`: its namespace and its text, kept as libvirt keeps it. */
export interface MetadataElement {
  readonly namespace: string;
  /** The element as XML text: on one line unless its own text has line ends, attributes in double quotes, its namespaces declared. */
  readonly xml: string;
}

/** `xmlns:PREFIX='NAMESPACE'`. */
export interface NamespaceDeclaration {
  readonly prefix: string;
  readonly namespace: string;
}

/** What `<metadata>` says. */
export interface Metadata {
  readonly elements: readonly MetadataElement[];
  /** Declarations that stand outside the elements: libvirt writes them on `<metadata>` itself. */
  readonly declarations: readonly NamespaceDeclaration[];
}

/**
 * Reads `<metadata>`: one child of each namespace; others, and what has no namespace, are left out as libvirt does. Undefined when
 * there is no element in it.
 */
export function readMetadata(context: ReadContext, element: XmlElement): Metadata | undefined {
  const kept: MetadataElement[] = [];
  const declarations = new Map(element.declarations.map((d) => [d.name, d.value]));
  const inner = elements(element);
  if (inner.length === 0) return undefined;
  for (const c of inner) {
    for (const [name, uri] of outerDeclarations(c)) if (!declarations.has(name)) declarations.set(name, uri);
    if (c.namespace === undefined) {
      leftOut(context, c, `<${c.name}> in <metadata> has no namespace and is left out`, "give it one: xmlns='http://example.org/...'");
    } else if (kept.some((k) => k.namespace === c.namespace)) {
      leftOut(context, c, `a second element of namespace '${c.namespace}' is left out`, 'keep one element for each namespace');
    } else kept.push({ namespace: c.namespace, xml: serializeNode(c) });
  }
  return {
    elements: kept,
    declarations: [...declarations].map(([name, namespace]) => ({ prefix: name.replace(/^xmlns:?/, ''), namespace })),
  };
}

function leftOut(context: ReadContext, element: XmlElement, message: string, hint: string): void {
  warn(context, element, { code: 'VNM054', message, found: element.name, hint });
}

/** Writes `<metadata>`, laid out as libxml2 does. */
export function writeMetadata(writer: XmlWriter, metadata: Metadata): void {
  const declared = new Map(metadata.declarations.map((d) => [`xmlns:${d.prefix}`, d.namespace]));
  const parts = metadata.elements.map(({ xml }) => {
    const root = parseXml(xml).document?.root;
    return root ? serializeNode(root, { indent: writer.depth + 1, declared }) : xml;
  });
  const names = [...declared].map(([name, uri]) => ` ${name}="${escapeXml(uri)}"`).join('');
  writer.raw(parts.length === 0 ? `<metadata${names}/>` : `<metadata${names}>`);
  if (parts.length === 0) return;
  for (const part of parts) writer.raw(`  ${part}`);
  writer.raw('</metadata>');
}
