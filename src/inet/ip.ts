/** Address families by the words of the XML format. */
export type Family = 'ipv4' | 'ipv6';

/** An IP address as a number: 32 bits for IPv4, 128 for IPv6. Immutable. */
export interface IpValue {
  readonly family: Family;
  readonly value: bigint;
}

/** Bits of an address of this family: 32 or 128. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 'ipv4' ? 32 : 128;
}

/** Reads a dotted quad (no leading zeros, no short forms) as a 32-bit number; undefined when it is not one. */
function parseIpv4(text: string): bigint | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46 && digits > 0 && dots < 3) {
      value = value * 256 + octet;
      octet = digits = 0;
      dots++;
    } else {
      const isLeadingZero = digits > 0 && octet === 0;
      if (c < 48 || c > 57 || isLeadingZero) return undefined;
      octet = octet * 10 + c - 48;
      digits++;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? BigInt(value * 256 + octet) : undefined;
}

/** Reads RFC 4291 section 2.2 text (with `::` and an embedded dotted quad, no zone) as a 128-bit number. */
function parseIpv6(text: string): bigint | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const half = (from: number): bigint => {
    const [a = 0, b = 0, c = 0, d = 0] = all.slice(from, from + 4);
    return (BigInt(a * 65536 + b) << 32n) | BigInt(c * 65536 + d);
  };
  return (half(0) << 64n) | half(4);
}

/** The 16-bit groups of one side of `::`; a dotted quad may end the last side only. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      out.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      out.push(parseInt(part, 16));
    }
  }
  return out;
}

/** Reads an address strictly; undefined when the text is not one. */
export function parseIp(text: string): IpValue | undefined {
  if (text.includes(':')) {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { family: 'ipv6', value };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 'ipv4', value };
}

/**
 * Reads an address as getaddrinfo(AI_NUMERICHOST) does, which is what libvirt uses: strict IPv6, and for IPv4 also the inet_aton
 * forms with one to four parts, each decimal, octal (leading 0) or hexadecimal (0x), the last one filling the remaining bytes.
 */
export function parseIpNumeric(text: string): IpValue | undefined {
  const strict = parseIp(text);
  if (strict || text.includes(':')) return strict;
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  const numbers: bigint[] = [];
  for (const part of parts) {
    if (/^0[xX][0-9a-fA-F]{1,8}$/.test(part)) numbers.push(BigInt(part));
    else if (/^0[0-7]{1,11}$/.test(part)) numbers.push(BigInt(`0o${part.slice(1)}`));
    else if (/^(0|[1-9]\d{0,9})$/.test(part)) numbers.push(BigInt(part));
    else return undefined;
  }
  const last = numbers.pop() as bigint;
  const room = BigInt(8 * (4 - numbers.length));
  if (last >= 1n << room || numbers.some((n) => n > 255n)) return undefined;
  const value = numbers.reduce((v, n, i) => v | (n << BigInt(24 - 8 * i)), last);
  return { family: 'ipv4', value };
}

/** Prints an address: dotted quad, or RFC 5952 text (IPv4-mapped addresses with a dotted quad, as inet_ntop does). */
export function formatIp(ip: IpValue): string {
  if (ip.family === 'ipv4') return formatIpv4(ip.value);
  const g: number[] = [];
  for (let i = 7; i >= 0; i--) g.push(Number((ip.value >> BigInt(16 * i)) & 0xffffn));
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8;) {
    if (g[i] !== 0) {
      i++;
      continue;
    }
    let end = i;
    while (end < 8 && g[end] === 0) end++;
    if (end - i > best.length) best = { at: i, length: end - i };
    i = end;
  }
  const hex = (list: readonly number[]): string => list.map((n) => n.toString(16)).join(':');
  const embedsIpv4 = best.at === 0 && (best.length === 6 || (best.length === 5 && g[5] === 0xffff));
  if (embedsIpv4) return `::${best.length === 5 ? 'ffff:' : ''}${formatIpv4(ip.value & 0xffffffffn)}`;
  if (best.at < 0) return hex(g);
  return `${hex(g.slice(0, best.at))}::${hex(g.slice(best.at + best.length))}`;
}

function formatIpv4(value: bigint): string {
  const n = Number(value);
  return `${String((n >>> 24) & 255)}.${String((n >>> 16) & 255)}.${String((n >>> 8) & 255)}.${String(n & 255)}`;
}
