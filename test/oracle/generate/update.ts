import { addFault } from './fault.ts';
import { dhcpHost, dhcpRange, dnsHost, dnsSrv, dnsTxt, networkTree, portgroup } from './network.ts';
import type { Random } from './random.ts';
import { allElements, element, writeTree } from './tree.ts';
import type { Tree } from './tree.ts';
import { oddValue } from './values.ts';

/** A call of virNetworkUpdate with libvirt's numbers for section and command. */
export interface GeneratedUpdate {
  readonly xml: string;
  readonly section: number;
  readonly command: number;
  readonly parentIndex: number;
  readonly fragment: string;
}

type Section = { readonly code: number; readonly name: string; readonly within: string; readonly make: (rng: Random) => Tree };

const SECTIONS: readonly Section[] = [
  { code: 4, name: 'host', within: 'dhcp', make: (rng) => dhcpHost(rng, rng.chance(0.2), '10.0.7.') },
  { code: 5, name: 'range', within: 'dhcp', make: (rng) => dhcpRange(rng, '10.0.7.') },
  { code: 7, name: 'interface', within: 'forward', make: (rng) => element('interface', { dev: `eth2${String(rng.int(5))}` }) },
  { code: 9, name: 'portgroup', within: 'network', make: (rng) => portgroup(rng, rng.int(3), true, 'nat') },
  { code: 10, name: 'host', within: 'dns', make: dnsHost },
  { code: 11, name: 'txt', within: 'dns', make: dnsTxt },
  { code: 12, name: 'srv', within: 'dns', make: dnsSrv },
];

/** A network and one change to it: of something that is there, of something like it, or of something new; often with a fault. */
export function generateUpdate(rng: Random): GeneratedUpdate {
  const network = networkTree(rng);
  const section = rng.pick(SECTIONS);
  const there = allElements(network).filter(({ element: e, parent }) => e.name === section.name && parent?.name === section.within);
  const fragment = there.length > 0 && rng.chance(0.6) ? structuredClone(rng.pick(there).element) : section.make(rng);
  if (rng.chance(0.5)) loosen(fragment, rng);
  if (rng.chance(0.25)) addFault(fragment, rng);
  return {
    xml: writeTree(network, rng),
    section: rng.chance(0.03) ? rng.int(16) : section.code,
    command: rng.chance(0.02) ? rng.int(8) : rng.pick([1, 2, 2, 3, 4]),
    parentIndex: rng.pick([-1, -1, -1, 0, 0, 1, 2, 5]),
    fragment: writeTree(fragment, rng),
  };
}

/** Leaves attributes out, or gives one another value: fragments may name less than the whole entry. */
function loosen(fragment: Tree, rng: Random): void {
  fragment.attributes = fragment.attributes.filter(() => rng.chance(0.7));
  fragment.children = fragment.children.filter(() => rng.chance(0.8));
  const attribute = fragment.attributes[0];
  if (attribute && rng.chance(0.2)) attribute[1] = oddValue(rng, attribute[0], fragment.name);
}
