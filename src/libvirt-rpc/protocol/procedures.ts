// A table: longer than a file of code should be.
import type { Codec } from '../xdr/codec.ts';
import { i32, list, nothing, optional, struct, u32, u64 } from '../xdr/codec.ts';
import {
  AUTH_TYPES_MAX,
  IDENTITY_PARAMETERS_MAX,
  LEASES_MAX,
  NETWORK_LIST_MAX,
  NETWORK_PORT_LIST_MAX,
  PORT_PARAMETERS_MAX,
  SASL_DATA_MAX,
} from './limits.ts';
import { lease, network, parameter, port, text, uuid } from './structs.ts';

/** What a procedure needs before it may run: nothing, an open connection, or one whose open failure names the network driver. */
export type Needs = 'nothing' | 'connection' | 'network-connection';

/** One procedure of the remote program. */
export interface Procedure<A = unknown, R = unknown> {
  readonly number: number;
  /** libvirt's C function, as error messages name it. */
  readonly cFunction: string;
  readonly args: Codec<A>;
  readonly ret: Codec<R>;
  readonly needs: Needs;
  /** Refused on a read-only connection. */
  readonly writes: boolean;
}

type Table = Readonly<Record<string, Procedure>>;

function query<A, R>(number: number, cFunction: string, args: Codec<A>, ret: Codec<R>): Procedure<A, R> {
  return { number, cFunction, args, ret, needs: 'network-connection', writes: false };
}

function change<A, R>(number: number, cFunction: string, args: Codec<A>, ret: Codec<R>): Procedure<A, R> {
  return { number, cFunction, args, ret, needs: 'network-connection', writes: true };
}

function connection<A, R>(number: number, cFunction: string, args: Codec<A>, ret: Codec<R>): Procedure<A, R> {
  return { number, cFunction, args, ret, needs: 'connection', writes: false };
}

function always<A, R>(number: number, cFunction: string, args: Codec<A>, ret: Codec<R>): Procedure<A, R> {
  return { number, cFunction, args, ret, needs: 'nothing', writes: false };
}

const names = struct({ names: list(text, NETWORK_LIST_MAX) });
const listed = struct({ needResults: i32, flags: u32 });
const withFlags = struct({ xml: text, flags: u32 });
const saslStep = struct({ complete: i32, nil: i32, data: list(i32, SASL_DATA_MAX) });

