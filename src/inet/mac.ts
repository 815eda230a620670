/**
 * Reads a MAC address as libvirt does: six pairs of one or two hex digits with colons between them, upper or lower case.
 * Returns the canonical form (lower case, two digits); undefined when the text is not one.
 */
export function parseMac(text: string): string | undefined {
  if (isFullMac(text)) return text.toLowerCase();
  if (!/^[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}$/.test(text)) return undefined;
  const pairs = text.toLowerCase().split(':');
  return pairs.map((pair) => pair.padStart(2, '0')).join(':');
}

/** True for six pairs of two hex digits, upper or lower case. */
export function isFullMac(text: string): boolean {
  return /^(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(text);
}

/** True when the group bit of a canonical MAC address is set (IEEE 802). */
export function isMulticastMac(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** A MAC address in 52:54:00 (the prefix of QEMU and libvirt) from three bytes, 0-255 each. */
export function macFromBytes(a: number, b: number, c: number): string {
  return `52:54:00:${[a, b, c].map((n) => n.toString(16).padStart(2, '0')).join(':')}`;
}
