import type { Diagnostic } from '../base/diagnostic.ts';
import { nearest } from '../base/nearest.ts';
import type { PortGroup } from '../network/portgroup.ts';
import type { PortNetwork } from './effective.ts';

/**
 * The portgroup that applies: the named one, or the default one when none is named. A name that the network does not have applies
 * none (not even the default) and is an error (`refuse`) or a warning (`ignore`): VNI201.
 */
export function choosePortGroup(
  network: Pick<PortNetwork, 'name' | 'portgroups'>,
  wanted: string | undefined,
  unknown: 'refuse' | 'ignore',
): { readonly portgroup?: PortGroup; readonly diagnostics: readonly Diagnostic[] } {
  const { portgroups } = network;
  const portgroup = portgroups.find((group) => (wanted === undefined ? group.default : group.name === wanted));
  if (portgroup) return { portgroup, diagnostics: [] };
  if (wanted === undefined) return { diagnostics: [] };
  const names = portgroups.map((group) => group.name);
  const close = nearest(wanted, names);
  const diagnostic: Diagnostic = {
    code: 'VNI201',
    severity: unknown === 'refuse' ? 'error' : 'warning',
    message: `network '${network.name}' has no portgroup '${wanted}'`,
    found: wanted,
    ...(names.length > 0 && { allowed: names.join(', ') }),
    hint:
      close === undefined ? (names.length > 0 ? `use one of: ${names.join(', ')}` : 'leave the portgroup out') : `did you mean '${close}'?`,
  };
  return { diagnostics: [diagnostic] };
}
