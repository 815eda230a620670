import type { Diagnostic, LibvirtError } from '../base/diagnostic.ts';
import { claimSame, formatListen } from '../forwards/forward.ts';
import { forwardsOf } from '../forwards/document.ts';
import { formatIp, formatSubnet, network as subnetNetwork, type Subnet } from '../inet/index.ts';
import { isManaged, type Network } from '../network/network.ts';
import { checkDevices } from './devices.ts';
import type { HostFacts } from './facts.ts';
import { libvirtHelperSays, libvirtSays, Report } from './report.ts';
import { addressedIps, forwardsFamily, subnetOfRoute } from './subnets.ts';
import { hostSubnets, networkSubnets, type Taken } from './taken-subnets.ts';

/** The mark that a link of a network carries as its alias in the kernel. */
export function linkAlias(network: string, port?: string): string {
  return port === undefined ? `virtnet:${network}` : `virtnet:${network}:${port}`;
}

/**
 * What on this host, or among the other running networks, stands in the way of a network: an equal subnet (VNC001) or an overlapping
 * one (VNC002, a warning), a bridge name that is not ours (VNC003), devices that are not there (VNC004, VNC010), a port that another network
 * forwards (VNC015), routes of the host that would go (VNC016).
 */
export function findConflicts(network: Network, facts: HostFacts, others: readonly Network[] = []): readonly Diagnostic[] {
  const report = new Report();
  if (isManaged(network)) {
    checkBridgeFree(network, facts, others, report);
    const neighbours = neighboursOf(network, facts, others);
    checkAddresses(network, neighbours, report);
    checkRoutes(network, neighbours, report);
    checkForwards(network, others, report);
    checkAdvertisedRoutes(network, facts, report);
  }
  checkDevices(network, facts, report);
  return report.diagnostics;
}

/** Who stands in the way of a network: its own subnets and bridge do not count. */
interface Neighbours {
  equal(subnet: Subnet): Taken | undefined;
  overlapping(subnet: Subnet): readonly Taken[];
}

function neighboursOf(network: Network, facts: HostFacts, others: readonly Network[]): Neighbours {
  const all = [hostSubnets(facts.routes), networkSubnets(others)];
  const foreign = ({ uuid, dev }: Taken): boolean => (uuid === undefined ? dev !== network.bridge?.name : uuid !== network.uuid);
  return {
    equal: (subnet) => all.flatMap((subnets) => subnets.equal(subnet)).find(foreign),
    overlapping: (subnet) => all.flatMap((subnets) => subnets.overlapping(subnet)).filter(foreign),
  };
}

