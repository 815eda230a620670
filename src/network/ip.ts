import { present, type MaybeAbsent } from '../base/present.ts';
import { child, type XmlElement } from '../xml/node.ts';
import { classPrefix, netmaskToPrefix, type Subnet } from '../inet/subnet.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, warn, type ReadContext, type Shape } from './context.ts';
import { readDhcp, writeDhcp, type Dhcp } from './dhcp.ts';
import { unsupported, xmlError } from './libvirt-error.ts';
import { checkOneLine, ipValue, missingAttribute, readIpAttribute, readUnsigned, readYesNo, textAttribute, type ReadIp } from './values.ts';

/**
 * `<ip>`: an address of the bridge and the services on its subnet. The written form (netmask or prefix) is kept;
 * with neither, an IPv4 address has its class's prefix and an IPv6 address 64 (`prefixOf` in this file gives the number to use).
 */
export interface Ip {
  /** As written in the document; absent means IPv4. */
  readonly family?: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly netmask?: string;
  /** Bits: 0-32, or 0-128 for IPv6. Instead of `netmask`. */
  readonly prefix?: number;
  readonly localPtr?: boolean;
  readonly tftpRoot?: string;
  readonly dhcp?: Dhcp;
}

const SHAPE: Shape = { attributes: ['family', 'address', 'netmask', 'prefix', 'localPtr'], children: ['tftp', 'dhcp'] };
const TFTP: Shape = { attributes: ['root'], children: [] };

type Place = MaybeAbsent<Pick<Ip, 'address' | 'netmask' | 'prefix'>>;

/** The prefix length to use: as written, from the netmask, or the address's class (IPv6: 64). Undefined for a netmask with holes, and for multicast and class E addresses without one. */
export function prefixOf(ip: Place): number | undefined {
  if (ip.prefix) return ip.prefix;
  if (ip.netmask !== undefined) return netmaskToPrefix(ip.netmask);
  const address = ipValue(ip.address);
  const hasNoClass = address.family === 'ipv4' && address.value >> 29n === 7n;
  return hasNoClass ? undefined : classPrefix(address);
}

/** The address with its prefix length (host bits kept). Undefined for a netmask with holes. */
export function subnetOf(ip: Place): Subnet | undefined {
  const prefix = prefixOf(ip);
  if (prefix === undefined) return undefined;
  const { family, value } = ipValue(ip.address);
  return { family, value, prefix };
}

/** Reads `<ip>`; undefined when its address is refused. */
export function readIp(context: ReadContext, element: XmlElement): Ip | undefined {
  checkShape(context, element, SHAPE);
  const { name } = context;
  const family = textAttribute(element, 'family');
  const addressText = textAttribute(element, 'address');
  if (addressText === undefined) {
    missingAttribute(context, element, 'address', xmlError(`Missing required address attribute in network '${name}'`));
    return undefined;
  }
  const address = readIpAttribute(
    context,
    element,
    'address',
    addressText,
    xmlError(`Invalid address '${addressText}' in network '${name}'`),
  );
  if (!address) return undefined;
  const maskText = textAttribute(element, 'netmask');
  const mask =
    maskText === undefined
      ? undefined
      : readIpAttribute(context, element, 'netmask', maskText, xmlError(`Invalid netmask '${maskText}' in network '${name}'`));
  const length = readUnsigned(context, element, 'prefix');
  const localPtr = readYesNo(context, element, 'localPtr');
  const before = context.findings.length;
  checkFamily(context, element, { family, address: addressText, isV4: address.family === 'ipv4', maskText, netmask: mask, prefix: length });
  if (context.findings.length > before) return undefined;
  const netmask = mask?.text;
  const prefix = length || undefined;
  const subnet = subnetOf({ address: address.text, netmask, prefix });
  if (netmask !== undefined && !subnet) {
    warn(context, element, {
      code: 'VNM026',
      message: `netmask '${netmask}' has holes; the network will not start`,
      attribute: 'netmask',
      found: netmask,
      hint: 'write ones followed by zeros, like 255.255.255.0, or a prefix',
    });
  }
  const dhcpElement = child(element, 'dhcp');
  const dhcp = dhcpElement && readDhcp(context, dhcpElement, { family: address.family, address: ipValue(address.text), subnet });
  const tftpRoot = readTftp(context, element, address.family === 'ipv4');
  const ip = present<Ip>({
    family: family === 'ipv4' || family === 'ipv6' ? family : undefined,
    address: address.text,
    netmask,
    prefix,
    localPtr,
    tftpRoot,
    dhcp,
  });
  context.origins.set(ip, element);
  return ip;
}

interface Written {
  readonly family: string | undefined;
  readonly address: string;
  readonly isV4: boolean;
  readonly maskText: string | undefined;
  readonly netmask: ReadIp | undefined;
  readonly prefix: number | undefined;
}

