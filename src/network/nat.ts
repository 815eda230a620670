import { present } from '../base/present.ts';
import { attribute, children, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { checkRange } from './dhcp-range.ts';
import { xmlDetail, xmlError } from './libvirt-error.ts';
import { badNumber, ipValue, missingAttribute, parseUnsigned, readIpAttribute, readYesNo } from './values.ts';

/** `<nat>`: address range (IPv4 only), port range, and whether IPv6 is masqueraded too. */
export interface Nat {
  readonly ipv6?: boolean;
  readonly addressStart?: string;
  readonly addressEnd?: string;
  /** 0-65535, both in the range; both or neither. */
  readonly portStart?: number;
  readonly portEnd?: number;
}

const SHAPE: Shape = { attributes: ['ipv6'], children: ['address', 'port'] };
const RANGE: Shape = { attributes: ['start', 'end'], children: [] };
/** The ports that libvirt masquerades to when none are given; it shows them in live documents only. */
export const DEFAULT_PORTS = { start: 1024, end: 65535 } as const;

/** Reads `<nat>`; undefined when it says nothing. */
export function readNat(context: ReadContext, element: XmlElement): Nat | undefined {
  checkShape(context, element, { ...SHAPE, repeated: SHAPE.children });
  const ipv6 = readYesNo(context, element, 'ipv6');
  const address = only(context, element, 'address');
  const addresses = address && readAddresses(context, address);
  const port = only(context, element, 'port');
  const ports = port && readPorts(context, port);
  if (ipv6 === undefined && !addresses && !ports) return undefined;
  const nat = present<Nat>({
    ipv6,
    addressStart: addresses?.start,
    addressEnd: addresses?.end,
    portStart: ports?.start,
    portEnd: ports?.end,
  });
  context.origins.set(nat, element);
  return nat;
}

function only(context: ReadContext, element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = children(element, name);
  if (second) {
    refuse(context, second, {
      code: 'VNM038',
      message: `<${element.name}> takes one <${name}>`,
      hint: 'remove one of the two',
      libvirt: xmlError(`Only one <${name}> element is allowed in <nat> in <forward> in network ${context.name}`),
    });
  }
  return first;
}

function readAddresses(context: ReadContext, element: XmlElement): { start: string; end: string } | undefined {
  checkShape(context, element, RANGE);
  const texts = { start: attribute(element, 'start'), end: attribute(element, 'end') };
  for (const name of ['start', 'end'] as const) {
    if (texts[name] !== undefined) continue;
    missingAttribute(
      context,
      element,
      name,
      xmlError(`missing '${name}' attribute in <address> element in <nat> in <forward> in network ${context.name}`),
    );
    return undefined;
  }
  const start = readV4(context, element, 'start', texts.start ?? '');
  const end = start === undefined ? undefined : readV4(context, element, 'end', texts.end ?? '');
  if (start === undefined || end === undefined) return undefined;
  checkRange(context, element, { start: ipValue(start), end: ipValue(end) });
  return { start, end };
}

function readV4(context: ReadContext, element: XmlElement, name: 'start' | 'end', text: string): string | undefined {
  const libvirt = xmlError(`Bad ipv4 ${name} address '${text}' in <nat> in <forward> in network '${context.name}'`);
  const ip = readIpAttribute(context, element, name, text, libvirt);
  if (ip?.family !== 'ipv6') return ip?.text;
  refuse(context, element, {
    code: 'VNM022',
    message: `'${text}' is no IPv4 address`,
    attribute: name,
    found: text,
    hint: 'an address range for IPv6 is not possible; leave it out',
    libvirt,
  });
  return undefined;
}

function readPorts(context: ReadContext, element: XmlElement): { start: number; end: number } | undefined {
  checkShape(context, element, RANGE);
  const say = (name: string): ReturnType<typeof xmlDetail> =>
    xmlDetail(`Missing or invalid '${name}' attribute in <port> in <nat> in <forward> in network ${context.name}`);
  const [start, end] = (['start', 'end'] as const).map((name) => {
    const text = attribute(element, name);
    if (text === undefined) missingAttribute(context, element, name, say(name));
    else {
      const value = parseUnsigned(text, 0xffff);
      if (value !== undefined) return value;
      badNumber(context, element, name, say(name), 'a number from 0 to 65535');
    }
    return undefined;
  });
  if (start === undefined || end === undefined) return undefined;
  if (start > end) {
    refuse(context, element, {
      code: 'VNM020',
      message: 'the range ends before it starts',
      attribute: 'end',
      found: `${String(start)} - ${String(end)}`,
      hint: 'swap start and end',
      libvirt: say('end'),
    });
    return undefined;
  }
  return end === 0 ? undefined : { start, end };
}

/** True when `<nat>` would hold nothing. */
export function isEmptyNat(nat: Nat): boolean {
  return nat.ipv6 === undefined && nat.addressStart === undefined && nat.portStart === undefined;
}

/** Writes `<nat>`. */
export function writeNat(writer: XmlWriter, nat: Nat): void {
  if (isEmptyNat(nat)) return;
  writer.elementOrEmpty('nat', [['ipv6', nat.ipv6]], () => {
    if (nat.addressStart !== undefined)
      writer.empty('address', [
        ['start', nat.addressStart],
        ['end', nat.addressEnd],
      ]);
    if (nat.portStart !== undefined)
      writer.empty('port', [
        ['start', nat.portStart],
        ['end', nat.portEnd],
      ]);
  });
}
