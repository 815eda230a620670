import { parseIp } from '../../inet/ip.ts';

/** The 4 or 16 bytes of an address in network order; four zeros for what is none. */
export function addressBytes(text: string): readonly number[] {
  const ip = parseIp(text);
  const length = ip?.family === 'ipv6' ? 16 : 4;
  return Array.from({ length }, (_, i) => Number(((ip?.value ?? 0n) >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
