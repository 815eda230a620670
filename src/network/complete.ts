import { isManaged, type Network } from './network.ts';

/** A network whose uuid is filled in, as the driver stores it. Managed ones have a bridge name and a MAC as well. */
export type CompleteNetwork = Network & { readonly uuid: string };

/** What a definition leaves open, chosen by the caller, so that this stays pure. Asked only for what is open. */
export interface Choices {
  readonly uuid: () => string;
  /** A MAC in 52:54:00. */
  readonly mac: () => string;
  /** A name of this pattern, in which `%d` stands for the first free number from 0. */
  readonly bridgeName: (pattern: string) => string;
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
  return name.indexOf('%') === name.lastIndexOf('%') ? name : 'virbr%d';
}

/**
 * Fills in what libvirt fills in at definition: uuid always; bridge name, MAC, stp and delay in managed modes. The network itself where nothing
 * is open.
 */
export function completeNetwork(network: Network, choices: Choices): CompleteNetwork {
  const { uuid, bridge = { stp: true, delay: 0 }, mac } = network;
  const pattern = bridgePattern(network);
  if (isComplete(network, pattern)) return network;
  const identified = { ...network, uuid: uuid ?? choices.uuid() };
  if (!isManaged(network)) return identified;
  return {
    ...identified,
    bridge: pattern === undefined ? bridge : { ...bridge, name: choices.bridgeName(pattern) },
    mac: mac ?? choices.mac(),
  };
}

function isComplete(network: Network, pattern: string | undefined): network is CompleteNetwork {
  return network.uuid !== undefined && pattern === undefined && (network.mac !== undefined || !isManaged(network));
}
