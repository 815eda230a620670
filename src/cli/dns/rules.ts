import type { Network } from '../../network/network.ts';

/** Who answers names that are in no record. */
export interface DnsRule {
  /** A domain with all below it, `plain names` (without a dot), or `everything else`. */
  readonly names: string;
  readonly answeredBy: string;
}

const NOBODY = 'nobody: such a name does not exist';
const RESOLVERS = "the host's resolvers";

/** In the order in which they matter: the narrower first. */
export function rulesOf(network: Network): readonly DnsRule[] {
  const { dns, domain, forward } = network;
  if (dns?.enable === false) return [{ names: 'everything', answeredBy: 'nobody: DNS is off here' }];
  const forwarders = dns?.forwarders ?? [];
  const general = forwarders.filter((f) => f.domain === undefined).map((f) => f.addr ?? RESOLVERS);
  const rest = general.length > 0 ? general.join(', ') : forward.mode === 'none' ? 'nobody: the network is isolated' : RESOLVERS;
  return [
    ...forwarders.flatMap((f) => (f.domain === undefined ? [] : [{ names: f.domain, answeredBy: f.addr ?? RESOLVERS }])),
    ...(domain?.localOnly === true ? [{ names: domain.name, answeredBy: NOBODY }] : []),
    ...(dns?.forwardPlainNames === false ? [{ names: 'plain names', answeredBy: NOBODY }] : []),
    { names: 'everything else', answeredBy: rest },
  ];
}

/** The rule for a name. */
export function ruleFor(name: string, rules: readonly DnsRule[]): DnsRule | undefined {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  const inside = (zone: string): boolean => wanted === zone || wanted.endsWith(`.${zone}`);
  const zones = rules.filter((r) => inside(r.names.toLowerCase())).sort((a, b) => b.names.length - a.names.length);
  const plain = wanted.includes('.') ? undefined : rules.find((r) => r.names === 'plain names');
  return zones[0] ?? plain ?? rules.at(-1);
}
