import type { Diagnostic } from '../base/diagnostic.ts';
import { formatIp, formatSubnet, network as subnetNetwork, overlaps, parseSubnet, sameNetwork, type Subnet } from '../inet/index.ts';
import { isManaged, type Network } from '../network/network.ts';
import type { CompleteNetwork } from './complete.ts';
import { checkDevices } from './devices.ts';
import type { HostFacts } from './facts.ts';
import { libvirtSays, Report } from './report.ts';
import { addressedIps, subnetOfRoute } from './subnets.ts';

/** The mark that a link of a network carries as its alias in the kernel. */
export function linkAlias(network: string, port?: string): string {
  return port === undefined ? `virtnet:${network}` : `virtnet:${network}:${port}`;
}

/**
 * What on this host, or among the other running networks, stands in the way of a network: an equal subnet (VNC001) or an overlapping
 * one (VNC002, a warning), a bridge name that is not ours (VNC003), devices that are not there (VNC004, VNC010).
 */
export function findConflicts(network: Network, facts: HostFacts, others: readonly Network[] = []): readonly Diagnostic[] {
  const report = new Report();
  checkConflicts(network as CompleteNetwork, facts, others, report);
  return report.diagnostics;
}

/** `findConflicts` into a report. */
export function checkConflicts(network: CompleteNetwork, facts: HostFacts, others: readonly Network[], report: Report): void {
  if (isManaged(network)) {
    checkBridgeFree(network, facts, others, report);
    const taken = [...hostSubnets(facts, network), ...others.flatMap((other) => networkSubnets(other, network))];
    checkAddresses(network, taken, report);
    checkRoutes(network, taken, report);
  }
  checkDevices(network, facts, report);
}

/** A subnet that somebody has already. */
interface Taken {
  readonly subnet: Subnet;
  readonly dev: string;
  /** For people: whose it is. */
  readonly whose: string;
}

function hostSubnets(facts: HostFacts, network: Network): readonly Taken[] {
  return facts.routes.flatMap(({ to, dev }) => {
    const subnet = parseSubnet(to);
    // The default route covers everything and takes nothing; what is on our own bridge is ours.
    if (!subnet || subnet.prefix === 0 || dev === network.bridge?.name) return [];
    return [{ subnet, dev, whose: `interface '${dev}'` }];
  });
}

function networkSubnets(other: Network, network: Network): readonly Taken[] {
  if (other.uuid === network.uuid || !isManaged(other)) return [];
  const dev = other.bridge?.name ?? other.name;
  return addressedIps(other).map(({ subnet }) => ({ subnet, dev, whose: `network '${other.name}' (bridge '${dev}')` }));
}

function checkAddresses(network: Network, taken: readonly Taken[], report: Report): void {
  for (const { subnet, index } of addressedIps(network)) {
    const path = `/network/ip[${String(index)}]`;
    const own = formatSubnet(subnetNetwork(subnet));
    const equal = taken.find((t) => sameNetwork(t.subnet, subnet));
    if (equal) {
      report.error({
        code: 'VNC001',
        message: `subnet ${own} is in use by ${equal.whose}`,
        path,
        found: own,
        hint: 'choose another subnet for the network',
        libvirt: libvirtSays(1, `Network is already in use by interface ${equal.dev}`),
      });
      continue;
    }
    for (const other of taken.filter((t) => overlaps(t.subnet, subnet))) warnOverlap(own, subnet, other, path, report);
  }
}

/** The longer prefix wins a packet: the addresses of the smaller subnet are reached there, and not through the larger one. */
function warnOverlap(own: string, subnet: Subnet, other: Taken, path: string, report: Report): void {
  const theirs = formatSubnet(subnetNetwork(other.subnet));
  const lost =
    subnet.prefix > other.subnet.prefix
      ? `${own} will no longer be reached through ${other.whose}`
      : `guests with addresses in ${theirs} will be out of reach: they belong to ${other.whose}`;
  report.warn({
    code: 'VNC002',
    message: `subnet ${own} overlaps ${theirs} of ${other.whose}; ${lost}`,
    path,
    found: own,
    hint: "choose a subnet that overlaps none of the host's",
  });
}

function checkRoutes(network: Network, taken: readonly Taken[], report: Report): void {
  for (const [i, route] of network.routes.entries()) {
    const to = subnetOfRoute(route);
    const equal = to && to.prefix > 0 ? taken.find((t) => sameNetwork(t.subnet, to)) : undefined;
    if (!to || !equal) continue;
    report.error({
      code: 'VNC001',
      message: `the route to ${formatSubnet(to)} is in conflict with ${equal.whose}, which has that subnet`,
      path: `/network/route[${String(i + 1)}]`,
      found: formatSubnet(to),
      hint: 'remove the route, or the other owner of the subnet',
      libvirt: libvirtSays(1, `Route address '${formatIp(to)}' conflicts with IP address for '${equal.dev}'`),
    });
  }
}

function checkBridgeFree(network: CompleteNetwork, facts: HostFacts, others: readonly Network[], report: Report): void {
  const bridge = network.bridge?.name;
  if (bridge === undefined) return;
  const path = '/network/bridge/@name';
  const other = others.find((o) => o.uuid !== network.uuid && o.bridge?.name === bridge);
  if (other) {
    report.error({
      code: 'VNC003',
      message: `bridge name '${bridge}' is in use by network '${other.name}'`,
      path,
      found: bridge,
      hint: 'choose another name, or leave it out: a free one is chosen',
      libvirt: libvirtSays(1, `bridge name '${bridge}' already in use.`),
    });
    return;
  }
  const link = facts.links.get(bridge);
  if (!link || link.alias === linkAlias(network.uuid)) return;
  const what = link.alias?.startsWith('virtnet:') ? 'belongs to another network of virtnet' : 'was not made by virtnet';
  report.error({
    code: 'VNC003',
    message: `a device '${bridge}' (${link.type || 'physical'}) exists and ${what}`,
    path,
    found: bridge,
    hint: `choose another bridge name; for a network on that bridge use <forward mode='bridge'/>`,
    libvirt: libvirtSays(38, `error creating bridge interface ${bridge}: File exists`),
  });
}
