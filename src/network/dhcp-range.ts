import { present } from '../base/present.ts';
import { formatIp, type Family, type IpValue } from '../inet/ip.ts';
import { contains, formatSubnet, lastAddress, network, type Subnet } from '../inet/subnet.ts';
import { attribute, childByName, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { readLease, writeLease, type DhcpLease } from './dhcp-lease.ts';
import { badSocketAddress, FROM, internalError, xmlError } from './libvirt-error.ts';
import { ipValue, missingAttribute, readIpAttribute } from './values.ts';

/** `<range>` of a `<dhcp>`: addresses to lease, both ends among them. */
export interface DhcpRange {
  readonly start: string;
  readonly end: string;
  readonly lease?: DhcpLease;
}

/** The `<ip>` around a `<dhcp>`; `subnet` is undefined when its netmask has holes or the address could not be read. */
export interface DhcpPlace {
  readonly family: Family;
  readonly address: IpValue | undefined;
  readonly subnet: Subnet | undefined;
}

const SHAPE: Shape = { attributes: ['start', 'end'], children: ['lease'] };

/** Reads `<range>` and checks it against the subnet of its `<ip>`. */
export function readDhcpRange(context: ReadContext, element: XmlElement, place: DhcpPlace): DhcpRange | undefined {
  checkShape(context, element, SHAPE);
  const start = readEnd(context, element, 'start');
  const end = start === undefined ? undefined : readEnd(context, element, 'end');
  if (start === undefined || end === undefined) return undefined;
  checkRange(context, element, { start: ipValue(start), end: ipValue(end) }, place);
  const leaseElement = childByName(element, 'lease');
  const lease = leaseElement && readLease(context, leaseElement);
  const range = present<DhcpRange>({ start, end, lease });
  context.origins.set(range, element);
  return range;
}

function readEnd(context: ReadContext, element: XmlElement, name: 'start' | 'end'): string | undefined {
  const text = attribute(element, name);
  if (text !== undefined) return readIpAttribute(context, element, name, text, badSocketAddress(text))?.text;
  missingAttribute(context, element, name, xmlError(`Missing '${name}' attribute in dhcp range for network '${context.name}'`));
  return undefined;
}

/** The two ends of a range, both in it. */
interface Ends {
  readonly start: IpValue;
  readonly end: IpValue;
}

/** What is wrong with a range; `libvirt` in libvirt's words. */
interface RangeFault {
  readonly code: string;
  readonly message: string;
  readonly libvirt: string;
  readonly hint: string;
}

/** Refuses a range that is reversed, too large or not of the subnet. Without an address (a range of `<nat>`) only the first two count. */
export function checkRange(context: ReadContext, element: XmlElement, ends: Ends, place?: DhcpPlace): void {
  const found = `${formatIp(ends.start)} - ${formatIp(ends.end)}`;
  const text = `range ${found}`;
  const fault = placeFault(ends, text, place) ?? extentFault(ends, text) ?? edgeFault(ends, text, place?.subnet);
  if (fault) refuse(context, element, { ...fault, found, libvirt: internalError(fault.libvirt, FROM.none) });
}

/** The range is not one of its `<ip>`. */
function placeFault({ start, end }: Ends, text: string, place: DhcpPlace | undefined): RangeFault | undefined {
  if (start.family !== end.family) {
    return {
      code: 'VNM022',
      message: 'the two ends are of different address families',
      libvirt: `mismatch of address family in ${text}`,
      hint: 'use two addresses of one family',
    };
  }
  if (!place) return undefined;
  const { address, subnet } = place;
  if (address && address.family !== start.family) {
    return {
      code: 'VNM022',
      message: `the range is ${start.family}, its <ip> is ${address.family}`,
      libvirt: `mismatch of address family in ${text} for network ${formatIp(address)}`,
      hint: 'move it into the <dhcp> of an <ip> of its own family',
    };
  }
  if (address && !subnet) {
    return {
      code: 'VNM026',
      message: 'the netmask around this range has holes',
      libvirt: `bad prefix -1 for network ${formatIp(address)} when checking ${text}`,
      hint: 'write a netmask like 255.255.255.0, or a prefix',
    };
  }
  if (subnet && !(contains(subnet, start) && contains(subnet, end))) {
    return {
      code: 'VNM021',
      message: `the range is not within ${formatSubnet(network(subnet))}`,
      libvirt: `${text} is not entirely within network ${formatSubnet(subnet)}`,
      hint: `use addresses of ${formatSubnet(network(subnet))}`,
    };
  }
  return undefined;
}

/** The range is too large, or ends before it starts. */
function extentFault({ start, end }: Ends, text: string): RangeFault | undefined {
  if (isTooLarge(start, end)) {
    return {
      code: 'VNM023',
      message: 'the range is too large (more than 65536 addresses)',
      libvirt: `${text} is too large (> 65535)`,
      hint: 'make it smaller, or use two ranges',
    };
  }
  if (start.value > end.value) {
    return {
      code: 'VNM020',
      message: 'the range ends before it starts',
      libvirt: start.family === 'ipv4' ? `${text} is reversed ` : `${text} start larger than end`,
      hint: 'swap start and end',
    };
  }
  return undefined;
}

/** The range takes the first or the last address of an IPv4 subnet, which no host may have. */
function edgeFault({ start, end }: Ends, text: string, subnet: Subnet | undefined): RangeFault | undefined {
  if (!subnet || subnet.family === 'ipv6') return undefined;
  if (start.value === network(subnet).value) {
    return {
      code: 'VNM024',
      message: 'the range starts with the network address',
      libvirt: `start of ${text} in network ${formatSubnet(subnet)} is the network address`,
      hint: 'start one address later',
    };
  }
  if (end.value === lastAddress(subnet).value) {
    return {
      code: 'VNM025',
      message: 'the range ends with the broadcast address',
      libvirt: `end of ${text} in network ${formatSubnet(subnet)} is the broadcast address`,
      hint: 'end one address earlier',
    };
  }
  return undefined;
}

/** More than 65536 addresses. For IPv6 libvirt compares the upper 112 bits, so a small range across such a boundary counts too. */
function isTooLarge(start: IpValue, end: IpValue): boolean {
  return start.family === 'ipv4' ? end.value - start.value > 0xffffn : start.value >> 16n !== end.value >> 16n;
}

/** Writes `<range>`. */
export function writeDhcpRange(writer: XmlWriter, { start, end, lease }: DhcpRange): void {
  const attributes = [
    ['start', start],
    ['end', end],
  ] as const;
  if (lease)
    writer.element('range', attributes, () => {
      writeLease(writer, lease);
    });
  else writer.empty('range', attributes);
}
