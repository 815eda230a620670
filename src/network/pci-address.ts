import type { XmlElement } from '../xml/node.ts';
import { type ReadContext } from './context.ts';
import { FROM, xmlError } from './libvirt-error.ts';
import { badNumber, readUnsigned, readWord } from './values.ts';

/** A PCI address. Four numbers as in `0000:04:00.1`: domain 0-0xffff, bus 0-0xff, slot 0-0x1f, function 0-7. */
export interface PciAddress {
  readonly domain: number;
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
}

/** Reads the four attributes, hexadecimal with `0x`, octal or decimal; a missing one is 0. Undefined when one is refused. */
export function readPciAddress(context: ReadContext, element: XmlElement): PciAddress | undefined {
  const before = context.findings.length;
  const read = (name: string): number => readUnsigned(context, element, name, { base: 0 }) ?? 0;
  const address: PciAddress = { domain: read('domain'), bus: read('bus'), slot: read('slot'), function: read('function') };
  readWord(context, element, 'multifunction', ['on', 'off']);
  if (context.findings.length > before) return undefined;
  const { bus, slot, function: fn } = address;
  const fault = (name: string, text: string, max: string): void => {
    badNumber(
      context,
      element,
      name,
      xmlError(`Invalid PCI address ${name}=${text}, must be <= ${max}`, FROM.none),
      `a number up to ${max}`,
    );
  };
  // libvirt takes an address without domain, bus and slot for an empty one, and does not look at it.
  if (address.domain === 0 && bus === 0 && slot === 0) return address;
  if (bus > 0xff) fault('bus', `'0x${hex(bus)}'`, '0xFF');
  else if (slot > 0x1f) fault('slot', `'0x${hex(slot)}'`, '0x1F');
  else if (fn > 7) fault('function', `0x${hex(fn)}`, '7');
  else return address;
  return undefined;
}

function hex(value: number, digits = 1): string {
  return value.toString(16).padStart(digits, '0');
}

/** A PCI address as the kernel names it: `0000:04:00.1`. */
export function formatPciAddress(a: PciAddress): string {
  return `${hex(a.domain, 4)}:${hex(a.bus, 2)}:${hex(a.slot, 2)}.${hex(a.function)}`;
}

/** The attributes as libvirt writes them. */
export function pciAttributes(a: PciAddress): readonly (readonly [string, string])[] {
  return [
    ['type', 'pci'],
    ['domain', `0x${hex(a.domain, 4)}`],
    ['bus', `0x${hex(a.bus, 2)}`],
    ['slot', `0x${hex(a.slot, 2)}`],
    ['function', `0x${hex(a.function)}`],
  ];
}
