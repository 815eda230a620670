import type { LibvirtError } from '../base/diagnostic.ts';
import { nearest } from '../base/nearest.ts';
import { formatIp, parseIp, parseIpNumeric, type Family, type IpValue } from '../inet/ip.ts';
import { parseMac } from '../inet/mac.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import { refuse, warn, type ReadContext } from './context.ts';
import { FROM, xmlError } from './libvirt-error.ts';

/** Largest values of C's unsigned types. */
export const UINT_MAX = 4_294_967_295;
export const ULONG_MAX = 18_446_744_073_709_551_615n;

/** An attribute whose empty text counts as absent (libvirt's `virXPathString`). */
export function textAttribute(element: XmlElement, name: string): string | undefined {
  return attribute(element, name) || undefined;
}

/** `yes` or `no`; anything else, the empty text too, is refused. Undefined when absent or refused. */
export function readYesNo(context: ReadContext, element: XmlElement, name: string): boolean | undefined {
  const value = readWord(context, element, name, ['yes', 'no']);
  return value === undefined ? undefined : value === 'yes';
}

/** One word of a list. Undefined when absent or refused. */
export function readWord<W extends string>(context: ReadContext, element: XmlElement, name: string, words: readonly W[]): W | undefined {
  const value = attribute(element, name);
  if (value === undefined) return undefined;
  for (const word of words) if (word === value) return word;
  badWord(
    context,
    element,
    name,
    words,
    xmlError(`Invalid value for attribute '${name}' in element '${element.name}': '${value}'.`, FROM.xml),
  );
  return undefined;
}

/** Refuses a value that is not one of the words. */
export function badWord(context: ReadContext, element: XmlElement, name: string, words: readonly string[], libvirt: LibvirtError): void {
  const value = attribute(element, name) ?? '';
  const meant = nearest(value, words) ?? synonym(value, words);
  refuse(context, element, {
    code: 'VNM013',
    message: `'${value}' is no value of ${name}`,
    attribute: name,
    found: value,
    allowed: words.join(', '),
    hint: meant === undefined ? `write one of: ${words.join(', ')}` : `did you mean '${meant}'?`,
    libvirt,
  });
}

function synonym(value: string, words: readonly string[]): string | undefined {
  const yes = /^(on|true|1|enabled?)$/i.test(value);
  const meant = yes ? 'yes' : /^(off|false|0|disabled?)$/i.test(value) ? 'no' : undefined;
  return meant !== undefined && words.includes(meant) ? meant : undefined;
}

/**
 * A whole number as strtoul reads it: white space and a plus sign may lead, a minus sign is refused. `base` 0 also takes `0x` and
 * octal. Undefined when it is none, or above `max`.
 */
export function parseUnsigned(text: string, max: bigint | number = UINT_MAX, base: 0 | 10 = 10): number | undefined {
  const m = /^[ \t\n\v\f\r]*\+?(?:(0[xX])([0-9a-fA-F]+)|([0-9]+))$/.exec(text);
  if (!m || (m[1] !== undefined && base === 10)) return undefined;
  const digits = m[3] ?? '';
  if (digits !== '' && digits.length < 16 && (base === 10 || digits[0] !== '0')) {
    const value = Number(digits);
    return value <= Number(max) ? value : undefined;
  }
  if (base === 0 && /^0[0-7]*[89]/.test(digits)) return undefined;
  const value = BigInt(
    m[2] !== undefined ? `0x${m[2]}` : base === 0 && digits.length > 1 && digits.startsWith('0') ? `0o${digits}` : digits,
  );
  return value <= BigInt(max) ? Number(value) : undefined;
}

