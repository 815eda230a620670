import type { Calls } from './calls.ts';
import { checkCall, decode, encodeReply } from './calls.ts';
import { handlers } from './handlers/index.ts';
import type { Handler } from './handlers/handlers.ts';
import { Code, Domain } from './protocol/error-numbers.ts';
import type { Procedure, ProcedureName } from './protocol/procedures.ts';
import { procedureByNumber, procedures } from './protocol/procedures.ts';
import type { UnsupportedProcedure } from './protocol/unsupported.ts';
import { unsupportedProcedures } from './protocol/unsupported.ts';
import { remoteError, rpcError } from './remote-error.ts';
import type { Session } from './session.ts';
import type { Packet } from './wire/packet.ts';
import { PROGRAM_VERSION, REMOTE_PROGRAM } from './wire/packet.ts';

/** libvirt's remote program, and those beside it of which nothing is supported. */
export const remoteCalls: Calls = {
  isWrite: (packet) => {
    const name = nameOf(packet);
    return name !== undefined && procedures[name].writes;
  },
  answer,
};

function nameOf(packet: Packet): ProcedureName | undefined {
  return packet.program === REMOTE_PROGRAM ? procedureByNumber.get(packet.procedure) : undefined;
}

async function answer(session: Session, packet: Packet, argsAt: number): Promise<Buffer> {
  const unsupported = packet.version === PROGRAM_VERSION ? unsupportedProcedures.get(packet.program) : undefined;
  checkCall(packet, unsupported !== undefined);
  const name = nameOf(packet);
  if (name === undefined) throw noSuchProcedure(session, packet.procedure, unsupported?.get(packet.procedure));
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