/** The procedures that this daemon carries out, with the numbers of libvirt's src/remote/remote_protocol.x. */
export const procedures = {
  // Connection
  connectOpen: always(1, 'virConnectOpen', struct({ name: optional(text), flags: u32 }), nothing),
  connectClose: always(2, 'virConnectClose', nothing, nothing),
  connectGetType: connection(3, 'virConnectGetType', nothing, text),
  connectSupportsFeature: always(60, 'virConnectSupportsFeature', i32, i32),
  connectGetUri: connection(110, 'virConnectGetURI', nothing, text),
  connectIsSecure: connection(149, 'virConnectIsSecure', nothing, i32),
  connectGetLibVersion: connection(157, 'virConnectGetLibVersion', nothing, u64),
  connectRegisterCloseCallback: connection(360, 'virConnectRegisterCloseCallback', nothing, nothing),
  connectUnregisterCloseCallback: connection(361, 'virConnectUnregisterCloseCallback', nothing, nothing),
  connectSetIdentity: connection(
    419,
    'virConnectSetIdentity',
    struct({ parameters: list(parameter, IDENTITY_PARAMETERS_MAX), flags: u32 }),
    nothing,
  ),

  // Authentication
  authList: always(66, 'authList', nothing, list(i32, AUTH_TYPES_MAX)),
  authSaslInit: always(67, 'authSaslInit', nothing, text),
  authSaslStart: always(68, 'authSaslStart', struct({ mechanism: text, nil: i32, data: list(i32, SASL_DATA_MAX) }), saslStep),
  authSaslStep: always(69, 'authSaslStep', struct({ nil: i32, data: list(i32, SASL_DATA_MAX) }), saslStep),
  authPolkit: always(70, 'authPolkit', nothing, i32),

  // Networks
  listDefinedNetworks: query(36, 'virConnectListDefinedNetworks', i32, names),
  listNetworks: query(38, 'virConnectListNetworks', i32, names),
  networkCreate: change(39, 'virNetworkCreate', network, nothing),
  networkCreateXml: change(40, 'virNetworkCreateXML', text, network),
  networkDefineXml: change(41, 'virNetworkDefineXML', text, network),
  networkDestroy: change(42, 'virNetworkDestroy', network, nothing),
  networkGetXmlDesc: query(43, 'virNetworkGetXMLDesc', struct({ network, flags: u32 }), text),
  networkGetAutostart: query(44, 'virNetworkGetAutostart', network, i32),
  networkGetBridgeName: query(45, 'virNetworkGetBridgeName', network, text),
  networkLookupByName: query(46, 'virNetworkLookupByName', text, network),
  networkLookupByUuid: query(47, 'virNetworkLookupByUUID', uuid, network),
  networkSetAutostart: change(48, 'virNetworkSetAutostart', struct({ network, autostart: i32 }), nothing),
  networkUndefine: change(49, 'virNetworkUndefine', network, nothing),
  numOfDefinedNetworks: query(50, 'virConnectNumOfDefinedNetworks', nothing, i32),
  numOfNetworks: query(52, 'virConnectNumOfNetworks', nothing, i32),
  networkIsActive: query(152, 'virNetworkIsActive', network, i32),
  networkIsPersistent: query(153, 'virNetworkIsPersistent', network, i32),
  listAllNetworks: query(283, 'virConnectListAllNetworks', listed, struct({ networks: list(network, NETWORK_LIST_MAX), count: u32 })),
  networkUpdate: change(
    291,
    'virNetworkUpdate',
    struct({ network, command: u32, section: u32, parentIndex: i32, xml: text, flags: u32 }),
    nothing,
  ),
  networkGetDhcpLeases: query(
    341,
    'virNetworkGetDHCPLeases',
    struct({ network, mac: optional(text), needResults: i32, flags: u32 }),
    struct({ leases: list(lease, LEASES_MAX), count: u32 }),
  ),
  networkDefineXmlFlags: change(432, 'virNetworkDefineXMLFlags', withFlags, network),
  networkCreateXmlFlags: change(437, 'virNetworkCreateXMLFlags', withFlags, network),
  networkSetMetadata: change(
    444,
    'virNetworkSetMetadata',
    struct({ network, type: i32, metadata: optional(text), key: optional(text), uri: optional(text), flags: u32 }),
    nothing,
  ),
  networkGetMetadata: query(445, 'virNetworkGetMetadata', struct({ network, type: i32, uri: optional(text), flags: u32 }), text),

  // Events
  networkEventRegisterAny: query(313, 'virConnectNetworkEventRegisterAny', struct({ eventId: i32, network: optional(network) }), i32),
  networkEventDeregisterAny: query(314, 'virConnectNetworkEventDeregisterAny', i32, nothing),

  // Ports
  networkListAllPorts: query(
    404,
    'virNetworkListAllPorts',
    struct({ network, needResults: i32, flags: u32 }),
    struct({ ports: list(port, NETWORK_PORT_LIST_MAX), count: u32 }),
  ),
  networkPortLookupByUuid: query(405, 'virNetworkPortLookupByUUID', struct({ network, uuid }), port),
  networkPortCreateXml: change(406, 'virNetworkPortCreateXML', struct({ network, xml: text, flags: u32 }), port),
  networkPortGetParameters: query(
    407,
    'virNetworkPortGetParameters',
    struct({ port, count: i32, flags: u32 }),
    struct({ parameters: list(parameter, PORT_PARAMETERS_MAX), count: i32 }),
  ),
  networkPortSetParameters: change(
    408,
    'virNetworkPortSetParameters',
    struct({ port, parameters: list(parameter, PORT_PARAMETERS_MAX), flags: u32 }),
    nothing,
  ),
  networkPortGetXmlDesc: query(409, 'virNetworkPortGetXMLDesc', struct({ port, flags: u32 }), text),
  networkPortDelete: change(410, 'virNetworkPortDelete', struct({ port, flags: u32 }), nothing),
} as const satisfies Table;

export type Procedures = typeof procedures;
export type ProcedureName = keyof Procedures;
export type ArgsOf<K extends ProcedureName> = Procedures[K] extends Procedure<infer A, infer _R> ? A : never;
export type RetOf<K extends ProcedureName> = Procedures[K] extends Procedure<infer _A, infer R> ? R : never;

/** Names by number, for dispatch. */
export const procedureByNumber: ReadonlyMap<number, ProcedureName> = new Map(
  (Object.keys(procedures) as ProcedureName[]).map((name) => [procedures[name].number, name]),
);
