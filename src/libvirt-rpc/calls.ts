import { toRemoteError } from './convert-error.ts';
import { error as errorCodec } from './protocol/structs.ts';
import { rpcError } from './remote-error.ts';
import type { Session } from './session.ts';
import type { Codec } from './xdr/codec.ts';
import { XdrError } from './xdr/error.ts';
import { XdrReader } from './xdr/reader.ts';
import type { Packet } from './wire/packet.ts';
import { HEADER_LENGTH, MessageStatus, MessageType, writePacket } from './wire/packet.ts';

/** What the calls that come in on a socket mean: the programs that it serves. */
export interface Calls {
  /** True for the calls during which events wait, so that a client sees the reply to its own change first. */
  isWrite(packet: Packet): boolean;
  /** Carries a call out and gives its reply. Rejects with what the client is told; `argsAt` is as for `dispatch`. */
  answer(session: Session, packet: Packet, argsAt: number): Promise<Buffer>;
}

/**
 * Carries out one call and gives its reply packet; never rejects but for an error that cannot be encoded. `argsAt` is the offset of the
 * arguments in the packet (they stand behind the count of file descriptors, where there is one).
 */
export async function dispatch(calls: Calls, session: Session, packet: Packet, argsAt = HEADER_LENGTH): Promise<Buffer> {
  try {
    return await calls.answer(session, packet, argsAt);
  } catch (failure) {
    return reply(packet, MessageStatus.error, errorCodec, toRemoteError(failure).toWire());
  }
}

/** @throws RemoteError for what is no call of a program that this socket serves. */
export function checkCall(packet: Packet, isServed: boolean): void {
  // libvirt writes both numbers as signed.
  if (!isServed) throw rpcError(`Cannot find program ${packet.program | 0} version ${packet.version | 0}`);
  if (packet.status !== MessageStatus.ok) throw rpcError(`Unexpected message status ${packet.status}`);
}

/** The arguments of a call. */
export function decode<T>(codec: Codec<T>, packet: Packet, argsAt: number): T {
  try {
    return codec.decode(new XdrReader(packet.bytes, argsAt));
  } catch (failure) {
    throw failure instanceof XdrError ? rpcError('Unable to decode message payload') : failure;
  }
}

/** The reply to a call that was carried out. */
export function encodeReply<T>(packet: Packet, codec: Codec<T>, value: T): Buffer {
  try {
    return reply(packet, MessageStatus.ok, codec, value);
  } catch (failure) {
    throw failure instanceof XdrError ? rpcError('Unable to encode message payload') : failure;
  }
}

function reply<T>(call: Packet, status: number, codec: Codec<T>, value: T): Buffer {
  const { program, version, procedure, serial } = call;
  return writePacket({ program, version, procedure, type: MessageType.reply, serial, status }, codec, value);
}
