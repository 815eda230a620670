import type { HostTools } from '../handler.ts';
import type { LinkRow } from '../iproute/link-row.ts';
import { addressesOf } from '../links/link-rows.ts';
import { readText } from '../system/small-files.ts';

/** The addresses of the host's resolvers, in the order of its resolv.conf. */
export function hostResolvers(path = '/etc/resolv.conf'): readonly string[] {
  const text = readText(path) ?? '';
  const found = text.split('\n').flatMap((line) => /^\s*nameserver\s+([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\s*$/.exec(line)?.[1] ?? []);
  return [...new Set(found)];
}

/**
 * The host's resolvers as lines of a dnsmasq servers-file. One that is the bridge's own address is left out: dnsmasq would ask itself.
 * @param bridge as ip(8) shows it; absent where there is none.
 */
export function serverLines(resolvers: readonly string[], bridge: LinkRow | undefined): string {
  const own = new Set((bridge?.addr_info ?? []).flatMap((a) => a.local ?? []));
  return resolvers
    .filter((address) => !own.has(address))
    .map((address) => `server=${address}\n`)
    .join('');
}

/** `serverLines` for bridges of which nothing is known yet, by their names. Asks ip(8) only when a resolver could be a bridge's address. */
export async function upstreamServers(bridges: readonly string[], tools: HostTools): Promise<(bridge: string) => string> {
  const resolvers = bridges.length === 0 ? [] : hostResolvers();
  const isElsewhere = resolvers.every((address) => /^127\./.test(address) || address === '::1');
  const rows = isElsewhere ? new Map<string, LinkRow>() : await addressesOf(bridges, tools);
  return (bridge) => serverLines(resolvers, rows.get(bridge));
}
