import type { Result } from '../../base/diagnostic.ts';
import { nearest } from '../../base/nearest.ts';
import type { Network } from '../network.ts';
import type { PortGroup } from '../portgroup.ts';
import { inserted, replacedAt, withoutAt } from './list.ts';
import { done, refusal, refuse, unknownCommand } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

/** Adds, replaces (whole) or deletes a portgroup by its name. */
export function updatePortGroup(network: Network, command: UpdateCommand | number, group: PortGroup): Result<Network> {
  const { portgroups } = network;
  const at = portgroups.findIndex((old) => old.name === group.name);
  const put = (changed: readonly PortGroup[]): Result<Network> => done({ ...network, portgroups: changed });
  const adds = command === 'add-first' || command === 'add-last';
  if (at < 0 && (command === 'modify' || command === 'delete')) {
    const meant = nearest(
      group.name,
      portgroups.map((old) => old.name),
    );
    return refuse(
      refusal(
        'VNE005',
        `network '${network.name}' has no portgroup '${group.name}'`,
        55,
        `couldn't find a portgroup entry in network '${network.name}' matching <portgroup name='${group.name}'>`,
        meant === undefined ? undefined : `did you mean '${meant}'?`,
      ),
    );
  }
  if (at >= 0 && adds) {
    return refuse(
      refusal(
        'VNE004',
        `network '${network.name}' has a portgroup '${group.name}' already`,
        55,
        `there is an existing portgroup entry in network '${network.name}' that matches "<portgroup name='${group.name}'>"`,
        'modify it instead',
      ),
    );
  }
  const other = portgroups.findIndex((old, i) => old.default && i !== at);
  if (command !== 'delete' && group.default && other >= 0) {
    return refuse(
      refusal(
        'VNE009',
        `portgroup '${portgroups[other]?.name ?? ''}' is the default of network '${network.name}'`,
        55,
        `a different portgroup entry in network '${network.name}' is already set as the default. Only one default is allowed.`,
        `take default='yes' from '${portgroups[other]?.name ?? ''}' first`,
      ),
    );
  }
  if (typeof command === 'number') return unknownCommand(command);
  if (adds) return put(inserted(portgroups, group, command));
  return put(command === 'modify' ? replacedAt(portgroups, at, group) : withoutAt(portgroups, at));
}
