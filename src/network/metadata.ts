import { parseXml } from '../xml/parse.ts';
import { serializeNode, type XmlElement } from '../xml/index.ts';
import { warn, type ReadContext } from './context.ts';
import type { XmlWriter } from '../xml/write.ts';

/** One child of `<metadata>`: its namespace and its text, kept as libvirt keeps it. */
export interface MetadataElement {
  readonly namespace: string;
  /** The element as XML text: on one line unless its own text has line ends, attributes in double quotes, its namespaces declared. */
  readonly xml: string;
}

/** Reads `<metadata>`: one child of each namespace; others, and what has no namespace, are left out as libvirt does. Undefined when it is empty. */
export function readMetadata(context: ReadContext, element: XmlElement): MetadataElement[] | undefined {
  if (element.children.length === 0) return undefined;
  const kept: MetadataElement[] = [];
  for (const c of element.children) {
    if (c.kind !== 'element') continue;
    if (c.namespace === undefined) {
      warn(context, c, {
        code: 'VNM054',
        message: `<${c.name}> in <metadata> has no namespace and is left out`,
        hint: "give it one: xmlns='http://example.org/...'",
      });
    } else if (kept.some((k) => k.namespace === c.namespace)) {
      warn(context, c, {
        code: 'VNM054',
        message: `a second element of namespace '${c.namespace}' is left out`,
        found: c.name,
        hint: 'keep one element for each namespace',
      });
    } else kept.push({ namespace: c.namespace, xml: serializeNode(c) });
  }
  return kept;
}

/** Writes `<metadata>`, laid out as libxml2 does. */
export function writeMetadata(writer: XmlWriter, elements: readonly MetadataElement[]): void {
  writer.elementOrEmpty('metadata', [], () => {
    for (const { xml } of elements) {
      const root = parseXml(xml).document?.root;
      writer.raw(root ? serializeNode(root, { indent: writer.depth }) : xml);
    }
  });
}
