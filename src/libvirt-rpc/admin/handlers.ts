import type { Client } from '../client.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import type { RpcServer } from '../server.ts';
import type { Session } from '../session.ts';
import type { TypedParameter } from '../xdr/typed-parameter.ts';
import { checkFilters, priorityOfOutputs } from './log-settings.ts';
import type { AdminArgs, AdminProcedureName, AdminReturn, WireClient } from './protocol.ts';
import type { AdminService } from './service.ts';

type Result<T> = T | Promise<T>;

export type AdminHandlers = {
  readonly [K in AdminProcedureName]: (service: AdminService, args: AdminArgs<K>, session: Session) => Result<AdminReturn<K>>;
};

/** `VIR_CLIENT_TRANS_UNIX`. */
const UNIX = 0;
/** Milliseconds that who ended the daemon has to take leave: a client that writes to a socket that is gone ends by SIGPIPE. */
const PARTING_MS = 500;
/** What runs the calls of all connections. */
const WORKERS = 1;

export const adminHandlers: AdminHandlers = {
  connectOpen: () => undefined,
  connectClose: (_service, _args, session) => session.closeAfterReply(),
  connectGetLibVersion: ({ libvirtVersion }) => BigInt(libvirtVersion),
  connectListServers: ({ servers }, { needResults }) => ({
    servers: needResults === 0 ? [] : [...servers.keys()].map((name) => ({ name })),
    count: servers.size,
  }),
  connectLookupServer: (service, { name }) => {
    serverOf(service, { name });
    return { name };
  },
  serverGetThreadpoolParameters: (service, { server }) => {
    const { running, waiting } = serverOf(service, server).status;
    return uints({
      minWorkers: WORKERS,
      maxWorkers: WORKERS,
      nWorkers: WORKERS,
      freeWorkers: running > 0 ? 0 : WORKERS,
      prioWorkers: 0,
      jobQueueDepth: waiting,
    });
  },
  serverSetThreadpoolParameters: (_service, { parameters }) => {
    const given = checked(parameters, ['minWorkers', 'maxWorkers', 'prioWorkers']);
    if (given.size > 0) throw unsupported('virtnetd has no pool of workers: one thread carries out all calls');
  },
  serverListClients: (service, { server, needResults }) => {
    const { clients } = serverOf(service, server);
    return { clients: needResults === 0 ? [] : clients.map((client) => wireClient(server, client)), count: clients.length };
  },
  serverLookupClient: (service, { server, id }) => wireClient(server, clientOf(service, server, id)),
  clientGetInfo: async (service, { client: { server, id } }) => infoOf(service, clientOf(service, server, id)),
  clientClose: (service, { client: { server, id } }) => clientOf(service, server, id).drop('closed by an administrator'),
  serverGetClientLimits: (service, { server }) => {
    const found = serverOf(service, server);
    return uints({
      nclients_max: found.clientsMax,
      nclients: found.status.clients,
      nclients_unauth_max: found.unauthenticatedMax,
      nclients_unauth: 0,
    });
  },
  serverSetClientLimits: (service, { server, parameters }) => {
    const found = serverOf(service, server);
    const given = checked(parameters, ['nclients_max', 'nclients_unauth_max']);
    const clientsMax = given.get('nclients_max') ?? found.clientsMax;
    const unauthenticatedMax = given.get('nclients_unauth_max') ?? found.unauthenticatedMax;
    if (clientsMax < unauthenticatedMax) {
      const detail = 'The overall maximum number of clients must not be less than the number of clients waiting for authentication';
      throw remoteError(Code.invalidArg, Domain.rpc, detail);
    }
    found.clientsMax = clientsMax;
    found.unauthenticatedMax = unauthenticatedMax;
  },
  connectGetLoggingOutputs: ({ log }) => ({ outputs: `${log.priority}:${log.destinations[0]}`, count: 1 }),
  connectGetLoggingFilters: () => ({ filters: undefined, count: 0 }),
  connectSetLoggingOutputs: ({ log }, { value }) => {
    log.priority = priorityOfOutputs(value, log);
  },
  connectSetLoggingFilters: (_service, { value }) => checkFilters(value),
  serverUpdateTlsFiles: () => {
    throw remoteError(Code.internalError, Domain.rpc, 'no tls service found, unable to update tls files');
  },
  connectSetDaemonTimeout: (_service, { timeout }) => {
    if (timeout !== 0) throw unsupported('virtnetd does not end by itself: it looks after the networks that run');
  },
  connectDaemonShutdown: ({ shutdown }, _args, session) => {
    session.onClose(shutdown);
    setTimeout(shutdown, PARTING_MS).unref();
  },
};

