import { existsSync } from 'node:fs';
import { shellLine } from './text.ts';

/** Where `ip netns` has its names, as paths of them may be written. */
const NAMED = /^(?:\/(?:var\/)?run\/netns\/)?([^/]+)$/;

/**
 * The command that asks for an address in a guest's namespace. A DHCP client writes the resolvers that it is told to /etc/resolv.conf: to the
 * host's own, unless the namespace has a file for it, which `ip netns exec` puts there (ip-netns(8)). `isPrivate` where the host's is not
 * at stake.
 */
export function askByDhcp(netns: string, dev: string, isPrivate: boolean): string {
  const name = NAMED.exec(netns)?.[1];
  const client = ['udhcpc', '-i', dev] as const;
  if (name === undefined) return `${shellLine(...client)}   (inside: its files are not the host's there)`;
  const folder = `/etc/netns/${name}`;
  const file = `${folder}/resolv.conf`;
  const asks = shellLine('ip', 'netns', 'exec', name, ...client);
  return isPrivate || existsSync(file) ? asks : `${shellLine('mkdir', '-p', folder)} && ${shellLine('touch', file)} && ${asks}`;
}
