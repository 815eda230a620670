import { present } from '../base/present.ts';
import { child, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { readBandwidth, writeBandwidth, type Bandwidth } from './bandwidth.ts';
import { checkShape, warn, type ReadContext, type Shape } from './context.ts';
import { xmlError } from './libvirt-error.ts';
import { missingAttribute, readYesNo, textAttribute } from './values.ts';
import { readVirtualPort, writeVirtualPort, type VirtualPort } from './virtualport.ts';
import { readVlan, writeVlan, type Vlan } from './vlan.ts';

/** `<portgroup>`: a class of guests with settings of its own. */
export interface PortGroup {
  readonly name: string;
  readonly default: boolean;
  readonly trustGuestRxFilters?: boolean;
  readonly vlan?: Vlan;
  readonly virtualport?: VirtualPort;
  readonly bandwidth?: Bandwidth;
}

const SHAPE: Shape = { attributes: ['name', 'default', 'trustGuestRxFilters'], children: ['vlan', 'virtualport', 'bandwidth'] };

/** Reads `<portgroup>`; undefined without a name. */
export function readPortGroup(context: ReadContext, element: XmlElement): PortGroup | undefined {
  checkShape(context, element, SHAPE);
  const name = textAttribute(element, 'name');
  if (name === undefined) {
    missingAttribute(context, element, 'name', xmlError('Missing required name attribute in portgroup'));
    return undefined;
  }
  const isDefault = textAttribute(element, 'default');
  if (isDefault !== undefined && !/^(yes|no)$/i.test(isDefault)) {
    warn(context, element, {
      code: 'VNM013',
      message: `default='${isDefault}' counts as no`,
      attribute: 'default',
      found: isDefault,
      allowed: 'yes, no',
      hint: 'write yes or no',
    });
  }
  if (/[&<>'"]/.test(name)) {
    warn(context, element, {
      code: 'VNM073',
      message: 'libvirt writes this name unescaped, so that its own document is not well-formed',
      attribute: 'name',
      found: name,
      hint: 'use a name without & < > \' and "',
    });
  }
  const trustGuestRxFilters = readYesNo(context, element, 'trustGuestRxFilters');
  const virtualportElement = child(element, 'virtualport');
  const virtualport = virtualportElement && readVirtualPort(context, virtualportElement);
  const bandwidthElement = child(element, 'bandwidth');
  const bandwidth = bandwidthElement && readBandwidth(context, bandwidthElement, { unbounded: true });
  const vlanElement = child(element, 'vlan');
  const vlan = vlanElement && readVlan(context, vlanElement);
  const group = present<PortGroup>({
    name,
    default: isDefault?.toLowerCase() === 'yes',
    trustGuestRxFilters,
    vlan,
    virtualport,
    bandwidth,
  });
  context.origins.set(group, element);
  return group;
}

/** Writes `<portgroup>`. */
export function writePortGroup(writer: XmlWriter, group: PortGroup): void {
  const attributes = [
    ['name', group.name],
    ['default', group.default ? 'yes' : undefined],
    ['trustGuestRxFilters', group.trustGuestRxFilters],
  ] as const;
  writer.element('portgroup', attributes, () => {
    if (group.vlan) writeVlan(writer, group.vlan);
    if (group.virtualport) writeVirtualPort(writer, group.virtualport);
    if (group.bandwidth) writeBandwidth(writer, group.bandwidth);
  });
}
