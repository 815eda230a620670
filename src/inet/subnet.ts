import { bitsOf, formatIp, parseIp, type IpValue } from './ip.ts';

/** An address with a prefix length; `value` keeps its host bits (`network` clears them). Immutable. */
export interface Subnet extends IpValue {
  /** 0-32 or 0-128. */
  readonly prefix: number;
}

/** Reads `ADDRESS/PREFIX` (host bits allowed); a bare address is a host route. Undefined when the text is neither. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0) return undefined;
  if (length === undefined) return { ...ip, prefix: bitsOf(ip.family) };
  if (!/^\d{1,3}$/.test(length) || Number(length) > bitsOf(ip.family)) return undefined;
  return { ...ip, prefix: Number(length) };
}

/** Prints `ADDRESS/PREFIX`. */
export function formatSubnet(subnet: Subnet): string {
  return `${formatIp(subnet)}/${String(subnet.prefix)}`;
}

function hostMask(subnet: Subnet): bigint {
  return (1n << BigInt(bitsOf(subnet.family) - subnet.prefix)) - 1n;
}

/** The same subnet with its host bits cleared. */
export function network(subnet: Subnet): Subnet {
  return { family: subnet.family, value: subnet.value & ~hostMask(subnet), prefix: subnet.prefix };
}

/** The last address of the subnet: for IPv4 the directed broadcast address. */
export function lastAddress(subnet: Subnet): IpValue {
  return { family: subnet.family, value: subnet.value | hostMask(subnet) };
}

/** True when the address is in the subnet. */
export function contains(subnet: Subnet, ip: IpValue): boolean {
  return subnet.family === ip.family && (ip.value ^ subnet.value) >> BigInt(bitsOf(subnet.family) - subnet.prefix) === 0n;
}

/** True when the two share an address. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.prefix <= b.prefix ? contains(a, b) : contains(b, a);
}

/** True when both are the same network, host bits aside. */
export function sameNetwork(a: Subnet, b: Subnet): boolean {
  return a.prefix === b.prefix && contains(a, b);
}

/** The IPv4 netmask of a prefix length as dotted quad: 24 -> 255.255.255.0. */
export function prefixToNetmask(prefix: number): string {
  return formatIp({ family: 'ipv4', value: (0xffffffffn << BigInt(32 - prefix)) & 0xffffffffn });
}

/** The prefix length of a dotted-quad netmask; undefined when it has holes or is no address. */
export function netmaskToPrefix(netmask: string): number | undefined {
  const ip = parseIp(netmask);
  if (ip?.family !== 'ipv4') return undefined;
  const hostBits = ~Number(ip.value) >>> 0;
  return (hostBits & (hostBits + 1)) === 0 ? Math.clz32(hostBits) : undefined;
}

/** The prefix of an IPv4 address's class (RFC 791: A 8, B 16, C 24, else 0) or 64 for IPv6: what libvirt uses when none is given. */
export function classPrefix(ip: IpValue): number {
  if (ip.family === 'ipv6') return 64;
  const first = Number(ip.value >> 24n);
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : 0;
}

/**
 * The zones under which reverse names of the subnet live: one where its prefix ends with an octet (IPv4) or nibble (IPv6), else one for each of its
 * parts that do, at most 128.
 */
export function reverseZones(subnet: Subnet): readonly string[] {
  const { family, value } = network(subnet);
  const step = family === 'ipv4' ? 8 : 4;
  const labels = Math.ceil(subnet.prefix / step);
  const part = 1n << BigInt(bitsOf(family) - labels * step);
  return Array.from({ length: 2 ** (labels * step - subnet.prefix) }, (_, i) => {
    const first = value + BigInt(i) * part;
    const digits = family === 'ipv4' ? formatIp({ family, value: first }).split('.') : [...first.toString(16).padStart(32, '0')];
    return `${digits.slice(0, labels).reverse().join('.')}.${family === 'ipv4' ? 'in-addr' : 'ip6'}.arpa`;
  });
}
