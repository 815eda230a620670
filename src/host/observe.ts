import { hostState } from '../compile/host-state.ts';
import type { HostState, Resource } from '../compile/host-state.ts';
import type { HostTools, Look } from './handler.ts';
import { handlers } from './handlers.ts';
import type { ObserveRequest } from './host.ts';
import { lookAtLinks } from './link-rows.ts';
import { listTable, observeFirewall } from './nft.ts';

/** Looks at everything that the request is about; see `Host.observe`. */
export async function observeHost(request: ObserveRequest, tools: HostTools): Promise<HostState> {
  // nft lists while ip answers.
  const [table, look] = await Promise.all([tools.ahead.take() ?? listTable(), lookAtLinks(request, tools)]);
  const kinds = Object.values(handlers) as readonly {
    observe(look: Look, tools: HostTools): Promise<readonly Resource[]> | readonly Resource[];
  }[];
  const found = await Promise.all(kinds.map(async (h) => h.observe(look, tools)));
  return hostState([...observeFirewall(table, look), ...found.flat()]);
}
