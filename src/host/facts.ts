import type { HostFacts, LinkFact, PortFacts, RouteFact } from '../compile/facts.ts';
import { devicesOfAdvertisedRoutes } from './links/advertised-routes.ts';
import { closedFolder, statOf } from './dnsmasq/closed-folder.ts';
import { FolderNames } from './system/folder-names.ts';
import type { HostTools } from './handler.ts';
import { markedOwner } from './links/link-rows.ts';
import type { LinkRow } from './iproute/link-row.ts';
import { isOurGroup, parseAlias, ROUTE_PROTOCOL } from './marks.ts';
import { withPrefix } from './links/routes.ts';
import type { RouteRow } from './links/routes.ts';
import { probeCapabilities } from './capabilities.ts';
import { readVfs } from './sriov/sriov-facts.ts';

/** What a compile may depend on: the links, the routes that are not ours, virtual functions, and what kernel and tools can do. */
export async function readFacts(tools: HostTools): Promise<HostFacts> {
  const [rows, routeRows, vfs, capabilities] = await Promise.all([
    tools.dump.read(),
    tools.ip.query<RouteRow>(['route', 'show', 'table', 'all']),
    readVfs(tools.sysfs),
    probeCapabilities(),
  ]);
  const closed = closedFolder(tools.paths.runDir);
  const own = new Set(rows.filter((row) => markedOwner(row) !== undefined).map((row) => row.ifname));
  return {
    links: new Map(rows.map((row) => [row.ifname, linkFact(row)])),
    routes: (routeRows ?? []).flatMap((row) => routeFact(row, own) ?? []),
    vfs,
    capabilities,
    paths: tools.paths,
    folders: { has: (path) => statOf(path)?.isDirectory() === true },
    ...advertisedRoutes(tools.proc),
    ...(closed === undefined ? {} : { closedFolder: closed }),
  };
}

function advertisedRoutes(proc: string): Pick<HostFacts, 'advertisedRoutes'> {
  const devices = devicesOfAdvertisedRoutes(proc);
  return devices.length === 0 ? {} : { advertisedRoutes: devices };
}

/** What single guests depend on. Every link of this namespace has a folder of IPv4 settings. */
export async function readPortFacts({ vfs }: { readonly vfs: boolean }, tools: HostTools): Promise<PortFacts> {
  const [found, capabilities] = await Promise.all([vfs ? readVfs(tools.sysfs) : [], probeCapabilities()]);
  return { links: new FolderNames(`${tools.proc}/sys/net/ipv4/conf`), vfs: found, capabilities };
}

function linkFact(row: LinkRow): LinkFact {
  return {
    name: row.ifname,
    type: row.linkinfo?.info_kind ?? '',
    ...(row.ifalias === undefined ? {} : { alias: row.ifalias }),
    ...(isOurGroup(row.group) && !parseAlias(row.ifalias) && { unmarked: true as const }),
    ...(row.address === undefined ? {} : { mac: row.address }),
    mtu: row.mtu,
    ...(row.master === undefined ? {} : { master: row.master }),
  };
}

/** Routes to hosts and subnets on devices that are not ours; the default route, local, broadcast and multicast routes are no subnets. */
function routeFact(row: RouteRow, own: ReadonlySet<string>): RouteFact | undefined {
  if (row.dev === undefined || own.has(row.dev) || row.protocol === String(ROUTE_PROTOCOL) || row.dst === 'default') return undefined;
  if (row.type !== 'unicast' || row.dst.startsWith('fe80:') || row.dst.startsWith('ff')) return undefined;
  return { to: withPrefix(row.dst), dev: row.dev };
}
