import { addressOf, inner, outer, outsides, type Family, type MatrixNetwork, type Party } from './matrix.ts';

/** What a first packet meets and what the sender sees of it. */
export type Outcome = 'refused' | 'silent' | { readonly seenAs: string };

/** How a network's guests leave it in this family: by rules of its own (`nat`, `route`, `isolated`), or with none (`open`). */
function treatment(net: MatrixNetwork | undefined, family: Family): 'nat' | 'route' | 'isolated' | 'none' {
  if (!net || net.kind === 'open') return 'none';
  if (net.kind === 'isolated') return 'isolated';
  return net.kind === 'route' || (family === 'ipv6' && !net.nat66) ? 'route' : 'nat';
}

/** A packet between devices of the host: whether the way lets it pass, from the words of section 8 of the format's catalogue. */
function passes(from: Party, to: Party, family: Family, answer: boolean): boolean {
  if (to.network !== undefined && to.network === from.network) return true;
  // Who is sent to decides first, and finally.
  const inward = treatment(to.network, family);
  const fromDevice = to.network?.dev === undefined || to.network.dev === from.dev;
  if (inward === 'nat') return answer && fromDevice;
  if (inward === 'route') return fromDevice;
  if (inward === 'isolated') return false;
  // Else the sender's own network.
  const outward = treatment(from.network, family);
  if (outward === 'none') return true;
  return outward !== 'isolated' && (from.network?.dev === undefined || from.network.dev === to.dev);
}

/**
 * What should come of a first packet from one party to another. Nothing stands between the host and its guests but their bridges;
 * what is answered comes back only if the way back lets it.
 */
export function expected(from: Party, to: Party, family: Family): Outcome {
  if (from.dev === undefined || to.dev === undefined) return { seenAs: plainSource(from, to, family) };
  if (!passes(from, to, family, false)) return 'refused';
  const translated = translation(from, to, family);
  // The answer to a translated packet is translated back before the rules see it: it goes to the first sender either way.
  if (!passes(to, from, family, true)) return 'silent';
  return { seenAs: translated ?? plainSource(from, to, family) };
}

/** The source that a packet leaves with when it is translated: the pool's, or the host's on the way out. */
function translation(from: Party, to: Party, family: Family): string | undefined {
  const net = from.network;
  if (!net || net === to.network || treatment(net, family) !== 'nat') return undefined;
  if (net.dev !== undefined && net.dev !== to.dev) return undefined;
  if (family === 'ipv4' && net.natAddress !== undefined) return net.natAddress;
  return hostAddress(to, family);
}

/** The host's own address on the side of a party. */
function hostAddress(party: Party, family: Family): string {
  if (party.network) return inner(party.network, 1, family);
  const side = outsides.find(({ name }) => name === party.name);
  return side ? outer(side.n, 5, family) : '';
}

function plainSource(from: Party, to: Party, family: Family): string {
  return from.dev === undefined ? hostAddress(to, family) : (addressOf(from, to, family) ?? '');
}
