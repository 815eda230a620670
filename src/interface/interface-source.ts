import { attribute, child, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { refuse, type ReadContext } from '../network/context.ts';
import { pciAttributes, readPciAddress, type PciAddress } from '../network/pci-address.ts';
import { FROM, unsupported, xmlError } from '../network/libvirt-error.ts';
import { missingAttribute, readWord } from '../network/values.ts';
import { DIRECT_MODES, type DirectMode } from './plug.ts';

/** `VIR_FROM_DOMAIN`: where errors about guests come from. */
export const FROM_DOMAIN = 20;

/** Where a guest's interface is connected: the variants of `<interface type=>` that have a network behind them. */
export type InterfaceSource =
  | { readonly type: 'network'; readonly network: string; readonly portgroup?: string; readonly portId?: string }
  | { readonly type: 'bridge'; readonly bridge: string }
  | { readonly type: 'direct'; readonly dev: string; readonly mode: DirectMode }
  | { readonly type: 'hostdev'; readonly address: PciAddress };

export const INTERFACE_TYPES: readonly InterfaceSource['type'][] = ['network', 'bridge', 'direct', 'hostdev'];

/** The attributes of `<source>` that each type reads. */
export const SOURCE_ATTRIBUTES: Readonly<Record<InterfaceSource['type'], readonly string[]>> = {
  network: ['network', 'portgroup', 'portid'],
  bridge: ['bridge'],
  direct: ['dev', 'mode'],
  hostdev: [],
};

/** Reads the `<source>` of an interface of that type; undefined when it is refused. */
export function readSource(context: ReadContext, element: XmlElement, type: InterfaceSource['type']): InterfaceSource | undefined {
  const source = child(element, 'source');
  if (type === 'hostdev') return readHostdevSource(context, source ?? element, source && child(source, 'address'));
  if (!source) {
    refuse(context, element, {
      code: 'VNI102',
      message: `an interface of type ${type} needs a <source>`,
      hint: `add <source ${type === 'direct' ? 'dev' : type}='...'/>`,
      libvirt: xmlError(`interface type='${type}' requires a 'source' element`, FROM_DOMAIN),
    });
    return undefined;
  }
  const name = type === 'direct' ? 'dev' : type;
  const value = attribute(source, name);
  if (value === undefined) {
    missingAttribute(context, source, name, xmlError(`Missing required attribute '${name}' in element 'source'`, FROM.xml));
    return undefined;
  }
  if (type === 'bridge') return { type, bridge: value };
  if (type === 'direct') return { type, dev: value, mode: readWord(context, source, 'mode', DIRECT_MODES) ?? 'vepa' };
  const portgroup = attribute(source, 'portgroup');
  const portId = attribute(source, 'portid');
  return {
    type,
    network: value,
    ...(portgroup === undefined ? {} : { portgroup }),
    ...(portId === undefined ? {} : { portId }),
  };
}

function readHostdevSource(context: ReadContext, at: XmlElement, element: XmlElement | undefined): InterfaceSource | undefined {
  const kind = element && attribute(element, 'type');
  if (element && kind === 'pci') {
    const address = readPciAddress(context, element);
    return address && { type: 'hostdev', address };
  }
  const known = kind === 'usb' || kind === 'scsi';
  refuse(context, element ?? at, {
    code: 'VNI103',
    message: kind === undefined ? 'the source names no PCI address' : `the source is a device of type '${kind}', not a PCI device`,
    ...(kind === undefined ? {} : { attribute: 'type', found: kind, allowed: 'pci' }),
    hint: "write <source><address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x1'/></source>",
    ...(known ? {} : { libvirt: unsupported(`unknown host device source address type '${kind ?? '(null)'}'`, FROM_DOMAIN) }),
  });
  return undefined;
}

/** Writes `<source>`; `others` are attributes kept as they were. */
export function writeSource(writer: XmlWriter, source: InterfaceSource, others: readonly (readonly [string, string])[]): void {
  switch (source.type) {
    case 'network':
      writer.empty('source', [['network', source.network], ['portgroup', source.portgroup], ['portid', source.portId], ...others]);
      return;
    case 'bridge':
      writer.empty('source', [['bridge', source.bridge], ...others]);
      return;
    case 'direct':
      writer.empty('source', [['dev', source.dev], ['mode', source.mode], ...others]);
      return;
    case 'hostdev':
      writer.element('source', others, () => {
        writer.empty('address', pciAttributes(source.address));
      });
  }
}
