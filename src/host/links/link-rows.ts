import type { Owner, Resource, ResourceKind } from '../../compile/host-state.ts';
import type { HostTools, Look, ResourceOf } from '../handler.ts';
import type { ObserveRequest } from '../host.ts';
import { parseRows } from '../iproute/ip-coprocess.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import { isThere } from './link-removal.ts';
import type { LinkRow } from '../iproute/link-row.ts';
import { groupOf, isOurGroup, isShaperName, isTapBirthName, parseAlias, shaperNames, UNKNOWN_NETWORK } from '../marks.ts';

const owners = new WeakMap<LinkRow, Owner | 'nobody of ours'>();

/** Whose a link is by its marks; undefined for a link of somebody else's. A row is read once, however often it is asked. */
export function markedOwner(row: LinkRow): Owner | undefined {
  const known = owners.get(row) ?? readOwner(row) ?? 'nobody of ours';
  owners.set(row, known);
  return known === 'nobody of ours' ? undefined : known;
}

function readOwner(row: LinkRow): Owner | undefined {
  const isUnfinished = isOurGroup(row.group) || isTapBirthName(row.ifname);
  return parseAlias(row.ifalias)?.owner ?? (isUnfinished ? { network: UNKNOWN_NETWORK } : undefined);
}

/**
 * Finds the links that an observation is about. For all networks that is one dump; for some it asks for their link groups and for the
 * devices that `desired` names.
 */
export async function lookAtLinks(request: ObserveRequest, tools: HostTools): Promise<Look> {
  const named = namedDevices(request.desired.values());
  const rows = await rowsFor(request, named, tools);
  const links = new Map<string, LinkRow>();
  const helpers = new Map<string, LinkRow>();
  for (const row of rows) {
    const owner = markedOwner(row);
    const wanted =
      owner !== undefined &&
      (request.networks === 'all' ||
        request.networks.has(owner.network) ||
        (owner.network === UNKNOWN_NETWORK && inGroups(row, request.networks)));
    if (wanted && isShaperName(row.ifname)) helpers.set(row.ifname, row);
    else if (wanted || named.has(row.ifname)) links.set(row.ifname, row);
  }
  return {
    request,
    links,
    helpers,
    ownerOf: (dev) => {
      const row = links.get(dev);
      return (row && markedOwner(row)) ?? named.get(dev);
    },
    wants: (network) => request.networks === 'all' || request.networks.has(network),
    desired: byKind(request.desired.values()),
  };
}

/** Answers with the resources of a kind; they are sorted out once, however often it is asked. */
function byKind(resources: Iterable<Resource>): Look['desired'] {
  const kinds = new Map<ResourceKind, Resource[]>();
  for (const r of resources) {
    const same = kinds.get(r.kind);
    if (same) same.push(r);
    else kinds.set(r.kind, [r]);
  }
  return <K extends ResourceKind>(kind: K) => (kinds.get(kind) ?? []).filter((r): r is ResourceOf<K> => r.kind === kind);
}

/** With single ports in view there are only the devices that `desired` names, and the helpers of those that are shaped. */
function rowsFor(request: ObserveRequest, named: ReadonlyMap<string, Owner | undefined>, tools: HostTools): Promise<readonly LinkRow[]> {
  if (request.networks === 'all') return dump(tools);
  if (request.ports === undefined) return marked(request.networks, [...named.keys()], tools);
  return marked(
    new Set(),
    [...named.keys()].flatMap((dev) => [dev, ...shaperNames(dev)]),
    tools,
  );
}

function dump(tools: HostTools): Promise<readonly LinkRow[]> {
  return tools.dump.take();
}

async function marked(networks: ReadonlySet<string>, named: readonly string[], tools: HostTools): Promise<readonly LinkRow[]> {
  const groups = [...new Set([...networks].map(groupOf))];
  if (groups.length > MANY || named.length > MANY) return dump(tools);
  return rowsOf([...groups.map((group) => ['address', 'show', 'group', String(group)]), ...showEach(named, tools)], tools);
}

/** Links with their addresses, by name; those that are not there are left out. */
export async function addressesOf(devices: readonly string[], tools: HostTools): Promise<ReadonlyMap<string, LinkRow>> {
  const rows = devices.length > MANY ? await dump(tools) : await rowsOf(showEach(devices, tools), tools);
  return new Map(rows.map((row) => [row.ifname, row]));
}

function showEach(devices: readonly string[], tools: HostTools): readonly IpArgs[] {
  return devices.filter((dev) => isThere(dev, tools)).map((dev) => ['address', 'show', 'dev', dev]);
}

async function rowsOf(questions: readonly IpArgs[], tools: HostTools): Promise<readonly LinkRow[]> {
  const results = await tools.ip.batch(questions);
  return results.flatMap((r) => (r.ok ? parseRows<LinkRow>(r.text) : [])); // a device that is not there is no error here
}

/** From so many single questions on, one dump of everything is cheaper. */
const MANY = 8;

function inGroups(row: LinkRow, networks: ReadonlySet<string>): boolean {
  return [...networks].some((network) => String(groupOf(network)) === row.group);
}

/** The devices that resources are about, with the owner that the first of them gives. */
function namedDevices(resources: Iterable<Resource>): ReadonlyMap<string, Owner | undefined> {
  const names = new Map<string, Owner | undefined>();
  for (const r of resources) {
    const dev = 'dev' in r ? r.dev : r.kind === 'link' ? r.name : undefined;
    if (dev !== undefined && names.get(dev) === undefined) names.set(dev, r.owner);
  }
  return names;
}
