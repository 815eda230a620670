import { isManaged, type Network } from './network.ts';

/** What libvirt chooses when a network is defined; the caller makes the choice, so that this stays pure. */
export interface Choices {
  /** Used when the document has none. */
  readonly uuid: string;
  /** Used when a managed network has none. */
  readonly mac: string;
  /** Used when a managed network has no bridge name; a name with one `%d` is a pattern, for which `bridgeName` must already be the name to use. */
  readonly bridgeName: string;
}

/** True when `completeNetwork` would take `bridgeName`: no name is given, or a pattern like `virbr%d`. */
export function needsBridgeName(network: Network): boolean {
  return isManaged(network) && (network.bridge?.name === undefined || isBridgePattern(network.bridge.name));
}

/** True for a name with exactly one `%`, which starts `%d`: the number is chosen at definition. */
export function isBridgePattern(name: string): boolean {
  return name.split('%').length === 2 && name.includes('%d');
}

/** Fills in what libvirt fills in at definition: uuid always; bridge name, mac, stp and delay in managed modes. */
export function completeNetwork(network: Network, choices: Choices): Network {
  const completed: Network = { ...network, uuid: network.uuid ?? choices.uuid };
  if (!isManaged(network)) return completed;
  const bridge = network.bridge ?? { stp: true, delay: 0 };
  return {
    ...completed,
    mac: network.mac ?? choices.mac,
    bridge: needsBridgeName(network) ? { ...bridge, name: choices.bridgeName } : bridge,
  };
}
