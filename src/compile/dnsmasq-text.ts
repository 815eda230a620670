import { utf8Length } from './device-name.ts';
import type { Report } from './report.ts';

/**
 * Bytes of a line, its end not counted: dnsmasq reads lines into a buffer of 1,025 bytes and takes what is left of a longer one as a
 * line of its own (option.c, read_file).
 */
const MAX_LINE = 1000;

/** What no line can carry: line ends and other control characters (a tab is written as an escape), halves of surrogate pairs. */
const UNWRITABLE = /[\x00-\x08\x0a-\x1f\x7f\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/u;

const PLAIN = /^[A-Za-z0-9._:/@%+=*()[\]{}<>~^!?;&|$`'-]*$/;

/**
 * The one quoting function of dnsmasq's files: a value as one argument of an option, whatever it holds. Inside quotation marks a
 * comma, a `#` and blanks lose their meaning, and `\"`, `\\` and `\t` are escapes. What cannot be written is left for `Lines.add` to refuse.
 */
export function dnsmasqWord(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&').replaceAll('\t', '\\t')}"`;
}

/**
 * Free text in which commas separate strings and quotation marks group, as in a TXT record's value that libvirt copies as it is.
 * A quotation mark without its partner is written as itself, and a `#` never starts a comment.
 */
export function dnsmasqText(value: string): string {
  const pieces = groupsOf(value);
  if (pieces === undefined) return value.split(',').map(dnsmasqWord).join(',');
  return pieces.map((piece) => (piece.startsWith('"') ? piece.replaceAll('\t', '\\t') : piece.replace(/[#\t]/g, dnsmasqWord))).join('');
}

/** The value cut into quoted groups and what is between them; undefined when a group does not end. */
function groupsOf(value: string): readonly string[] | undefined {
  const pieces = value.match(/"(?:\\["\\tnbre]|[^"\\]|\\(?!["\\tnbre]))*"|[^"]+/g) ?? [];
  return pieces.join('') === value ? pieces : undefined;
}

/** A file of dnsmasq in the making: each line remembers the element it comes from, and refuses what the format cannot express. */
export class Lines {
  readonly #lines: string[] = [];
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Adds a line that was found good before. */
  addGood(line: string): void {
    this.#lines.push(line);
  }

  /** Adds a line; one that dnsmasq would read as something else is refused with VNC008 at `path`. True when it was good. */
  add(line: string, path?: string): boolean {
    const problem = UNWRITABLE.test(line)
      ? 'holds a line break or another control character'
      : utf8Length(line) > MAX_LINE
        ? `makes a line of more than ${String(MAX_LINE)} bytes`
        : undefined;
    if (problem === undefined) {
      this.#lines.push(line);
      return true;
    }
    this.#report.error({
      code: 'VNC008',
      message: `the value ${problem}, which dnsmasq's files cannot carry`,
      ...(path !== undefined && { path }),
      found: printable(line),
      hint: 'shorten it, or write it as plain text on one line',
    });
    return false;
  }

  text(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`;
  }
}

/** A value cut short and with its control characters spelled out, for a message. */
function printable(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value).slice(1, -1);
}

/**
 * Names in host files stand between commas or blanks and have no quotation there: in the one of DHCP letters, digits, `.`, `-`, `_`, and what
 * is not ASCII; in the one of DNS all but blanks and a `#` (dnsmasq serves `*.apps` as that name).
 */
const BARE_NAMES = { dhcp: /^[A-Za-z0-9._\-\u{a1}-\u{10ffff}]+$/u, addn: /^[!"$-~\u{a1}-\u{10ffff}]+$/u } as const;

/** Bytes of one part of a name in DNS (RFC 1035, 2.3.4). dnsmasq ends at a longer one in its conf, and leaves out the line of a host file. */
const MAX_LABEL = 63;

/** Finds a name with a part that is longer than DNS carries (VNC008). True when it is none. */
export function checkLabels(name: string, path: string, report: Report): boolean {
  const long = name.split('.').find((label) => label.length > MAX_LABEL);
  if (long === undefined) return true;
  report.error({
    code: 'VNC008',
    message: `a part of the name '${printable(name)}' has ${String(long.length)} characters, and DNS carries ${String(MAX_LABEL)}`,
    path,
    found: printable(name),
    hint: 'shorten it, or divide it by "."',
  });
  return false;
}

/**
 * Finds a name that cannot stand in a host file (VNC008). In a dhcp-hostsfile also the words that dnsmasq takes for a lease time or
 * for an order to ignore the host.
 */
export function checkHostName(name: string, path: string, report: Report, file: 'dhcp' | 'addn'): boolean {
  const reserved = file === 'dhcp' && /^(?:ignore|infinite|\d+[smhdw]?)$/i.test(name);
  if (BARE_NAMES[file].test(name) && !reserved) return checkLabels(name, path, report);
  report.error({
    code: 'VNC008',
    message: reserved
      ? `host name '${name}' is a word of dnsmasq's own in this place`
      : `host name '${printable(name)}' holds a character that a host file cannot carry`,
    path,
    found: printable(name),
    hint: 'use letters, digits, "-" and "."',
  });
  return false;
}
