import type { Diagnostic } from '../../base/diagnostic.ts';
import { parseXml } from '../../xml/parse.ts';
import { readContext, toDiagnostic } from '../context.ts';
import type { Dns, DnsTxt } from '../dns.ts';
import type { Network } from '../network.ts';
import { readRoot } from '../read-root.ts';
import { writeNetwork } from '../write-network.ts';

/**
 * The errors that libvirt finds in a network after a change: it writes it out and reads it again, which holds the rules of its parser
 * but not those of its define call. So a portgroup with a vlan gets into a NAT network this way, and DNS hosts into one on a host
 * bridge. Entries that were checked one by one (DHCP, DNS records) are left out: a change costs the same with 60,000 hosts.
 */
export function recheck(network: Network): readonly Diagnostic[] {
  const { document } = parseXml(writeNetwork(outlineOf(network)));
  if (!document) return [];
  const context = readContext(network.name);
  readRoot(context, document.root);
  return context.findings
    .filter((f) => f.severity === 'error')
    .map((f) => {
      // The text that was read is none that the caller has: places in it say nothing.
      const { span: _span, position: _position, ...diagnostic } = toDiagnostic(f, () => ({ line: 1, column: 1 }));
      return diagnostic;
    });
}

function outlineOf(network: Network): Network {
  const ips = network.ips.map(({ dhcp: _dhcp, ...ip }) => ip);
  return network.dns ? { ...network, ips, dns: shortened(network.dns) } : { ...network, ips };
}

/** One record of each kind is enough to tell that there are some; an incomplete one, if any, to tell that. */
function shortened(dns: Dns): Dns {
  const one = <T>(list: readonly T[], incomplete: (entry: T) => boolean): readonly T[] => {
    const entry = list.find(incomplete) ?? list[0];
    return entry === undefined ? [] : [entry];
  };
  return {
    ...dns,
    txts: one(dns.txts, (txt: Partial<DnsTxt>) => txt.value === undefined),
    srvs: dns.srvs.slice(0, 1),
    hosts: one(dns.hosts, (host) => host.hostnames.length === 0),
  };
}
