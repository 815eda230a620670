import { isManaged, type Network } from './network.ts';

/** What libvirt chooses when a network is defined; the caller makes the choice, so that this stays pure. */
export interface Choices {
  /** Used when the document has none. */
  readonly uuid: string;
  /** Used when a managed network has none. */
  readonly mac: string;
  /** Used when `bridgePattern` gives one: the name made from it. */
  readonly bridgeName: string;
}

/**
 * The pattern from which the bridge name is chosen (`%d` is the first free number from 0), or undefined when the network keeps the
 * name it has or has no bridge of its own. A name with one `%d` is its own pattern; one that libvirt cannot use gives `virbr%d`.
 */
export function bridgePattern(network: Network): string | undefined {
  if (!isManaged(network)) return undefined;
  const name = network.bridge?.name;
  if (name === undefined) return 'virbr%d';
  if (!name.includes('%d')) return undefined;
  return name.split('%').length === 2 ? name : 'virbr%d';
}

/** Fills in what libvirt fills in at definition: uuid always; bridge name, mac, stp and delay in managed modes. */
export function completeNetwork(network: Network, choices: Choices): Network {
  const completed: Network = { ...network, uuid: network.uuid ?? choices.uuid };
  if (!isManaged(network)) return completed;
  const bridge = network.bridge ?? { stp: true, delay: 0 };
  return {
    ...completed,
    mac: network.mac ?? choices.mac,
    bridge: bridgePattern(network) !== undefined ? { ...bridge, name: choices.bridgeName } : bridge,
  };
}
