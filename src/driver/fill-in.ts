import type { Network } from '../network/network.ts';
import { isManaged } from '../network/network.ts';
import { noFreeBridge } from './errors.ts';
import type { CompleteNetwork } from './rules.ts';

/** What a definition leaves open and the driver chooses. Injected, so that a test chooses. */
export interface Choices {
  readonly uuid: () => string;
  /** A MAC in 52:54:00. */
  readonly mac: () => string;
  /** True for a bridge name that another network or a device of the host has. */
  readonly bridgeInUse: (name: string) => boolean;
}

/** libvirt's MAX_BRIDGE_ID: numbers 0 to 256 are tried. */
const MAX_BRIDGE_ID = 256;
const DEFAULT_PATTERN = 'virbr%d';

/**
 * Chooses what libvirt chooses at definition time: the uuid, and for managed networks a free bridge name and a MAC.
 * @throws VirtnetError VND015 when every number of the bridge's pattern is in use.
 */
export function fillIn(network: Network, choices: Choices): CompleteNetwork {
  const { uuid, bridge = { stp: true, delay: 0 }, mac } = network;
  if (isComplete(network)) return network;
  const identified = { ...network, uuid: uuid ?? choices.uuid() };
  if (!isManaged(network)) return identified;
  return {
    ...identified,
    bridge: { ...bridge, name: bridgeName(bridge.name, choices.bridgeInUse) },
    mac: mac ?? choices.mac(),
  };
}

function isComplete(network: Network): network is CompleteNetwork {
  if (network.uuid === undefined) return false;
  return !isManaged(network) || (!leavesBridgeOpen(network) && network.mac !== undefined);
}

/** True when the document leaves the bridge's name to us: no name, or a pattern with `%d`. */
export function leavesBridgeOpen(network: Network): boolean {
  return isManaged(network) && (network.bridge?.name ?? '%d').includes('%d');
}

function bridgeName(wanted: string | undefined, inUse: (name: string) => boolean): string {
  if (wanted !== undefined && !wanted.includes('%d')) return wanted;
  // libvirt takes a name as pattern only when its one percent sign is the `%d`.
  const pattern = wanted !== undefined && wanted.indexOf('%') === wanted.lastIndexOf('%') ? wanted : DEFAULT_PATTERN;
  for (let id = 0; id <= MAX_BRIDGE_ID; id++) {
    const name = pattern.replace('%d', String(id));
    if (!inUse(name)) return name;
  }
  throw noFreeBridge(pattern);
}

/** A document for a network that exists already takes from it what it leaves open: identity, bridge name, MAC. */
export function inherit(network: Network, from: Network): Network {
  const uuid = network.uuid ?? from.uuid;
  const identified: Network = uuid === undefined ? network : { ...network, uuid };
  if (!isManaged(network) || !isManaged(from)) return identified;
  const bridge = network.bridge ?? { stp: true, delay: 0 };
  const name = leavesBridgeOpen(network) ? from.bridge?.name : bridge.name;
  const mac = network.mac ?? from.mac;
  return { ...identified, bridge: { ...bridge, ...(name === undefined ? {} : { name }) }, ...(mac === undefined ? {} : { mac }) };
}