/** Family, address, netmask and prefix must fit one another. */
function checkFamily(context: ReadContext, element: XmlElement, w: Written): void {
  const { name } = context;
  if (w.family === undefined || w.family === 'ipv4') {
    if (!w.isV4) {
      refuse(context, element, {
        code: 'VNM022',
        message: `'${w.address}' is no IPv4 address`,
        attribute: w.family === undefined ? 'address' : 'family',
        found: w.address,
        hint: "write family='ipv6'",
        libvirt: unsupported(`${w.family ?? 'no'} family specified for non-IPv4 address '${w.address}' in network '${name}'`),
      });
    } else if (w.netmask && w.netmask.family !== 'ipv4') {
      badNetmask(
        context,
        element,
        unsupported(`Invalid netmask '${w.maskText ?? ''}' for address '${w.address}' in network '${name}' (both must be IPv4)`),
      );
    } else if (w.netmask && w.prefix) {
      bothMaskAndPrefix(context, element, unsupported(`Network '${name}' IP address cannot have both a prefix and a netmask`));
    } else if (w.prefix !== undefined && w.prefix > 32)
      badPrefix(context, element, w.prefix, 32, unsupported(`Invalid IPv4 prefix '${String(w.prefix)}' in network '${name}'`));
  } else if (w.family === 'ipv6') {
    if (w.isV4) {
      refuse(context, element, {
        code: 'VNM022',
        message: `'${w.address}' is no IPv6 address`,
        attribute: 'family',
        found: w.address,
        hint: "write family='ipv4', or leave family out",
        libvirt: unsupported(`Family 'ipv6' specified for non-IPv6 address '${w.address}' in network '${name}'`),
      });
    } else if (w.netmask) {
      refuse(context, element, {
        code: 'VNM030',
        message: 'an IPv6 address has a prefix, not a netmask',
        attribute: 'netmask',
        found: w.netmask.text,
        hint: "write prefix='64'",
        libvirt: unsupported(`netmask not allowed for IPv6 address '${w.address}' in network '${name}'`),
      });
    } else if (w.prefix !== undefined && w.prefix > 128)
      badPrefix(context, element, w.prefix, 128, unsupported(`Invalid IPv6 prefix '${String(w.prefix)}' in network '${name}'`));
  } else badFamily(context, element, w.family, xmlError(`Unrecognized family '${w.family}' in network '${name}'`));
}

type Refusal = ReturnType<typeof xmlError>;

/** Refuses an address with both forms of its length. */
export function bothMaskAndPrefix(context: ReadContext, element: XmlElement, libvirt: Refusal): void {
  refuse(context, element, {
    code: 'VNM030',
    message: 'both a netmask and a prefix are given',
    attribute: 'prefix',
    hint: 'remove one of the two',
    libvirt,
  });
}

/** Refuses a netmask that is an IPv6 address. */
export function badNetmask(context: ReadContext, element: XmlElement, libvirt: Refusal): void {
  refuse(context, element, {
    code: 'VNM022',
    message: 'the netmask is no IPv4 address',
    attribute: 'netmask',
    hint: 'write it like 255.255.255.0',
    libvirt,
  });
}

/** Refuses a prefix length above the family's. */
export function badPrefix(context: ReadContext, element: XmlElement, prefix: number, max: number, libvirt: Refusal): void {
  refuse(context, element, {
    code: 'VNM012',
    message: `prefix ${String(prefix)} is larger than ${String(max)}`,
    attribute: 'prefix',
    found: String(prefix),
    allowed: `0 to ${String(max)}`,
    hint: `write a number from 0 to ${String(max)}`,
    libvirt,
  });
}

/** Refuses a family that is neither ipv4 nor ipv6. */
export function badFamily(context: ReadContext, element: XmlElement, family: string, libvirt: Refusal): void {
  refuse(context, element, {
    code: 'VNM013',
    message: `'${family}' is no address family`,
    attribute: 'family',
    found: family,
    allowed: 'ipv4, ipv6',
    hint: 'write ipv4 or ipv6',
    libvirt,
  });
}

function readTftp(context: ReadContext, element: XmlElement, isV4: boolean): string | undefined {
  const tftp = child(element, 'tftp');
  if (!tftp) return undefined;
  if (!isV4) {
    refuse(context, tftp, {
      code: 'VNM031',
      message: 'TFTP is served over IPv4 only',
      hint: 'move <tftp> into an IPv4 <ip>',
      libvirt: unsupported(`Unsupported <tftp> element in an IPv6 element in network '${context.name}'`),
    });
    return undefined;
  }
  checkShape(context, tftp, TFTP);
  checkOneLine(context, tftp, 'root');
  return textAttribute(tftp, 'root');
}

/** Writes `<ip>`. */
export function writeIp(writer: XmlWriter, ip: Ip): void {
  const attributes = [
    ['family', ip.family],
    ['address', ip.address],
    ['netmask', ip.netmask],
    ['prefix', ip.prefix || undefined],
    ['localPtr', ip.localPtr],
  ] as const;
  writer.element('ip', attributes, () => {
    if (ip.tftpRoot !== undefined) writer.empty('tftp', [['root', ip.tftpRoot]]);
    if (ip.dhcp) writeDhcp(writer, ip.dhcp);
  });
}
