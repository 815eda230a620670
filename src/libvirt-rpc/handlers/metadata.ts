import type { Affect, NetworkInfo } from '../../driver/driver.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { argumentError, remoteError } from '../remote-error.ts';
import { AFFECT_FLAGS, affectOf, checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { networkOf, onNetwork } from './network-of.ts';

/** `virNetworkMetadataType`. */
const items = ['description', 'title', 'element'] as const;
const ELEMENT = 2;
const SET = 'virNetworkSetMetadata';
const GET = 'virNetworkGetMetadata';

export const metadataHandlers: Handlers<'networkSetMetadata' | 'networkGetMetadata'> = {
  networkSetMetadata: async (session, { network: handle, type, metadata, key, uri, flags }) => {
    if (items[type] === 'title' && metadata?.includes('\n') === true) {
      throw argumentError(SET, 'metadata', "metadata title can't contain newlines");
    }
    if (items[type] !== undefined && type !== ELEMENT) {
      mustBeNull(SET, 'uri', uri);
      mustBeNull(SET, 'key', key);
    }
    if (type === ELEMENT) {
      mustBeGiven(SET, 'uri', uri);
      if (metadata !== undefined) mustBeGiven(SET, 'key', key);
    }
    checkFlags(flags, AFFECT_FLAGS, 'networkSetMetadata');
    const network = await networkOf(session, handle);
    if (items[type] === undefined) checkState(network, affectOf(flags));
    const item = itemOf(type);
    const options = { ...(key === undefined ? {} : { key }), ...(uri === undefined ? {} : { uri }), affect: affectOf(flags) };
    // For title and description an empty text means none.
    const value = item !== 'element' && metadata === '' ? undefined : metadata;
    await onNetwork(handle, () => session.service.driver.setMetadata({ uuid: handle.uuid }, item, value, options));
  },
  networkGetMetadata: async (session, { network: handle, type, uri, flags }) => {
    if ((flags & AFFECT_FLAGS) === AFFECT_FLAGS) {
      const message = "Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG' are mutually exclusive";
      throw argumentError(GET, 'ctl', message);
    }
    if (items[type] !== undefined && type !== ELEMENT) mustBeNull(GET, 'uri', uri);
    if (type === ELEMENT) mustBeGiven(GET, 'uri', uri);
    // libvirt finds the network before it looks at these flags.
    await networkOf(session, handle);
    checkFlags(flags, AFFECT_FLAGS, 'virNetworkObjGetMetadata');
    const item = itemOf(type);
    const options = { ...(uri === undefined ? {} : { uri }), affect: affectOf(flags) };
    return onNetwork(handle, () => session.service.driver.metadata({ uuid: handle.uuid }, item, options));
  },
};

/** @throws RemoteError 8 for a type that is none */
function itemOf(type: number): (typeof items)[number] {
  const item = items[type];
  if (item === undefined) throw remoteError(Code.invalidArg, Domain.network, `unknown metadata type '${type}'`);
  return item;
}

/** A set looks at the network's state before it looks at the type. @throws RemoteError 55 */
function checkState(network: NetworkInfo, affect: Affect): void {
  if (!network.active && (affect === 'live' || affect === 'live+config')) {
    throw remoteError(Code.operationInvalid, Domain.network, 'network is not running');
  }
  if (!network.persistent && (affect === 'config' || affect === 'live+config')) {
    throw remoteError(Code.operationInvalid, Domain.network, 'cannot change persistent config of a transient network');
  }
}

function mustBeNull(cFunction: string, argument: string, value: string | undefined): void {
  if (value !== undefined) throw argumentError(cFunction, argument, `${argument} in ${cFunction} must be NULL`);
}

function mustBeGiven(cFunction: string, argument: string, value: string | undefined): void {
  if (value === undefined) throw argumentError(cFunction, argument, `${argument} in ${cFunction} must not be NULL`);
}
