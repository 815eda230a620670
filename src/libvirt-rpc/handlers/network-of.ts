import { isVirtnetError } from '../../base/errors.ts';
import type { NetworkInfo } from '../../driver/driver.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import type { NetworkHandle } from '../protocol/structs.ts';
import { RemoteError, remoteError } from '../remote-error.ts';
import type { Session } from '../session.ts';

/** The driver's code for a network that is not there. */
const NOT_FOUND = 'VND001';

/** The network that a client means: by uuid alone, whatever name it sends. @throws RemoteError 43 when it is gone. */
export function networkOf(session: Session, handle: NetworkHandle, options?: { readonly afterStart: boolean }): Promise<NetworkInfo> {
  return onNetwork(handle, () => session.service.driver.get({ uuid: handle.uuid }, options));
}

/** Runs a driver call about one network; if that one is gone, the error names it as the client does. */
export async function onNetwork<T>(handle: NetworkHandle, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isVirtnetError(error) || error.code !== NOT_FOUND) throw error;
    throw remoteError(Code.noNetwork, Domain.network, `no network with matching uuid '${handle.uuid}' (${handle.name})`);
  }
}

/** The network that a call was about is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RemoteError && error.code === Code.noNetwork;
}

/** Runs a lookup; `what` is how the client looked, such as `name 'x'`. */
export async function lookUp(what: string, call: () => Promise<NetworkInfo>): Promise<NetworkHandle> {
  try {
    return handleOf(await call());
  } catch (error) {
    if (!isVirtnetError(error) || error.code !== NOT_FOUND) throw error;
    throw remoteError(Code.noNetwork, Domain.network, `no network with matching ${what}`);
  }
}

/** What clients keep of a network. */
export function handleOf(info: NetworkInfo): NetworkHandle {
  return { name: info.name, uuid: info.uuid };
}