function checkAddresses(network: Network, neighbours: Neighbours, report: Report): void {
  for (const { subnet, index } of addressedIps(network)) {
    const path = `/network/ip[${String(index)}]`;
    const own = formatSubnet(subnetNetwork(subnet));
    const equal = neighbours.equal(subnet);
    if (equal) {
      report.error({
        code: 'VNC001',
        message: `subnet ${own} is in use by ${equal.whose}`,
        path,
        found: own,
        hint: 'choose another subnet for the network',
        libvirt: inUseBy(equal.dev),
      });
      continue;
    }
    for (const other of neighbours.overlapping(subnet)) warnOverlap(own, subnet, other, path, report);
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

function checkRoutes(network: Network, neighbours: Neighbours, report: Report): void {
  for (const [i, route] of network.routes.entries()) {
    const to = subnetOfRoute(route);
    const equal = to && to.prefix > 0 ? neighbours.equal(to) : undefined;
    if (!to || !equal) continue;
    report.error({
      code: 'VNC001',
      message: `the route to ${formatSubnet(to)} is in conflict with ${equal.whose}, which has that subnet`,
      path: `/network/route[${String(i + 1)}]`,
      found: formatSubnet(to),
      hint: 'remove the route, or the other owner of the subnet',
      libvirt: routeInUseBy(to, equal.dev),
    });
  }
}

function checkForwards(network: Network, others: readonly Network[], report: Report): void {
  const { forwards } = forwardsOf(network);
  if (forwards.length === 0) return;
  const theirs = others.flatMap((o) =>
    o.uuid === network.uuid ? [] : forwardsOf(o).forwards.map((forward) => ({ forward, name: o.name })),
  );
  for (const forward of forwards) {
    const other = theirs.find((t) => claimSame(t.forward, forward));
    if (!other) continue;
    report.error({
      code: 'VNC015',
      message: `${formatListen(forward)} is forwarded to '${other.forward.to}' of network '${other.name}' already`,
      path: '/network/metadata',
      found: formatListen(forward),
      hint: 'choose another port or address, or remove the other forward',
      libvirt: libvirtSays(55, `port forward ${formatListen(forward)} is in use by network '${other.name}'`),
    });
  }
}

function checkAdvertisedRoutes(network: Network, { advertisedRoutes: devices = [] }: HostFacts, report: Report): void {
  const [first] = devices;
  if (first === undefined || !forwardsFamily(network, 'ipv6')) return;
  const settings = devices.map((dev) => `net/ipv6/conf/${dev}/accept_ra=2`);
  report.error({
    code: 'VNC016',
    message: `IPv6 forwarding would take the routes away that this host has by router advertisements on '${devices.join("', '")}'`,
    path: '/network/forward',
    hint: `let the kernel go on listening to the router: sysctl -w ${settings.join(' ')} (and in /etc/sysctl.d, for the next boot)`,
    libvirt: libvirtHelperSays(
      1,
      `Check the host setup: interface ${first} has kernel autoconfigured IPv6 routes and enabling forwarding without accept_ra set to 2 will cause the kernel to flush them, breaking networking.`,
    ),
  });
}

function checkBridgeFree(network: Network, facts: HostFacts, others: readonly Network[], report: Report): void {
  const bridge = network.bridge?.name;
  if (bridge === undefined) return;
  const path = '/network/bridge/@name';
  const other = bridgesOf(others)
    .get(bridge)
    ?.find((o) => o.uuid !== network.uuid);
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
  if (!link || link.unmarked || (network.uuid !== undefined && link.alias === linkAlias(network.uuid))) return;
  const what = link.alias?.startsWith('virtnet:') ? 'belongs to another network of virtnet' : 'was not made by virtnet';
  report.error({
    code: 'VNC003',
    message: `a device '${bridge}' (${link.type || 'physical'}) exists and ${what}`,
    path,
    found: bridge,
    hint: `choose another bridge name; for a network on that bridge use <forward mode='bridge'/>`,
    libvirt: inUse(network, facts) ?? libvirtHelperSays(38, `error creating bridge interface ${bridge}: File exists`),
  });
}

/**
 * libvirt looks for an interface with a subnet of the network or of its routes before it makes the bridge, and at IPv4 alone: a bridge left behind
 * with such an address is told so.
 */
function inUse(network: Network, { routes }: HostFacts): LibvirtError | undefined {
  const holder = (subnet: Subnet | undefined): string | undefined =>
    subnet?.family === 'ipv4' && subnet.prefix > 0 ? hostSubnets(routes).equal(subnet)[0]?.dev : undefined;
  for (const { subnet } of addressedIps(network)) {
    const dev = holder(subnet);
    if (dev !== undefined) return inUseBy(dev);
  }
  for (const to of network.routes.map(subnetOfRoute)) {
    const dev = holder(to);
    if (to && dev !== undefined) return routeInUseBy(to, dev);
  }
  return undefined;
}

function inUseBy(dev: string): LibvirtError {
  return libvirtHelperSays(1, `Network is already in use by interface ${dev}`);
}

function routeInUseBy(to: Subnet, dev: string): LibvirtError {
  return libvirtHelperSays(1, `Route address '${formatIp(to)}' conflicts with IP address for '${dev}'`);
}

const bridges = new WeakMap<readonly Network[], ReadonlyMap<string, readonly Network[]>>();

/** The networks by the names of their bridges. */
function bridgesOf(networks: readonly Network[]): ReadonlyMap<string, readonly Network[]> {
  let known = bridges.get(networks);
  if (!known) {
    const byName = new Map<string, Network[]>();
    for (const network of networks) {
      const name = network.bridge?.name;
      if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), network]);
    }
    bridges.set(networks, byName);
    known = byName;
  }
  return known;
}
