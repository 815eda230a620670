import { formatIp, parseIp } from '../../inet/index.ts';
import type { LeaseRecord } from './leases.ts';
import type { DumpedMessage } from './packet-dump.ts';

/** A lease as an answer of the server gives it. */
export type GivenLease = Omit<LeaseRecord, 'interface'> & {
  /** Seconds since the epoch when the answer was made. */
  readonly at: number;
  /** DHCPv6: the server's own identifier. */
  readonly serverDuid?: string;
};

/** What a message says has become of a lease: the server's answer gives it, the client gives it back or declines it. */
export type LeaseEvent =
  { readonly type: 'given'; readonly lease: GivenLease } | { readonly type: 'ended'; readonly ip: string; readonly client: string };

/** Whose a lease is: dnsmasq knows a DHCPv4 client by its client id, or else by its MAC, and a DHCPv6 client by its DUID and association. */
export function clientOf(lease: Pick<LeaseRecord, 'family' | 'iaid' | 'clientId' | 'mac'>): string {
  return lease.family === 'ipv4' ? (lease.clientId ?? lease.mac ?? '') : `${lease.iaid ?? ''} ${lease.clientId ?? ''}`;
}

const DHCP_SERVER = 67;
const DHCP6_SERVER = 547;

/** What the messages of a DHCP server say of its leases, in order: RFC 2131 and 2132, RFC 8415. Anything else is passed over. */
export function* leaseEvents(messages: Iterable<DumpedMessage>): Generator<LeaseEvent> {
  /** DHCPv4: client ids by what a request and its answer share; the answer need not carry one. */
  const clientIds = new Map<string, string>();
  for (const message of messages) {
    if (message.fromPort === DHCP_SERVER || message.toPort === DHCP_SERVER) yield* dhcp4(message, clientIds);
    else if (message.fromPort === DHCP6_SERVER || message.toPort === DHCP6_SERVER) yield* dhcp6(message.payload, message);
  }
}

/** Seconds that stand for a lease without end, in both protocols. */
const FOR_EVER = 0xffffffff;

function expiryOf(at: number, seconds: number): number {
  return seconds === FOR_EVER ? 0 : at + seconds;
}

const FIXED_PART = 236;
const COOKIE = 0x63825363;
const REQUEST = 3;
const DECLINE = 4;
const ACK = 5;
const RELEASE = 7;

function* dhcp4({ payload, seconds }: DumpedMessage, clientIds: Map<string, string>): Generator<LeaseEvent> {
  if (payload.length < FIXED_PART + 4 || payload.readUInt32BE(FIXED_PART) !== COOKIE) return;
  const options = options4(payload.subarray(FIXED_PART + 4));
  const type = options.get(53)?.[0];
  if (type !== REQUEST && type !== DECLINE && type !== ACK && type !== RELEASE) return;
  const mac = hardwareAddress(payload);
  const exchange = `${String(payload.readUInt32BE(4))} ${mac}`;
  const own = options.get(61);
  if (type === REQUEST) {
    if (own) clientIds.set(exchange, hex(own));
    return;
  }
  const clientId = own ? hex(own) : clientIds.get(exchange);
  const identity = { family: 'ipv4' as const, mac, ...(clientId === undefined ? {} : { clientId }) };
  if (type !== ACK) {
    const given = type === RELEASE ? payload.subarray(12, 16) : options.get(50);
    if (given?.length === 4) yield { type: 'ended', ip: given.join('.'), client: clientOf(identity) };
    return;
  }
  const time = options.get(51);
  // An answer to DHCPINFORM gives no lease, and no time with it.
  if (time?.length !== 4) return;
  const ip = payload.subarray(16, 20).join('.');
  const expiry = expiryOf(seconds, time.readUInt32BE(0));
  yield { type: 'given', lease: { ...identity, ip, at: seconds, expiry, ...named(options.get(12)?.toString('latin1')) } };
}

/** chaddr as dnsmasq writes it: the type of the hardware before it where that is not Ethernet. */
function hardwareAddress(message: Buffer): string {
  const [, type = 0, length = 0] = message;
  const address = hex(message.subarray(28, 28 + Math.min(length, 16)));
  return type === 1 && length !== 0 ? address : `${hex(Buffer.of(type))}-${address}`;
}

