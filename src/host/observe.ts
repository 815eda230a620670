import { hostState } from '../compile/host-state.ts';
import type { HostState, Resource } from '../compile/host-state.ts';
import type { HostTools, Look } from './handler.ts';
import { handlers } from './handlers.ts';
import type { ObserveRequest } from './host.ts';
import { lookAtLinks } from './link-rows.ts';
import { observeFirewall } from './nft.ts';

/** Looks at everything that the request is about; see `Host.observe`. */
export async function observeHost(request: ObserveRequest, tools: HostTools): Promise<HostState> {
  const looking = lookAtLinks(request, tools);
  // nft and /proc are read while ip answers.
  const firewall = looking.then((look) => observeFirewall(look, tools));
  const look = await looking;
  const kinds = Object.values(handlers) as readonly {
    observe(look: Look, tools: HostTools): Promise<readonly Resource[]> | readonly Resource[];
  }[];
  const found = await Promise.all([firewall, ...kinds.map((h) => h.observe(look, tools))]);
  return hostState(found.flat());
}
