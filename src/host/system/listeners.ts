import { readFileSync } from 'node:fs';
import { formatIp, type Family } from '../../inet/index.ts';

/** A socket of a program of this host that waits for others: TCP that listens, UDP without a peer. */
export interface Listener {
  readonly proto: 'tcp' | 'udp';
  readonly family: Family;
  /** Canonical; absent: every address (under IPv6 of both families, unless the program wants IPv6 only, which is not to be seen). */
  readonly address?: string;
  readonly port: number;
}

const FILES = [
  ['tcp', 'ipv4', 'tcp'],
  ['tcp', 'ipv6', 'tcp6'],
  ['udp', 'ipv4', 'udp'],
  ['udp', 'ipv6', 'udp6'],
] as const;

/** The kernel's numbers of the states that wait (net/tcp_states.h): TCP_LISTEN; an unconnected UDP socket is in TCP_CLOSE. */
const WAITS = { tcp: '0A', udp: '07' } as const;

/** Who listens in this network namespace (proc(5): /proc/net/tcp and its like). A table that cannot be read is empty. */
export function readListeners(proc: string): readonly Listener[] {
  return FILES.flatMap(([proto, family, file]) => parseListeners(read(`${proc}/net/${file}`), proto, family));
}

/** Reads one table: an entry a line, `SLOT: ADDRESS:PORT PEER:PORT STATE ...` in hex. */
export function parseListeners(text: string, proto: Listener['proto'], family: Family): readonly Listener[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): readonly Listener[] => {
      const [, address = '', , state] = line.trim().split(/\s+/);
      const [hex = '', port = ''] = address.split(':');
      if (state !== WAITS[proto]) return [];
      const value = addressOf(hex);
      return [{ proto, family, port: parseInt(port, 16), ...(value !== 0n && { address: formatIp({ family, value }) }) }];
    });
}

/** The kernel prints an address as 32-bit numbers of the machine's own byte order, which is little-endian wherever Node runs but on s390x. */
function addressOf(hex: string): bigint {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = word.match(/../g) ?? [];
    return isLittleEndian ? four.reverse() : four;
  });
  return BigInt(`0x${bytes.join('') || '0'}`);
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
