import { toRemoteError } from './convert-error.ts';
import { handlers } from './handlers/index.ts';
import type { Handler } from './handlers/handlers.ts';
import { Code, Domain } from './protocol/error-numbers.ts';
import type { Procedure, ProcedureName } from './protocol/procedures.ts';
import { procedureByNumber, procedures } from './protocol/procedures.ts';
import { error as errorCodec } from './protocol/structs.ts';
import type { UnsupportedProcedure } from './protocol/unsupported.ts';
import { unsupportedProcedures } from './protocol/unsupported.ts';
import { remoteError, rpcError } from './remote-error.ts';
import type { Session } from './session.ts';
import type { Codec } from './xdr/codec.ts';
import { XdrError } from './xdr/error.ts';
import { XdrReader } from './xdr/reader.ts';
import type { Packet } from './wire/packet.ts';
import { HEADER_LENGTH, MessageStatus, MessageType, PROGRAM_VERSION, REMOTE_PROGRAM, writePacket } from './wire/packet.ts';

/**
 * Carries out one call and gives its reply packet; never rejects but for an error that cannot be encoded. `argsAt` is the offset of the
 * arguments in the packet (they stand behind the count of file descriptors, where there is one).
 */
export async function dispatch(session: Session, packet: Packet, argsAt = HEADER_LENGTH): Promise<Buffer> {
  try {
    return await answer(session, packet, argsAt);
  } catch (failure) {
    return reply(packet, MessageStatus.error, errorCodec, toRemoteError(failure).toWire());
  }
}

/** True for the calls during which events wait, so that a client sees the reply to its own change first. */
export function isWrite(packet: Packet): boolean {
  const name = nameOf(packet);
  return name !== undefined && procedures[name].writes;
}

function nameOf(packet: Packet): ProcedureName | undefined {
  return packet.program === REMOTE_PROGRAM ? procedureByNumber.get(packet.procedure) : undefined;
}

async function answer(session: Session, packet: Packet, argsAt: number): Promise<Buffer> {
  const unsupported = packet.version === PROGRAM_VERSION ? unsupportedProcedures.get(packet.program) : undefined;
  // libvirt writes both numbers as signed.
  if (unsupported === undefined) throw rpcError(`Cannot find program ${packet.program | 0} version ${packet.version | 0}`);
  if (packet.status !== MessageStatus.ok) throw rpcError(`Unexpected message status ${packet.status}`);
  const name = nameOf(packet);
  if (name === undefined) throw noSuchProcedure(session, packet.procedure, unsupported.get(packet.procedure));
  const procedure: Procedure = procedures[name];
  const args = decode(procedure.args, packet, argsAt);
  checkAllowed(session, procedure, Domain.network);
  const handler = handlers[name] as Handler<ProcedureName> as (session: Session, args: unknown) => unknown;
  return encodeReply(packet, procedure.ret, await handler(session, args));
}

function noSuchProcedure(session: Session, number: number, known: UnsupportedProcedure | undefined): Error {
  if (known === undefined) return rpcError(`unknown procedure: ${number}`);
  checkAllowed(session, known, known.domain);
  return remoteError(Code.noSupport, known.domain, known.cFunction);
}

function checkAllowed(session: Session, procedure: Pick<UnsupportedProcedure, 'needs' | 'writes' | 'cFunction'>, domain: number): void {
  if (procedure.needs !== 'nothing' && !session.opened) {
    const what = procedure.needs === 'connection' ? 'hypervisor connection' : 'connection';
    throw remoteError(Code.internalError, Domain.rpc, `${what} not open`);
  }
  if (procedure.writes && session.readOnly) {
    throw remoteError(Code.operationDenied, domain, `read only access prevents ${procedure.cFunction}`);
  }
}

function decode<T>(codec: Codec<T>, packet: Packet, argsAt: number): T {
  try {
    return codec.decode(new XdrReader(packet.bytes, argsAt));
  } catch (failure) {
    throw failure instanceof XdrError ? rpcError('Unable to decode message payload') : failure;
  }
}

function encodeReply<T>(packet: Packet, codec: Codec<T>, value: T): Buffer {
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
