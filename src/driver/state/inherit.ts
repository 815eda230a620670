import { bridgePattern } from '../../network/complete.ts';
import type { Network } from '../../network/network.ts';
import { isManaged } from '../../network/network.ts';

/** A document for a network that exists already takes from it what it leaves open: identity, bridge name, MAC. */
export function inherit(network: Network, from: Network): Network {
  const uuid = network.uuid ?? from.uuid;
  const identified: Network = uuid === undefined ? network : { ...network, uuid };
  if (!isManaged(network) || !isManaged(from)) return identified;
  const bridge = network.bridge ?? { stp: true, delay: 0 };
  const name = bridgePattern(network) === undefined ? bridge.name : from.bridge?.name;
  const mac = network.mac ?? from.mac;
  return { ...identified, bridge: { ...bridge, ...(name === undefined ? {} : { name }) }, ...(mac === undefined ? {} : { mac }) };
}
