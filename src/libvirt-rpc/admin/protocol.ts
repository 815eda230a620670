import { STRING_MAX } from '../protocol/limits.ts';
import { parameter, text } from '../protocol/structs.ts';
import type { Codec, Decoded } from '../xdr/codec.ts';
import { i64, list, nothing, optional, string, struct, u32, u64 } from '../xdr/codec.ts';

/**
 * The admin program: what `virt-admin` asks of a daemon about the daemon itself. Numbers and shapes are those of libvirt's
 * src/admin/admin_protocol.x; seen in the answers of libvirtd 11.3.0.
 */

const SERVER_LIST_MAX = 16_384;
const CLIENT_LIST_MAX = 16_384;
const THREADPOOL_PARAMETERS_MAX = 32;
const CLIENT_INFO_PARAMETERS_MAX = 64;
const CLIENT_LIMITS_MAX = 32;

/** `admin_nonnull_server`. */
const server = struct({ name: text });

/** `admin_nonnull_client`. The id and the server's name identify; the rest tells. */
const client = struct({
  server,
  id: u64,
  /** Seconds since the epoch. */
  since: i64,
  /** `virClientTransport`: 0 is a unix socket. */
  transport: u32,
});
export type WireClient = Decoded<typeof client>;

const flags = struct({ flags: u32 });
const ofServer = struct({ server, flags: u32 });
const ofClient = struct({ client, flags: u32 });
const setting = struct({ value: optional(string(STRING_MAX)), flags: u32 });

/** One procedure of the admin program. */
export interface AdminProcedure<A = unknown, R = unknown> {
  readonly number: number;
  /** libvirt's C function, as refusals of flags name it; its flags beside 0. Absent where no flag is looked at. */
  readonly flagsOf?: readonly [cFunction: string, known: number];
  readonly args: Codec<A>;
  readonly ret: Codec<R>;
}

function procedure<A, R>(number: number, args: Codec<A>, ret: Codec<R>, cFunction?: string, known = 0): AdminProcedure<A, R> {
  return { number, args, ret, ...(cFunction === undefined ? {} : { flagsOf: [cFunction, known] }) };
}

export const adminProcedures = {
  connectOpen: procedure(1, flags, nothing, 'adminDispatchConnectOpen'),
  connectClose: procedure(2, nothing, nothing),
  connectGetLibVersion: procedure(3, nothing, u64),
  connectListServers: procedure(
    4,
    struct({ needResults: u32, flags: u32 }),
    struct({ servers: list(server, SERVER_LIST_MAX), count: u32 }),
    'adminConnectListServers',
  ),
  connectLookupServer: procedure(5, struct({ name: text, flags: u32 }), server),
  serverGetThreadpoolParameters: procedure(6, ofServer, list(parameter, THREADPOOL_PARAMETERS_MAX), 'adminServerGetThreadPoolParameters'),
  serverSetThreadpoolParameters: procedure(
    7,
    struct({ server, parameters: list(parameter, THREADPOOL_PARAMETERS_MAX), flags: u32 }),
    nothing,
    'adminServerSetThreadPoolParameters',
  ),
  serverListClients: procedure(
    8,
    struct({ server, needResults: u32, flags: u32 }),
    struct({ clients: list(client, CLIENT_LIST_MAX), count: u32 }),
    'adminServerListClients',
  ),
  serverLookupClient: procedure(9, struct({ server, id: u64, flags: u32 }), client, 'adminServerLookupClient'),
  clientGetInfo: procedure(10, ofClient, list(parameter, CLIENT_INFO_PARAMETERS_MAX), 'adminClientGetInfo'),
  clientClose: procedure(11, ofClient, nothing, 'adminClientClose'),
  serverGetClientLimits: procedure(12, ofServer, list(parameter, CLIENT_LIMITS_MAX), 'adminServerGetClientLimits'),
  serverSetClientLimits: procedure(
    13,
    struct({ server, parameters: list(parameter, CLIENT_LIMITS_MAX), flags: u32 }),
    nothing,
    'adminServerSetClientLimits',
  ),
  connectGetLoggingOutputs: procedure(14, flags, struct({ outputs: text, count: u32 }), 'adminConnectGetLoggingOutputs'),
  connectGetLoggingFilters: procedure(15, flags, struct({ filters: optional(text), count: u32 }), 'adminConnectGetLoggingFilters'),
  connectSetLoggingOutputs: procedure(16, setting, nothing, 'adminConnectSetLoggingOutputs'),
  connectSetLoggingFilters: procedure(17, setting, nothing, 'adminConnectSetLoggingFilters'),
  serverUpdateTlsFiles: procedure(18, ofServer, nothing, 'adminServerUpdateTlsFiles'),
  connectSetDaemonTimeout: procedure(19, struct({ timeout: u32, flags: u32 }), nothing, 'adminConnectSetDaemonTimeout'),
  // VIR_DAEMON_SHUTDOWN_PRESERVE is about domains: networks are preserved always.
  connectDaemonShutdown: procedure(20, flags, nothing, 'adminConnectDaemonShutdown', 1),
} as const satisfies Readonly<Record<string, AdminProcedure>>;

export type AdminProcedureName = keyof typeof adminProcedures;
export type AdminArgs<K extends AdminProcedureName> = (typeof adminProcedures)[K] extends AdminProcedure<infer A, infer _R> ? A : never;
export type AdminReturn<K extends AdminProcedureName> = (typeof adminProcedures)[K] extends AdminProcedure<infer _A, infer R> ? R : never;
