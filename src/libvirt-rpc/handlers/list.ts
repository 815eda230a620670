import type { NetworkInfo } from '../../driver/driver.ts';
import { NETWORK_LIST_MAX } from '../protocol/limits.ts';
import { rpcError } from '../remote-error.ts';
import type { Session } from '../session.ts';
import { checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { handleOf } from './network-of.ts';

/** `virConnectListAllNetworksFlags`, in pairs: inside a pair the bits are alternatives; a pair without a bit does not filter. */
const filters: readonly { readonly bit: number; readonly is: (n: NetworkInfo) => boolean; readonly group: number }[] = [
  { group: 0, bit: 1, is: (n) => !n.active },
  { group: 0, bit: 2, is: (n) => n.active },
  { group: 1, bit: 4, is: (n) => n.persistent },
  { group: 1, bit: 8, is: (n) => !n.persistent },
  { group: 2, bit: 16, is: (n) => n.autostart },
  { group: 2, bit: 32, is: (n) => !n.autostart },
];
const ALL_FILTERS = 63;

type Names = 'listDefinedNetworks' | 'listNetworks' | 'numOfDefinedNetworks' | 'numOfNetworks' | 'listAllNetworks';

export const listHandlers: Handlers<Names> = {
  listDefinedNetworks: (session, maximum) => names(session, maximum, false),
  listNetworks: (session, maximum) => names(session, maximum, true),
  numOfDefinedNetworks: async (session) => (await inState(session, false)).length,
  numOfNetworks: async (session) => (await inState(session, true)).length,
  listAllNetworks: async (session, { needResults, flags }) => {
    checkFlags(flags, ALL_FILTERS, 'networkConnectListAllNetworks');
    const found = (await session.service.driver.list()).filter((n) => passes(n, flags));
    if (needResults === 0) return { networks: [], count: found.length };
    if (found.length > NETWORK_LIST_MAX) {
      throw rpcError(`Too many networks '${found.length}' for limit '${NETWORK_LIST_MAX}'`);
    }
    return { networks: found.map(handleOf), count: found.length };
  },
};

function passes(network: NetworkInfo, flags: number): boolean {
  return [0, 1, 2].every((group) => {
    const asked = filters.filter((f) => f.group === group && (flags & f.bit) !== 0);
    return asked.length === 0 || asked.some((f) => f.is(network));
  });
}

async function names(session: Session, maximum: number, active: boolean): Promise<{ readonly names: readonly string[] }> {
  if (maximum > NETWORK_LIST_MAX) throw rpcError('maxnames > REMOTE_NETWORK_LIST_MAX');
  if (maximum < 0) throw rpcError('maxnames must be non-negative');
  return { names: (await inState(session, active)).slice(0, maximum).map((n) => n.name) };
}

async function inState(session: Session, active: boolean): Promise<readonly NetworkInfo[]> {
  return (await session.service.driver.list()).filter((n) => n.active === active);
}
