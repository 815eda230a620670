import { isVirtnetError } from '../../base/errors.ts';
import type { PortRecord } from '../../compile/port.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { NETWORK_PORT_LIST_MAX } from '../protocol/limits.ts';
import type { NetworkHandle, PortHandle } from '../protocol/structs.ts';
import { remoteError, rpcError } from '../remote-error.ts';
import type { Session } from '../session.ts';
import { checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { networkOf, onNetwork } from './network-of.ts';
import { bandwidthOf, parametersOf } from './port-parameters.ts';

/** `virNetworkPortCreateFlags`. */
const RECLAIM = 1;
const VALIDATE = 2;

/** The driver's code for a network that does not run. */
const NOT_ACTIVE = 'VND003';

type Names =
  | 'networkListAllPorts'
  | 'networkPortLookupByUuid'
  | 'networkPortCreateXml'
  | 'networkPortGetParameters'
  | 'networkPortSetParameters'
  | 'networkPortGetXmlDesc'
  | 'networkPortDelete';

export const portHandlers: Handlers<Names> = {
  networkListAllPorts: async (session, { network: handle, needResults, flags }) => {
    checkFlags(flags, 0, 'networkListAllPorts');
    const { name, active } = await networkOf(session, handle);
    if (!active) throw remoteError(Code.operationInvalid, Domain.network, `network '${name}' is not active`);
    const ports = await onNetwork(handle, () => session.service.driver.ports({ uuid: handle.uuid }));
    if (needResults === 0) return { ports: [], count: ports.length };
    if (ports.length > NETWORK_PORT_LIST_MAX) throw rpcError(`Too many ports '${ports.length}' for limit '${NETWORK_PORT_LIST_MAX}'`);
    return { ports: ports.map((p) => ({ network: handle, uuid: p.port.uuid })), count: ports.length };
  },
  networkPortLookupByUuid: async (session, { network: handle, uuid }) => {
    const { port } = await portOf(session, { network: handle, uuid });
    return { network: handle, uuid: port.uuid };
  },
  networkPortCreateXml: async (session, { network: handle, xml, flags }) => {
    checkFlags(flags, RECLAIM | VALIDATE, 'networkPortCreateXML');
    const options = { reclaim: (flags & RECLAIM) !== 0, validate: (flags & VALIDATE) !== 0 };
    const { port } = await onNetwork(handle, () => session.service.driver.createPort({ uuid: handle.uuid }, xml, options));
    return { network: handle, uuid: port.uuid };
  },
  // The count that a client sends is uninitialised memory; libvirt answers 0 beside the full list.
  networkPortGetParameters: async (session, { port: handle, flags }) => {
    checkFlags(flags, 0, 'networkPortGetParameters');
    const { port } = await portOf(session, handle);
    return { parameters: parametersOf(port.bandwidth), count: 0 };
  },
  networkPortSetParameters: async (session, { port: handle, parameters, flags }) => {
    checkFlags(flags, 0, 'networkPortSetParameters');
    const { port } = await portOf(session, handle);
    const bandwidth = bandwidthOf(parameters);
    await onPort(handle, () => session.service.driver.setPortBandwidth({ uuid: handle.network.uuid }, port.uuid, bandwidth));
  },
  networkPortGetXmlDesc: async (session, { port: handle, flags }) => {
    checkFlags(flags, 0, 'networkPortGetXMLDesc');
    return session.service.portXml(await portOf(session, handle));
  },
  networkPortDelete: async (session, { port: handle, flags }) => {
    checkFlags(flags, 0, 'networkPortDelete');
    await portOf(session, handle);
    await onPort(handle, () => session.service.driver.deletePort({ uuid: handle.network.uuid }, handle.uuid));
  },
};

/** @throws RemoteError 107 when the network (running or not) has no such port. */
async function portOf(session: Session, handle: PortHandle): Promise<PortRecord> {
  const ref = { uuid: handle.network.uuid };
  const ports = await onNetwork(handle.network, () => session.service.driver.ports(ref)).catch(noneWhereInactive);
  const found = ports.find(({ port }) => port.uuid === handle.uuid);
  if (found === undefined) throw remoteError(Code.noNetworkPort, Domain.network, `Network port with UUID ${handle.uuid} does not exist`);
  return found;
}

/** A network that does not run has no ports. */
function noneWhereInactive(error: unknown): readonly PortRecord[] {
  if (isVirtnetError(error) && error.code === NOT_ACTIVE) return [];
  throw error;
}

function onPort<T>(handle: { readonly network: NetworkHandle }, call: () => Promise<T>): Promise<T> {
  return onNetwork(handle.network, call);
}
