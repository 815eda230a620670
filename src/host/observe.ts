import { hostState, resourceKey } from '../compile/host-state.ts';
import type { HostState, Resource } from '../compile/host-state.ts';
import type { HostTools, Look } from './handler.ts';
import { handlers } from './handlers.ts';
import type { ObserveRequest } from './host.ts';
import { lookAtLinks } from './links/link-rows.ts';
import { listTable, observeFirewall } from './firewall/nft.ts';

/** Looks at everything that the request is about; see `Host.observe`. */
export async function observeHost(request: ObserveRequest, tools: HostTools): Promise<HostState> {
  if (request.ports) return observePorts(request, request.ports, tools);
  // nft takes longest: it lists while all else is looked at.
  const [table, { look, found }] = await Promise.all([tools.ahead.take() ?? listTable(), lookAtAllElse(request, tools)]);
  return hostState([...observeFirewall(table, look), ...found]);
}

async function lookAtAllElse(request: ObserveRequest, tools: HostTools): Promise<{ look: Look; found: readonly Resource[] }> {
  const look = await lookAtLinks(request, tools);
  const found = await Promise.all(Object.values(handlers).map(async (h) => h.observe(look, tools)));
  return { look, found: found.flat() };
}

/** The kinds that a guest's connection is made of. */
const PORT_KINDS = [
  'link',
  'link-up',
  'parent-up',
  'bridge-port',
  'fdb',
  'shaping',
  'vf',
  'pci-driver',
  'ovs-port',
  'association',
] as const;

/** Looks at single guests' resources only. */
async function observePorts(request: ObserveRequest, ports: ReadonlySet<string>, tools: HostTools): Promise<HostState> {
  const look = await lookAtLinks(request, tools);
  const found = await Promise.all(PORT_KINDS.map(async (kind): Promise<readonly Resource[]> => handlers[kind].observe(look, tools)));
  return hostState(found.flat().filter((r) => isOfPorts(r, ports, request.desired)));
}

/** True for what belongs to one of the ports, by its mark or because it is wanted for one. */
export function isOfPorts(r: Resource, ports: ReadonlySet<string>, desired: HostState): boolean {
  return (r.owner?.port !== undefined && ports.has(r.owner.port)) || desired.has(resourceKey(r));
}