function options4(text: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < text.length;) {
    const code = text[at++];
    if (code === undefined || code === 255) break;
    if (code === 0) continue;
    const length = text[at++] ?? 0;
    found.set(code, text.subarray(at, at + length));
    at += length;
  }
  return found;
}

const REPLY = 7;
const RELEASE_6 = 8;
const DECLINE_6 = 9;
const RELAY_FORW = 12;
const RELAY_REPL = 13;
const CLIENT_ID = 1;
const SERVER_ID = 2;
const IA_NA = 3;
const IA_TA = 4;
const IA_ADDRESS = 5;
const RELAYED = 9;
const FQDN = 39;

function* dhcp6(message: Buffer, outer: DumpedMessage): Generator<LeaseEvent> {
  const type = message[0];
  if (type === RELAY_FORW || type === RELAY_REPL) {
    // A hop count, the link's address and the peer's; each layer is shorter than the one around it.
    for (const [code, value] of options6(message.subarray(34))) if (code === RELAYED) yield* dhcp6(value, outer);
    return;
  }
  if (type !== REPLY && type !== RELEASE_6 && type !== DECLINE_6) return;
  const options = [...options6(message.subarray(4))];
  const value = (wanted: number): Buffer | undefined => options.find(([code]) => code === wanted)?.[1];
  const duid = value(CLIENT_ID);
  if (duid === undefined) return;
  const clientId = hex(duid);
  const server = value(SERVER_ID);
  const mac = macOf(duid, outer.to);
  for (const [code, association] of options) {
    if ((code !== IA_NA && code !== IA_TA) || association.length < 4) continue;
    const iaid = `${code === IA_TA ? 'T' : ''}${String(association.readUInt32BE(0))}`;
    const identity = { family: 'ipv6' as const, iaid, clientId };
    for (const [inner, address] of options6(association.subarray(code === IA_TA ? 4 : 12))) {
      if (inner !== IA_ADDRESS || address.length < 24) continue;
      const ip = address6(address.subarray(0, 16));
      const valid = address.readUInt32BE(20);
      if (type !== REPLY) yield { type: 'ended', ip, client: clientOf(identity) };
      else if (valid > 0) {
        const lease = { ...identity, ip, at: outer.seconds, expiry: expiryOf(outer.seconds, valid), ...named(domainName(value(FQDN))) };
        yield {
          type: 'given',
          lease: { ...lease, ...(mac === undefined ? {} : { mac }), ...(server === undefined ? {} : { serverDuid: hex(server) }) },
        };
      }
    }
  }
}

function* options6(text: Buffer): Generator<readonly [number, Buffer]> {
  for (let at = 0; at + 4 <= text.length;) {
    const length = text.readUInt16BE(at + 2);
    yield [text.readUInt16BE(at), text.subarray(at + 4, at + 4 + length)];
    at += 4 + length;
  }
}

/**
 * A DHCPv6 client's MAC, which dnsmasq asks the kernel's neighbour table for: from its link-local address where that is made of it
 * (RFC 4291, appendix A), else from a DUID that is made of one (RFC 8415, 11.2 and 11.4); undefined where neither is.
 */
function macOf(duid: Buffer, to: Buffer): string | undefined {
  if (to.length === 16 && to.readUInt16BE(0) === 0xfe80 && to[11] === 0xff && to[12] === 0xfe) {
    return hex(Buffer.of((to[8] ?? 0) ^ 2, ...to.subarray(9, 11), ...to.subarray(13)));
  }
  const kind = duid.length >= 4 && duid.readUInt16BE(2) === 1 ? duid.readUInt16BE(0) : 0;
  if (kind === 1 && duid.length === 14) return hex(duid.subarray(8));
  return kind === 3 && duid.length === 10 ? hex(duid.subarray(4)) : undefined;
}

function address6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
  const value = parseIp(groups);
  return value ? formatIp(value) : groups;
}

/** The name of a Client FQDN option (RFC 4704): flags, then labels with their lengths. */
function domainName(option: Buffer | undefined): string | undefined {
  const length = option?.[1];
  return length === undefined ? undefined : option?.subarray(2, 2 + length).toString('latin1');
}

/** The host's own name without its domain, as dnsmasq's script is told it; none where it has a character that no host name has. */
function named(name: string | undefined): { readonly hostname?: string } {
  const hostname = /^[\w-]+(?=\.|$)/.exec(name ?? '')?.[0];
  return hostname === undefined ? {} : { hostname };
}

function hex(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
