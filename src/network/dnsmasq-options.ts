import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { refuse, type ReadContext } from './context.ts';
import { internalError } from './libvirt-error.ts';
import { checkOneLine } from './values.ts';

/** The namespace of `<dnsmasq:options>`, under any prefix. */
export const DNSMASQ_NAMESPACE = 'http://libvirt.org/schemas/network/dnsmasq/1.0';

/** Reads the values of every `<dnsmasq:option>` in every `<dnsmasq:options>` of the network, in order. */
export function readDnsmasqOptions(context: ReadContext, root: XmlElement): string[] {
  const values: string[] = [];
  for (const options of inNamespace(root, 'options')) {
    for (const option of inNamespace(options, 'option')) {
      const value = attribute(option, 'value');
      checkOneLine(context, option, 'value');
      if (value !== undefined) values.push(value);
      else {
        refuse(context, option, {
          code: 'VNM010',
          message: `<${option.name}> has no attribute 'value'`,
          hint: "add value='...'",
          libvirt: internalError('No dnsmasq options value specified'),
        });
      }
    }
  }
  return values;
}

function inNamespace(element: XmlElement, local: string): XmlElement[] {
  return element.children.filter((c): c is XmlElement => c.kind === 'element' && c.local === local && c.namespace === DNSMASQ_NAMESPACE);
}

/** Writes `<dnsmasq:options>`; the declaration stands on the root. */
export function writeDnsmasqOptions(writer: XmlWriter, values: readonly string[]): void {
  if (values.length === 0) return;
  writer.element('dnsmasq:options', [], () => {
    for (const value of values) writer.empty('dnsmasq:option', [['value', value]]);
  });
}
