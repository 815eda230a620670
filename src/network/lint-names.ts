import { longerThanBytes } from '../base/utf8.ts';
import { child, type XmlElement } from '../xml/node.ts';
import { warn, type ReadContext } from './context.ts';
import { warnAt } from './lint-warn.ts';
import type { Network } from './network.ts';

/** RFC 1035 and 2181: labels of 1 to 63 bytes, 253 in all; letters, digits, dashes and (in use everywhere) underscores. */
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const NAME = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`);

/** True for a name that DNS can carry; one final dot is allowed. */
function isDnsName(name: string): boolean {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  return bare.length <= 253 && NAME.test(bare);
}

/** Names that DNS cannot carry, and a name of the network that its files cannot have. */
export function lintNames(context: ReadContext, root: XmlElement, network: Network): void {
  const { domain, dns } = network;
  const bad = (part: object, name: string, attribute?: string): void => {
    if (isDnsName(name)) return;
    warnAt(context, part, {
      code: 'VNM072',
      message: name === '' ? 'an empty name has no meaning in DNS' : `'${name}' is no name that DNS can carry`,
      attribute,
      found: name,
      allowed: 'labels of letters, digits and dashes, at most 63 bytes each, with dots between',
      hint: 'write it like lab.example.org',
    });
  };
  if (domain) bad(domain, domain.name, 'name');
  for (const f of dns?.forwarders ?? []) if (f.domain !== undefined && f.domain !== '') bad(f, f.domain, 'domain');
  for (const host of dns?.hosts ?? []) for (const name of host.hostnames) bad(host, name);
  for (const srv of dns?.srvs ?? []) {
    if (srv.domain !== undefined && srv.domain !== '') bad(srv, srv.domain, 'domain');
    if (srv.target !== undefined && srv.target !== '.' && srv.target !== '') bad(srv, srv.target, 'target');
  }
  for (const ip of network.ips) for (const host of ip.dhcp?.hosts ?? []) if (host.name !== undefined) bad(host, host.name, 'name');
  const name = child(root, 'name');
  if (name && (/[\t\\]/.test(network.name) || network.name === '.' || network.name === '..' || longerThanBytes(network.name, 240))) {
    warn(context, name, {
      code: 'VNM055',
      message: 'files named after this network cannot be made or read back',
      found: network.name,
      hint: 'choose a name of letters, digits, dashes and dots',
    });
  }
}
