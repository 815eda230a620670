import type { Calls } from '../calls.ts';
import { checkCall, decode, encodeReply } from '../calls.ts';
import { checkFlags } from '../handlers/flags.ts';
import { Domain } from '../protocol/error-numbers.ts';
import { rpcError } from '../remote-error.ts';
import type { Session } from '../session.ts';
import { ADMIN_PROGRAM, PROGRAM_VERSION } from '../wire/packet.ts';
import { adminHandlers, checkNames } from './handlers.ts';
import type { AdminProcedure, AdminProcedureName } from './protocol.ts';
import { adminProcedures } from './protocol.ts';
import type { AdminService } from './service.ts';

const byNumber: ReadonlyMap<number, AdminProcedureName> = new Map(
  (Object.keys(adminProcedures) as AdminProcedureName[]).map((name) => [adminProcedures[name].number, name]),
);

type AnyHandler = (service: AdminService, args: unknown, session: Session) => unknown;

/** The admin program, on a socket of its own. */
export function adminCalls(service: AdminService): Calls {
  return {
    isWrite: () => false,
    answer: async (session, packet, argsAt) => {
      checkCall(packet, packet.program === ADMIN_PROGRAM && packet.version === PROGRAM_VERSION);
      const name = byNumber.get(packet.procedure);
      if (name === undefined) throw rpcError(`unknown procedure: ${packet.procedure}`);
      const procedure: AdminProcedure = adminProcedures[name];
      const args = decode(procedure.args, packet, argsAt);
      if (typeof args === 'object' && args !== null) checkNames(service, name, args);
      const [cFunction, known] = procedure.flagsOf ?? [];
      if (cFunction !== undefined) checkFlags((args as { flags: number }).flags, known ?? 0, cFunction, Domain.admin);
      return encodeReply(packet, procedure.ret, await (adminHandlers[name] as AnyHandler)(service, args, session));
    },
  };
}
