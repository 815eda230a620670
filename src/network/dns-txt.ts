import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { xmlDetail } from './libvirt-error.ts';
import { checkOneLine, missingAttribute } from './values.ts';

/** `<txt>` of a `<dns>`: a text under a name. */
export interface DnsTxt {
  readonly name: string;
  readonly value: string;
}

/** A TXT record as a fragment of an update may name it. */
export type DnsTxtMatch = Partial<DnsTxt>;

const SHAPE: Shape = { attributes: ['name', 'value'], children: [] };

/** Reads `<txt>`; undefined when it is refused. */
export function readDnsTxt(context: ReadContext, element: XmlElement): DnsTxt | undefined {
  const txt = readDnsTxtMatch(context, element);
  if (txt?.name === undefined) return undefined;
  if (txt.value === undefined) {
    missingAttribute(
      context,
      element,
      'value',
      xmlDetail(`missing required value attribute in DNS TXT record named '${txt.name}' of network ${context.name}`),
    );
    return undefined;
  }
  context.origins.set(txt, element);
  return txt as DnsTxt;
}

/** Reads the `<txt>` of an update that deletes or modifies: the value may be absent. */
export function readDnsTxtMatch(context: ReadContext, element: XmlElement): DnsTxtMatch | undefined {
  checkShape(context, element, SHAPE);
  const name = attribute(element, 'name');
  const value = attribute(element, 'value');
  checkOneLine(context, element, 'name');
  checkOneLine(context, element, 'value');
  if (name === undefined) {
    missingAttribute(context, element, 'name', xmlDetail(`missing required name attribute in DNS TXT record of network ${context.name}`));
    return undefined;
  }
  if (/[ ,]/.test(name)) {
    refuse(context, element, {
      code: 'VNM035',
      message: 'the name of a TXT record holds a blank or a comma',
      attribute: 'name',
      found: name,
      hint: 'remove it',
      libvirt: xmlDetail(`prohibited character in DNS TXT record name '${name}' of network ${context.name}`),
    });
    return undefined;
  }
  return value === undefined ? { name } : { name, value };
}

/** Writes `<txt>`. */
export function writeDnsTxt(writer: XmlWriter, txt: DnsTxt): void {
  writer.empty('txt', [
    ['name', txt.name],
    ['value', txt.value],
  ]);
}
