import { present } from '../base/present.ts';
import { formatIp, type Family, type IpValue } from '../inet/ip.ts';
import { contains, formatSubnet, lastAddress, network, type Subnet } from '../inet/subnet.ts';
import { attribute, childByName, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { readLease, writeLease, type DhcpLease } from './dhcp-lease.ts';
import { badSocketAddress, FROM, internalError, xmlError } from './libvirt-error.ts';
import { ipValue, missingAttribute, readIpAttribute } from './values.ts';

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
  checkRange(context, element, ipValue(start), ipValue(end), place);
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

/** Refuses a range that is reversed, too large or not of the subnet. Without an address (a range of `<nat>`) only the first two count. */
export function checkRange(context: ReadContext, element: XmlElement, start: IpValue, end: IpValue, place?: DhcpPlace): void {
  const text = `range ${formatIp(start)} - ${formatIp(end)}`;
  const fault = (code: string, message: string, libvirt: string, hint: string): void => {
    refuse(context, element, {
      code,
      message,
      hint,
      found: `${formatIp(start)} - ${formatIp(end)}`,
      libvirt: internalError(libvirt, FROM.none),
    });
  };
  if (start.family !== end.family) {
    fault(
      'VNM022',
      'the two ends are of different address families',
      `mismatch of address family in ${text}`,
      'use two addresses of one family',
    );
    return;
  }
  if (place?.address && place.address.family !== start.family) {
    fault(
      'VNM022',
      `the range is ${start.family}, its <ip> is ${place.address.family}`,
      `mismatch of address family in ${text} for network ${formatIp(place.address)}`,
      'move it into the <dhcp> of an <ip> of its own family',
    );
    return;
  }
  const subnet = place?.subnet;
  if (place?.address && !subnet) {
    fault(
      'VNM026',
      'the netmask around this range has holes',
      `bad prefix -1 for network ${formatIp(place.address)} when checking ${text}`,
      'write a netmask like 255.255.255.0, or a prefix',
    );
    return;
  }
  if (subnet && !(contains(subnet, start) && contains(subnet, end))) {
    fault(
      'VNM021',
      `the range is not within ${formatSubnet(network(subnet))}`,
      `${text} is not entirely within network ${formatSubnet(subnet)}`,
      `use addresses of ${formatSubnet(network(subnet))}`,
    );
    return;
  }
  if (isTooLarge(start, end)) {
    fault(
      'VNM023',
      'the range is too large (more than 65536 addresses)',
      `${text} is too large (> 65535)`,
      'make it smaller, or use two ranges',
    );
    return;
  }
  if (start.value > end.value) {
    fault(
      'VNM020',
      'the range ends before it starts',
      start.family === 'ipv4' ? `${text} is reversed ` : `${text} start larger than end`,
      'swap start and end',
    );
    return;
  }
  if (!subnet || subnet.family === 'ipv6') return;
  if (start.value === network(subnet).value) {
    fault(
      'VNM024',
      'the range starts with the network address',
      `start of ${text} in network ${formatSubnet(subnet)} is the network address`,
      'start one address later',
    );
  } else if (end.value === lastAddress(subnet).value) {
    fault(
      'VNM025',
      'the range ends with the broadcast address',
      `end of ${text} in network ${formatSubnet(subnet)} is the broadcast address`,
      'end one address earlier',
    );
  }
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

/** More than 65536 addresses. For IPv6 libvirt compares the upper 112 bits, so a small range across such a boundary counts too. */
function isTooLarge(start: IpValue, end: IpValue): boolean {
  return start.family === 'ipv4' ? end.value - start.value > 0xffffn : start.value >> 16n !== end.value >> 16n;
}
