import { bitsOf, lastAddress, network as subnetNetwork, parseSubnet, type Family, type Subnet } from '../inet/index.ts';
import { isManaged, type Network } from '../network/network.ts';
import type { RouteFact } from './facts.ts';
import { addressedIps, subnetOfRoute } from './subnets.ts';

/** A subnet that somebody has already. */
export interface Taken {
  /** Host bits cleared. */
  readonly subnet: Subnet;
  readonly dev: string;
  /** For people: whose it is. */
  readonly whose: string;
  /** The network that has it; undefined for the host. */
  readonly uuid?: string | undefined;
}

/** Answers who has a subnet, or a part of it, without looking at all of them: a thousand networks are checked against one another. */
export class TakenSubnets {
  /** By family, prefix length and address. */
  readonly #exact = new Map<string, Taken[]>();
  readonly #prefixes: Readonly<Record<Family, Set<number>>> = { ipv4: new Set(), ipv6: new Set() };
  /** By first address. */
  readonly #sorted: Readonly<Record<Family, Taken[]>> = { ipv4: [], ipv6: [] };

  constructor(all: readonly Taken[]) {
    for (const taken of all) {
      const { family, prefix, value } = taken.subnet;
      const key = keyOf(family, prefix, value);
      const same = this.#exact.get(key);
      if (same) same.push(taken);
      else this.#exact.set(key, [taken]);
      this.#prefixes[family].add(prefix);
      this.#sorted[family].push(taken);
    }
    for (const family of ['ipv4', 'ipv6'] as const) {
      this.#sorted[family].sort((a, b) => (a.subnet.value < b.subnet.value ? -1 : a.subnet.value > b.subnet.value ? 1 : 0));
    }
  }

  /** Those who have just this subnet. */
  equal(subnet: Subnet): readonly Taken[] {
    return this.#exact.get(keyOf(subnet.family, subnet.prefix, subnetNetwork(subnet).value)) ?? [];
  }

  /** Those who have a larger subnet around this one, or a smaller one in it; not those who have just this one. */
  overlapping(subnet: Subnet): readonly Taken[] {
    const { family, prefix } = subnet;
    const around = [...this.#prefixes[family]]
      .filter((wider) => wider < prefix)
      .flatMap((wider) => this.equal({ ...subnet, prefix: wider }));
    return [...around, ...this.#within(subnet)];
  }

  #within(subnet: Subnet): readonly Taken[] {
    const sorted = this.#sorted[subnet.family];
    const first = subnetNetwork(subnet).value;
    const last = lastAddress(subnet).value;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as Taken).subnet.value < first) low = middle + 1;
      else high = middle;
    }
    const inside: Taken[] = [];
    for (let i = low; i < sorted.length && (sorted[i] as Taken).subnet.value <= last; i++) {
      const taken = sorted[i] as Taken;
      if (taken.subnet.prefix > subnet.prefix) inside.push(taken);
    }
    return inside;
  }
}

function keyOf(family: Family, prefix: number, value: bigint): string {
  return `${String(bitsOf(family))}/${String(prefix)}/${value.toString(36)}`;
}

const ofHost = new WeakMap<readonly RouteFact[], TakenSubnets>();
const ofNetworks = new WeakMap<readonly Network[], TakenSubnets>();

/** The subnets of the host's routes and addresses. The default route covers everything and takes nothing. */
export function hostSubnets(routes: readonly RouteFact[]): TakenSubnets {
  return memoized(ofHost, routes, () =>
    routes.flatMap(({ to, dev }) => {
      const subnet = parseSubnet(to);
      return subnet && subnet.prefix > 0 ? [{ subnet: subnetNetwork(subnet), dev, whose: `interface '${dev}'` }] : [];
    }),
  );
}

/** The subnets of networks on bridges of their own, and those that they have routes to. */
export function networkSubnets(networks: readonly Network[]): TakenSubnets {
  return memoized(ofNetworks, networks, () =>
    networks.filter(isManaged).flatMap((network) => {
      const dev = network.bridge?.name ?? network.name;
      const whose = `network '${network.name}' (bridge '${dev}')`;
      const routes = network.routes.flatMap((route) => subnetOfRoute(route) ?? []).filter(({ prefix }) => prefix > 0);
      return [...addressedIps(network).map(({ subnet }) => subnetNetwork(subnet)), ...routes].map((subnet) => ({
        subnet,
        dev,
        whose,
        uuid: network.uuid,
      }));
    }),
  );
}

function memoized<K extends object>(cache: WeakMap<K, TakenSubnets>, key: K, list: () => readonly Taken[]): TakenSubnets {
  let known = cache.get(key);
  if (!known) {
    known = new TakenSubnets(list());
    cache.set(key, known);
  }
  return known;
}
