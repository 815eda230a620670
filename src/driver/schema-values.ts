import { lineIndex } from '../base/source.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { elements, type XmlElement } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';

const NAME = /^[\w.\\:/-]+$/;
const YES_OR_NO = /^(?:yes|no)$/;
const RATE = /^\s*\+?0*[1-9]\d*\s*$/;
const UUID = /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})$/i;
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

/** Values that libvirt's schema of networks and ports refuses and its reader takes: `ELEMENT@ATTRIBUTE`, or the element for its text. */
const VALUES: Readonly<Record<string, RegExp>> = {
  uuid: UUID,
  'bridge@name': NAME,
  'forward@dev': NAME,
  'forward@mode': /^(?!none$)/,
  'interface@dev': NAME,
  'mac@address': MAC,
  'pf@dev': NAME,
  'portgroup@name': NAME,
  'portgroup@default': YES_OR_NO,
  'vlan@trunk': YES_OR_NO,
  ...Object.fromEntries(
    ['inbound', 'outbound'].flatMap((way) => ['average', 'peak', 'burst', 'floor'].map((name) => [`${way}@${name}`, RATE] as const)),
  ),
};

/** What `VALUES` does not let pass in a document; nothing for a text that is none. */
export function schemaFindings(xml: string): readonly Diagnostic[] {
  const { document } = parseXml(xml);
  if (!document) return [];
  const index = lineIndex(document.text);
  const finding = (what: string, value: string, start: number, end: number): readonly Diagnostic[] =>
    VALUES[what]?.test(value) === false
      ? [
          {
            code: 'VNM013',
            severity: 'error',
            message: `'${value}' is no value of ${what.replace('@', "'s ")}`,
            span: { start, end },
            position: index.positionOf(start),
          },
        ]
      : [];
  const walk = (element: XmlElement): readonly Diagnostic[] => [
    ...element.attributes.flatMap((a) => finding(`${element.name}@${a.name}`, a.value, a.valueStart, a.valueEnd)),
    ...(element.name in VALUES ? finding(element.name, textOf(element), element.openEnd, element.end) : []),
    ...elements(element).flatMap((child) => (child.name === 'metadata' ? [] : walk(child))),
  ];
  return walk(document.root);
}

function textOf({ children }: XmlElement): string {
  return children.map((child) => (child.kind === 'text' || child.kind === 'cdata' ? child.value : '')).join('');
}
