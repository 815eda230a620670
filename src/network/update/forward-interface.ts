import type { Result } from '../../base/diagnostic.ts';
import type { ForwardInterface } from '../forward.ts';
import type { Network } from '../network.ts';
import { inserted, withoutAt } from './list.ts';
import { done, refusal, refuse } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

/** Adds or deletes a device of the pool (or the one device of a nat or route network). Whether guests use it is not asked. */
export function updateForwardInterface(
  network: Network,
  command: Exclude<UpdateCommand, 'modify'>,
  entry: ForwardInterface,
): Result<Network> {
  const { interfaces } = network.forward;
  const at = interfaces.findIndex((old) => old.dev === entry.dev);
  const put = (changed: readonly ForwardInterface[]): Result<Network> =>
    done({ ...network, forward: { ...network.forward, interfaces: changed } });
  if (command === 'delete') {
    if (at >= 0) return put(withoutAt(interfaces, at));
    return refuse(
      refusal(
        'VNE005',
        `network '${network.name}' does not forward through '${entry.dev}'`,
        55,
        `couldn't find an interface entry in network '${network.name}' matching <interface dev='${entry.dev}'>`,
      ),
    );
  }
  if (at < 0) return put(inserted(interfaces, { dev: entry.dev }, command));
  return refuse(
    refusal(
      'VNE004',
      `network '${network.name}' forwards through '${entry.dev}' already`,
      55,
      `there is an existing interface entry in network '${network.name}' that matches "<interface dev='${entry.dev}'>"`,
    ),
  );
}
