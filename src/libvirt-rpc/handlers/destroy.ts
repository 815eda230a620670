import type { NetworkDriver } from '../../driver/driver.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import type { NetworkHandle } from '../protocol/structs.ts';
import { remoteError } from '../remote-error.ts';
import type { Session } from '../session.ts';
import { isNotFound, onNetwork } from './network-of.ts';

/** The destroys under way of each driver's networks, by uuid: whether the last one, or one that it came beside, stops its network. */
const underWay = new WeakMap<NetworkDriver, Map<string, Promise<boolean>>>();

/**
 * `networkDestroy`. One that comes while another one stops a transient network still finds it, as in libvirt: it is not active then, and not
 * found by one that comes later.
 * @throws RemoteError 55 where the network does not run, 43 where there is none
 */
export async function destroy({ service: { driver } }: Session, handle: NetworkHandle): Promise<void> {
  const destroys = underWay.get(driver) ?? new Map<string, Promise<boolean>>();
  underWay.set(driver, destroys);
  const before = destroys.get(handle.uuid);
  const stop = driver.stop({ uuid: handle.uuid });
  const stops = stop.then(
    () => true,
    () => before ?? false,
  );
  destroys.set(handle.uuid, stops);
  try {
    await onNetwork(handle, () => stop);
  } catch (error) {
    if (!isNotFound(error) || (await before) !== true) throw error;
    throw remoteError(Code.operationInvalid, Domain.network, `network '${handle.name}' is not active`);
  } finally {
    if (destroys.get(handle.uuid) === stops) destroys.delete(handle.uuid);
  }
}
