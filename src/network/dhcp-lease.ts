import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, warn, type ReadContext, type Shape } from './context.ts';
import { unsupported } from './libvirt-error.ts';
import { readLarge, readWord } from './values.ts';

/** `<lease expiry= unit=>`; expiry 0 is for ever. */
export interface DhcpLease {
  /** In `unit`; 0 for a lease without end. */
  readonly expiry: number;
  readonly unit: 'seconds' | 'minutes' | 'hours';
}

const SHAPE: Shape = { attributes: ['expiry', 'unit'], children: [] };
const UNITS = ['seconds', 'minutes', 'hours'] as const;
/** The shortest lease: two minutes, as dnsmasq has it. */
const LEAST = { seconds: 120, minutes: 2, hours: 1 } as const;

/** Reads `<lease>`; undefined without an expiry. */
export function readLease(context: ReadContext, element: XmlElement): DhcpLease | undefined {
  checkShape(context, element, SHAPE);
  if (attribute(element, 'expiry') === undefined) {
    warn(context, element, { code: 'VNM056', message: '<lease> without expiry has no effect', hint: "add expiry='...', or remove it" });
    return undefined;
  }
  const expiry = readLarge(context, element, 'expiry', 0);
  if (expiry === undefined) return undefined;
  const unit = readWord(context, element, 'unit', UNITS) ?? (attribute(element, 'unit') === undefined ? 'minutes' : undefined);
  if (unit === undefined) return undefined;
  if (expiry > 0 && expiry < LEAST[unit]) {
    refuse(context, element, {
      code: 'VNM027',
      message: 'a lease of less than two minutes is too short',
      attribute: 'expiry',
      found: `${String(expiry)} ${unit}`,
      allowed: '0 (for ever), or at least 2 minutes',
      hint: "write expiry='2' unit='minutes' or more",
      libvirt: unsupported('The minimum lease time should be greater than 2 minutes'),
    });
  }
  return { expiry, unit };
}

/** Writes `<lease>`. */
export function writeLease(writer: XmlWriter, { expiry, unit }: DhcpLease): void {
  writer.empty('lease', [
    ['expiry', expiry],
    ['unit', expiry === 0 ? undefined : unit],
  ]);
}
