import { networkInterfaces } from 'node:os';
import { readText } from './small-files.ts';

/**
 * The host's upstream resolvers as lines of a dnsmasq servers-file. A resolver that is the bridge's own address is left out: dnsmasq would
 * ask itself.
 */
export async function upstreamServers(bridge: string, path = '/etc/resolv.conf'): Promise<string> {
  const own = new Set((networkInterfaces()[bridge] ?? []).map((a) => a.address));
  const text = (await readText(path)) ?? '';
  const servers = text
    .split('\n')
    .map((line) => /^\s*nameserver\s+([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\s*$/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && !own.has(address));
  return [...new Set(servers)].map((address) => `server=${address}\n`).join('');
}