/** What libvirt makes of a negative number where it lets one pass: 2^32 more. Undefined when the text is none it would take. */
export function wrapNegative(text: string): number | undefined {
  if (!/^[ \t\n\v\f\r]*-\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value < 0 && -value <= UINT_MAX ? value + UINT_MAX + 1 : undefined;
}

/**
 * A whole number of up to 64 bits that the model can hold exactly: every one up to 2^53, and some beyond. Others are refused as a
 * deviation from libvirt. Undefined when the attribute is absent or refused.
 */
export function readLarge(context: ReadContext, element: XmlElement, name: string, base: 0 | 10 = 10): number | undefined {
  const value = readUnsigned(context, element, name, { max: ULONG_MAX, base });
  if (value === undefined || isExact(attribute(element, name) ?? '')) return value;
  refuseLarge(context, element, name);
  return undefined;
}

/** True when a JavaScript number holds the decimal digits at the end of the text exactly. */
export function isExact(text: string): boolean {
  const digits = /\d+$/.exec(text)?.[0] ?? '0';
  return digits.length < 16 || BigInt(Number(digits)) === BigInt(digits);
}

/** Refuses a number that the model cannot hold exactly. */
export function refuseLarge(context: ReadContext, element: XmlElement, name: string): void {
  refuse(context, element, {
    code: 'VNM063',
    message: `${name} is too large to be held exactly`,
    attribute: name,
    found: attribute(element, name) ?? '',
    allowed: `0 to ${String(Number.MAX_SAFE_INTEGER)}`,
    hint: 'a number of this size has no meaning here: write a smaller one',
  });
}

/** Options of `readUnsigned`. */
export interface UnsignedOptions {
  readonly required?: boolean;
  readonly nonZero?: boolean;
  readonly max?: bigint | number;
  readonly base?: 0 | 10;
}

/** A whole number from 0 (or 1) to `max`, with libvirt's words for one that is not. Undefined when absent or refused. */
export function readUnsigned(context: ReadContext, element: XmlElement, name: string, options: UnsignedOptions = {}): number | undefined {
  const text = attribute(element, name);
  if (text === undefined) {
    if (options.required === true)
      missingAttribute(context, element, name, xmlError(`Missing required attribute '${name}' in element '${element.name}'`, FROM.xml));
    return undefined;
  }
  const value = parseUnsigned(text, options.max, options.base);
  const prefix = `Invalid value for attribute '${name}' in element '${element.name}': `;
  if (value === undefined) {
    badNumber(context, element, name, xmlError(`${prefix}'${text}'. Expected non-negative integer value`, FROM.xml));
    return undefined;
  }
  if (value === 0 && options.nonZero === true) {
    badNumber(context, element, name, xmlError(`${prefix}Zero is not permitted`, FROM.xml), 'a whole number from 1');
    return undefined;
  }
  return value;
}

/** Refuses an attribute that is no number of the kind asked for. */
export function badNumber(
  context: ReadContext,
  element: XmlElement,
  name: string,
  libvirt: LibvirtError | undefined,
  allowed = 'a whole number',
): void {
  const found = attribute(element, name) ?? '';
  refuse(context, element, {
    code: 'VNM011',
    message: `'${found}' is not ${allowed}`,
    attribute: name,
    found,
    allowed,
    hint: `write ${allowed}, in digits only`,
    libvirt,
  });
}

/** Refuses an element for lack of an attribute. */
export function missingAttribute(context: ReadContext, element: XmlElement, name: string, libvirt: LibvirtError): void {
  refuse(context, element, {
    code: 'VNM010',
    message: `<${element.name}> has no attribute '${name}'`,
    hint: `add ${name}='...'`,
    libvirt,
  });
}

/** An address as the model keeps it. */
export interface ReadIp {
  /** Canonical text. */
  readonly text: string;
  readonly family: Family;
  /** The number, worked out on demand by the caller through `ipValue`. */
}

const DOTTED_QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** An address in any numeric form that libvirt takes; short and octal forms are expanded with a warning. Refuses with `libvirt`. */
export function readIpAttribute(
  context: ReadContext,
  element: XmlElement,
  name: string,
  text: string,
  libvirt: LibvirtError,
): ReadIp | undefined {
  if (DOTTED_QUAD.test(text)) return { text, family: 'ipv4' };
  const ip = parseIpNumeric(text);
  if (!ip) {
    refuse(context, element, {
      code: 'VNM014',
      message: `'${text}' is no IP address`,
      attribute: name,
      found: text,
      allowed: 'an IPv4 or IPv6 address without prefix, port or name',
      hint: text.includes('/')
        ? "write the prefix length as an attribute of its own: prefix='...'"
        : 'write it like 192.168.122.1 or fd00::1',
      libvirt,
    });
    return undefined;
  }
  const canonical = formatIp(ip);
  if (ip.family === 'ipv4') {
    warn(context, element, {
      code: 'VNM015',
      message: `'${text}' is read as ${canonical}`,
      attribute: name,
      found: text,
      hint: `write ${canonical} (a short form fills the gap with zeros, a leading 0 means octal)`,
    });
  }
  return { text: canonical, family: ip.family };
}

/** The number of an address that a reader has accepted. */
export function ipValue(text: string): IpValue {
  const ip = parseIp(text);
  if (!ip) throw new TypeError(`not a canonical address: ${text}`);
  return ip;
}

/**
 * A MAC address as libvirt reads it: six groups of one or two hex digits with colons; after white space, or a
 * character beyond ASCII, anything may follow. Canonical form, or undefined.
 */
export function parseLibvirtMac(text: string): string | undefined {
  return parseMac(/^[^\s\x80-\uffff]*/.exec(text)?.[0] ?? '');
}

const CANONICAL_UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A uuid as libvirt reads it: 32 hex digits, dashes and blanks between pairs anywhere, white space around. Canonical form, or undefined. */
export function parseUuid(text: string): string | undefined {
  if (CANONICAL_UUID.test(text)) return text;
  const m = /^[ \t\n\v\f\r]*(?:-[- ]*)?((?:[0-9a-fA-F]{2}[- ]*){15}[0-9a-fA-F]{2})[ \t\n\v\f\r]*$/.exec(text);
  if (!m?.[1]) return undefined;
  const hex = m[1].replace(/[- ]/g, '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Refuses a line break or control character in a value that becomes part of a line of a file of dnsmasq. */
export function checkOneLine(context: ReadContext, element: XmlElement, name: string): void {
  const value = attribute(element, name);
  if (value === undefined || !/[\0-\x1f\x7f]/.test(value)) return;
  refuse(context, element, {
    code: 'VNM064',
    message: `${name} holds a line break or control character`,
    attribute: name,
    found: JSON.stringify(value),
    hint: 'write it on one line',
  });
}
