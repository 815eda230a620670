import { addFault } from './fault.ts';
import { bandwidth, mac, networkTree, uuid, virtualport, vlan } from './network.ts';
import type { Random } from './random.ts';
import { element, withText, writeTree } from './tree.ts';
import type { Tree } from './tree.ts';

/** A network and a port document to be made on it while it runs. */
export interface GeneratedPort {
  readonly network: string;
  readonly port: string;
}

/** A `<networkport>`; with `fault` something is wrong with it more often than not. */
export function portTree(rng: Random): Tree {
  const maybe = (probability: number, make: () => Tree): Tree | undefined => (rng.chance(probability) ? make() : undefined);
  const limits = (): Tree => {
    const tree = bandwidth(rng);
    const inbound = tree.children.find((c) => c.name === 'inbound');
    if (inbound && rng.chance(0.3)) inbound.attributes.push(['floor', String(1 + rng.int(3000))]);
    if (rng.chance(0.1)) tree.attributes.push(['classID', String(rng.int(9))]);
    return tree;
  };
  const children = [
    withText('uuid', uuid(rng)),
    element('owner', {}, [withText('name', 'guest'), withText('uuid', uuid(rng))]),
    element('mac', { address: rng.chance(0.2) ? mac(rng).toUpperCase() : mac(rng) }),
    maybe(0.4, () => withText('group', `pg${String(rng.int(3))}`)),
    maybe(0.3, () => virtualport(rng, rng.chance(0.7))),
    maybe(0.4, limits),
    maybe(0.25, () => vlan(rng)),
    maybe(0.25, () => element('port', { isolated: rng.pick(['yes', 'no']) })),
    maybe(0.25, () => element('rxfilters', { trustGuest: rng.pick(['yes', 'no']) })),
    maybe(0.05, () => element('plug', { type: 'none' })),
  ];
  const tree = element('networkport', {}, children);
  if (rng.chance(0.3)) tree.children = rng.shuffle(tree.children);
  return tree;
}

/** Faults go into the port only: the network must start. */
export function generatePort(rng: Random): GeneratedPort {
  const network = networkTree(rng);
  const bridge = network.children.find((c) => c.name === 'bridge');
  // Needs firewalld, VLAN filtering or an SR-IOV card.
  if (bridge) bridge.attributes = bridge.attributes.filter(([name]) => name !== 'zone' && name !== 'macTableManager');
  // No services: they have no part in a port, and dnsmasq is slow to start.
  const services = ['ip', 'route', 'dns', 'domain', 'mtu'];
  network.children = network.children.filter((c) => !services.includes(c.name) && !c.name.startsWith('d:'));
  for (const forward of network.children.filter((c) => c.name === 'forward')) {
    forward.children = forward.children.filter((c) => c.name !== 'pf' && c.name !== 'nat');
    const mode = forward.attributes.find(([name]) => name === 'mode');
    if (mode === undefined || mode[1] === 'nat' || mode[1] === 'route') Object.assign(forward, element('forward', { mode: 'open' }));
  }
  const port = portTree(rng);
  if (rng.chance(0.3)) addFault(port, rng);
  return { network: writeTree(network, rng), port: writeTree(port, rng) };
}