/** Procedures whose failed lookups libvirt tells in other words than those of the rest. */
const othersWords: ReadonlySet<AdminProcedureName> = new Set(['clientGetInfo', 'serverSetThreadpoolParameters', 'serverSetClientLimits']);

/** Finds the server and the client that a call names; libvirt looks for them before it looks at flags. @throws RemoteError where there is none. */
export function checkNames(service: AdminService, procedure: AdminProcedureName, args: object): void {
  const client = 'client' in args ? (args.client as WireClient) : undefined;
  const server = 'server' in args ? (args.server as WireClient['server']) : client?.server;
  if (server === undefined) return;
  const isOther = othersWords.has(procedure);
  const found = service.servers.get(server.name);
  if (found === undefined && isOther) throw remoteError(Code.noServer, Domain.admin, `no server with matching name '${server.name}' found`);
  if (client === undefined) serverOf(service, server);
  else if (isOther && found?.clients.some((c) => BigInt(c.id) === client.id) !== true)
    throw remoteError(Code.noClient, Domain.admin, `no client with matching id '${client.id}' found`);
  else clientOf(service, server, client.id);
}

function serverOf({ servers }: AdminService, { name }: { readonly name: string }): RpcServer {
  const server = servers.get(name);
  if (server === undefined) throw remoteError(Code.noServer, Domain.rpc, `No server named '${name}'`);
  return server;
}

function clientOf(service: AdminService, server: { readonly name: string }, id: bigint): Client {
  const client = serverOf(service, server).clients.find((c) => BigInt(c.id) === id);
  if (client === undefined) throw remoteError(Code.noClient, Domain.rpc, `No client with matching ID '${id}'`);
  return client;
}

function wireClient(server: WireClient['server'], { id, since }: Client): WireClient {
  return { server, id: BigInt(id), since: BigInt(since), transport: UNIX };
}

async function infoOf({ peer }: AdminService, { readOnly, socket }: Client): Promise<readonly TypedParameter[]> {
  const told: TypedParameter[] = [{ field: 'readonly', type: 'boolean', value: readOnly }];
  const who = await peer(socket);
  if (who === undefined) return told;
  const { pid, uid, gid, user, group } = who;
  const named = (field: string, value: string | undefined): readonly TypedParameter[] =>
    value === undefined ? [] : [{ field, type: 'string', value }];
  return [
    ...told,
    { field: 'unix_user_id', type: 'int', value: uid },
    ...named('unix_user_name', user),
    { field: 'unix_group_id', type: 'int', value: gid },
    ...named('unix_group_name', group),
    { field: 'unix_process_id', type: 'int', value: pid },
  ];
}

function uints(values: Readonly<Record<string, number>>): readonly TypedParameter[] {
  return Object.entries(values).map(([field, value]) => ({ field, type: 'uint', value }));
}

/** The values of unsigned parameters by their names. @throws RemoteError as libvirt for others, for other types, and for one that is there twice. */
function checked(parameters: readonly TypedParameter[], names: readonly string[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  const sorted = [...parameters].sort((a, b) => (a.field < b.field ? -1 : Number(a.field > b.field)));
  for (const { field, type, value } of sorted) {
    if (!names.includes(field)) throw remoteError(Code.argumentUnsupported, Domain.none, `parameter '${field}' not supported`);
    if (values.has(field)) throw remoteError(Code.invalidArg, Domain.none, `parameter '${field}' occurs multiple times`);
    if (type !== 'uint')
      throw remoteError(Code.invalidArg, Domain.none, `invalid type '${type}' for parameter '${field}', expected 'uint'`);
    values.set(field, value);
  }
  return values;
}

function unsupported(detail: string): Error {
  return remoteError(Code.operationUnsupported, Domain.admin, detail);
}
