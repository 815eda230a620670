import { libvirtHelperSays, type Finding } from './report.ts';

/** IFNAMSIZ of linux/if.h less the closing NUL. */
const MAX_BYTES = 15;

/** Refused by the kernel's dev_valid_name (blank, `/`, `:`) and dev_alloc_name (`%`); the names of sysctl folders for all devices. */
const KERNEL_REFUSES = /[\s/:%\x00-\x1f\x7f]/u;
const RESERVED: ReadonlySet<string> = new Set(['', '.', '..', 'all', 'default']);

/** Letters that mean something else in nft's strings or in dnsmasq's lists, where neither has an escape that all versions read. */
const WRITERS_REFUSE = /["\\*,#\x80-\x9f\ud800-\udfff]/u;

/** Why no bridge or port device can have this name; undefined when it can. */
export function deviceNameProblem(name: string): string | undefined {
  if (utf8Length(name) > MAX_BYTES) return `is longer than ${String(MAX_BYTES)} bytes`;
  if (RESERVED.has(name)) return 'is reserved';
  if (KERNEL_REFUSES.test(name)) return 'holds a character that the kernel refuses';
  if (WRITERS_REFUSE.test(name)) return 'holds a character that means something else to nftables or dnsmasq';
  return undefined;
}

/** The finding for a bridge name that no device can have (VNC007); undefined for a good one. */
export function checkBridgeName(name: string): Finding | undefined {
  const problem = deviceNameProblem(name);
  if (problem === undefined) return undefined;
  const words = utf8Length(name) > MAX_BYTES ? 'Numerical result out of range' : 'Invalid argument';
  return {
    code: 'VNC007',
    message: `bridge name '${name}' ${problem}`,
    path: '/network/bridge/@name',
    found: name,
    hint: 'use up to 15 letters, digits, "-", "_" or "."',
    libvirt: libvirtHelperSays(38, `error creating bridge interface ${name}: ${words}`),
  };
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
