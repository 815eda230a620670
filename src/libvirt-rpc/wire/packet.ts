import type { Codec } from '../xdr/codec.ts';
import { XdrWriter } from '../xdr/writer.ts';

/**
 * libvirt's packet: a length word that counts itself, six header words, the payload. All words are big-endian.
 * Source: libvirt's src/rpc/virnetprotocol.x; measured in traffic of 9.0.0 and 11.3.0.
 */

/** Length word and header, bytes. */
export const HEADER_LENGTH = 28;
/** The longest packet, length word included: 32 MiB of message and the word. */
export const MAXIMUM_PACKET = 33_554_436;

/** Program numbers. All speak version 1. */
export const REMOTE_PROGRAM = 0x20008086;
export const QEMU_PROGRAM = 0x20008087;
export const ADMIN_PROGRAM = 0x06900690;
export const KEEPALIVE_PROGRAM = 0x6b656570;
export const PROGRAM_VERSION = 1;

/** `virNetMessageType`. */
export const MessageType = { call: 0, reply: 1, message: 2, stream: 3, callWithFds: 4, replyWithFds: 5 } as const;
/** `virNetMessageStatus`. */
export const MessageStatus = { ok: 0, error: 1, continue: 2 } as const;

/** The header words after the length. */
export interface PacketHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

/** One whole packet; the payload is `bytes` from `HEADER_LENGTH` on. */
export interface Packet extends PacketHeader {
  readonly bytes: Buffer;
}

/** Reads the header of a whole packet of at least `HEADER_LENGTH` bytes. */
export function readPacket(bytes: Buffer): Packet {
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    bytes,
  };
}

/** A packet with this header and the value as its payload. Throws `XdrError` when the value does not fit its type. */
export function writePacket<T>(header: PacketHeader, codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter(HEADER_LENGTH);
  codec.encode(writer, value);
  const bytes = writer.finish();
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(header.program, 4);
  bytes.writeUInt32BE(header.version, 8);
  bytes.writeInt32BE(header.procedure, 12);
  bytes.writeInt32BE(header.type, 16);
  bytes.writeUInt32BE(header.serial, 20);
  bytes.writeInt32BE(header.status, 24);
  return bytes;
}
