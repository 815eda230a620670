import type { Codec, Decoded } from '../xdr/codec.ts';
import { i32, i64, mapped, opaque, optional, string, struct, u32 } from '../xdr/codec.ts';
import { typedParameter } from '../xdr/typed-parameter.ts';
import { STRING_MAX } from './limits.ts';

/** Structures that several procedures share; libvirt's names are in the comments. */

export const text: Codec<string> = string(STRING_MAX);

/** Sixteen raw bytes on the wire, `8-4-4-4-12` lower-case hex here. */
export const uuid: Codec<string> = mapped(opaque(16), uuidText, uuidBytes);

/** `remote_nonnull_network`. The uuid identifies; the name is only for messages. */
export const network = struct({ name: text, uuid });
export type NetworkHandle = Decoded<typeof network>;

/** `remote_nonnull_network_port`. */
export const port = struct({ network, uuid });
export type PortHandle = Decoded<typeof port>;

/** `remote_network_dhcp_lease`. */
export const lease = struct({
  interface: text,
  /** Seconds since the epoch, 0 for no end. */
  expiryTime: i64,
  /** 0 IPv4, 1 IPv6. */
  type: i32,
  mac: optional(text),
  iaid: optional(text),
  ipAddress: text,
  prefix: u32,
  hostname: optional(text),
  clientId: optional(text),
});
export type WireLease = Decoded<typeof lease>;

export const parameter = typedParameter(STRING_MAX);

/** `remote_error`. The domain, the network and the third string are never set by a network daemon, but are part of the wire. */
export const error = struct({
  code: i32,
  domain: i32,
  message: optional(text),
  level: i32,
  guest: optional(struct({ name: text, uuid, id: i32 })),
  str1: optional(text),
  str2: optional(text),
  str3: optional(text),
  int1: i32,
  int2: i32,
  network: optional(network),
});
export type WireError = Decoded<typeof error>;

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function uuidBytes(value: string): Uint8Array {
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}
