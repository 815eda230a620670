import type { Family, Subnet } from '../inet/index.ts';
import { formatIp, network as subnetNetwork, formatSubnet } from '../inet/index.ts';

/** The namespace of `<forwards>` in a document's `<metadata>`. */
export const FORWARDS_NAMESPACE = 'urn:virtnet:forwards';

/** More than these of one network are refused: each is compared with each. */
export const MOST_FORWARDS = 1024;

/** Protocols that have ports (and that the kernel translates by them). */
export const PROTOCOLS = ['tcp', 'udp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * What comes to these ports of the host goes to a guest, for one family of addresses: a `<forward>` whose guest has addresses of both
 * families is two of them.
 */
export interface PortForward {
  readonly family: Family;
  readonly proto: Protocol;
  /** The one address of the host that is listened on, canonical; absent: all of this family that others reach it by. */
  readonly address?: string;
  /** The first port, 1 to 65535. */
  readonly port: number;
  /** The last port: `port` itself for a single one. */
  readonly end: number;
  /** The guest as the document names it: a name, a MAC address or an address. */
  readonly to: string;
  /** The guest's address, canonical. */
  readonly target: string;
  /** The guest's port; absent: the one that was asked for. Never beside a range. */
  readonly toPort?: number;
  /** Who may: host bits cleared, all of this family. Absent: everybody. */
  readonly sources?: readonly Subnet[];
}

/** The guest's first and last port. */
export function targetPorts({ port, end, toPort }: PortForward): { readonly first: number; readonly last: number } {
  return toPort === undefined ? { first: port, last: end } : { first: toPort, last: toPort };
}

/** True when a packet could be meant by both. */
export function claimSame(a: PortForward, b: PortForward): boolean {
  return (
    a.proto === b.proto &&
    a.port <= b.end &&
    b.port <= a.end &&
    a.family === b.family &&
    (a.address === undefined || b.address === undefined || a.address === b.address)
  );
}

/** What is listened on, for people: `tcp 8080-8089`, `udp 203.0.113.1:53`, `tcp [2001:db8::1]:80`. */
export function formatListen({ proto, family, address, port, end }: PortForward): string {
  const ports = port === end ? String(port) : `${String(port)}-${String(end)}`;
  return address === undefined ? `${proto} ${ports}` : `${proto} ${family === 'ipv6' ? `[${address}]` : address}:${ports}`;
}

/** Where it leads, for people: `192.168.122.10:80 (web)`. */
export function formatTarget(forward: PortForward): string {
  const { family, target, toPort, to } = forward;
  const address = family === 'ipv6' && toPort !== undefined ? `[${target}]` : target;
  return `${address}${toPort === undefined ? '' : `:${String(toPort)}`}${to === target ? '' : ` (${to})`}`;
}

/** A source as it is written and matched: a host without prefix length. */
export function formatSource(source: Subnet): string {
  const whole = source.prefix === (source.family === 'ipv4' ? 32 : 128);
  return whole ? formatIp(source) : formatSubnet(subnetNetwork(source));
}
