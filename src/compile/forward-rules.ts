import type { Family } from '../inet/index.ts';
import type { PortForward } from '../forwards/forward.ts';
import { formatSource, targetPorts } from '../forwards/forward.ts';
import type { MapName } from './firewall-base.ts';
import type { FirewallResource } from './host-state.ts';

type Chain = FirewallResource['chains'][number];
type Element = FirewallResource['elements'][number];

/** The maps of one family: what is listened on, to the chain that translates; and what was translated to, to the chain that accepts it. */
const MAPS: Readonly<Record<Family, { readonly listen: MapName; readonly translated: MapName }>> = {
  ipv4: { listen: 'forward_ip', translated: 'forwarded_ip' },
  ipv6: { listen: 'forward_ip6', translated: 'forwarded_ip6' },
};

const EVERY: Readonly<Record<Family, string>> = { ipv4: '0.0.0.0/0', ipv6: '::/0' };

/**
 * The chains and map elements of a network's port forwards: a chain each, which a look-up of the packet's address, protocol and port leads
 * to, so that its cost grows neither with networks nor with forwards.
 *
 * `prefix` begins the names of the network's chains. A chain is named by what it listens on: an edit of one leaves the others alone.
 */
export function forwardParts(
  prefix: string,
  forwards: readonly PortForward[],
): { readonly chains: readonly Chain[]; readonly elements: readonly Element[] } {
  if (forwards.length === 0) return { chains: [], elements: [] };
  const listening = forwards.map((forward) => {
    const name = `${prefix}${nameOf(forward)}`;
    const { family, proto, address = EVERY[family], port, end } = forward;
    const element = { map: MAPS[family].listen, key: keyOf(address, proto, port, end), verdict: `jump ${name}` };
    return { chain: { name, rules: translation(forward) }, element };
  });
  const translated = destinations(forwards).map(({ family, target, proto, first, last, sources }) => {
    const name = `${prefix}forwarded${sources === undefined ? '' : `_${proto}_${wordOf(target)}_${String(first)}`}`;
    const element = { map: MAPS[family].translated, key: keyOf(target, proto, first, last), verdict: `jump ${name}` };
    return { chain: { name, rules: sources?.map((source) => `${field(family)} saddr ${source} accept`) ?? ['accept'] }, element };
  });
  const all = [...listening, ...translated];
  return {
    chains: [...new Map(all.map(({ chain }) => [chain.name, chain])).values()],
    elements: all.map(({ element }) => element),
  };
}

/**
 * A guest that asks for a guest of its own network by the host's address: the answer has to come back by way of the host, so the host is
 * who asks.
 */
export function masqueradeHairpin(bridge: string): string {
  return `oifname ${bridge} ct status dnat masquerade`;
}

/** `tcp_8080`, `udp_203_0_113_1_53`: letters, digits and underscores. */
function nameOf({ family, proto, address, port }: PortForward): string {
  const where = address === undefined ? field(family) : wordOf(address);
  return `forward_${proto}_${where}_${String(port)}`;
}

function wordOf(address: string): string {
  return address.replace(/[.:]/g, '_');
}

function field(family: Family): 'ip' | 'ip6' {
  return family === 'ipv4' ? 'ip' : 'ip6';
}

/** A key of the maps as nft lists it. */
function keyOf(address: string, proto: string, first: number, last: number): string {
  return `${address} . ${proto} . ${first === last ? String(first) : `${String(first)}-${String(last)}`}`;
}

/**
 * What is for this host itself is translated, one rule a source. Loopback's addresses are the host's own, and those of a link are nobody's
 * elsewhere: neither is forwarded.
 */
function translation({ family, proto, address, target, toPort, sources }: PortForward): readonly string[] {
  const ip = field(family);
  const notLocal = family === 'ipv4' ? 'ip daddr != 127.0.0.0/8 ' : 'ip6 daddr != { ::1, fe80::/10 } ';
  const to = `${family === 'ipv6' && toPort !== undefined ? `[${target}]` : target}${toPort === undefined ? '' : `:${String(toPort)}`}`;
  const rule = `meta l4proto ${proto} fib daddr type local ${address === undefined ? notLocal : ''}dnat ${ip} to ${to}`;
  if (sources === undefined) return [rule];
  // nft cannot list a match on everything: it is none.
  return sources.map((source) => (source.prefix === 0 ? rule : `${ip} saddr ${formatSource(source)} ${rule}`));
}

interface Destination {
  readonly family: Family;
  readonly target: string;
  readonly proto: string;
  readonly first: number;
  readonly last: number;
  /** Who may, as nft lists them; absent: everybody. */
  readonly sources?: readonly string[];
}

/**
 * Where forwarded packets go: the guests' ports, cut where another forward begins or ends, for a map holds no key twice. Whom a forward leads to such
 * ports no longer, though it did, is not among their sources.
 */
function destinations(forwards: readonly PortForward[]): readonly Destination[] {
  const guests = new Map<string, (PortForward & ReturnType<typeof targetPorts>)[]>();
  for (const forward of forwards) {
    const key = `${forward.proto} ${forward.target}`;
    guests.set(key, [...(guests.get(key) ?? []), { ...forward, ...targetPorts(forward) }]);
  }
  return [...guests.values()].flatMap((own) => {
    const edges = [...new Set(own.flatMap(({ first, last }) => [first, last + 1]))].sort((a, b) => a - b);
    return edges.flatMap((first, i): readonly Destination[] => {
      const last = (edges[i + 1] ?? first) - 1;
      const leading = own.filter((forward) => forward.first <= first && last <= forward.last && first <= last);
      const [one] = leading;
      if (one === undefined) return [];
      const { family, target, proto } = one;
      const everybody = leading.some(({ sources }) => sources === undefined || sources.some(({ prefix }) => prefix === 0));
      const sources = everybody ? undefined : [...new Set(leading.flatMap((forward) => (forward.sources ?? []).map(formatSource)))];
      return [{ family, target, proto, first, last, ...(sources && { sources }) }];
    });
  });
}
