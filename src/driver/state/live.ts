import type { HostFacts } from '../../compile/facts.ts';
import { expandPool, withConnections } from '../../compile/pool-devices.ts';
import type { PortRecord } from '../../compile/port.ts';
import { plugTypeOf } from '../../interface/plug-type.ts';
import type { Network } from '../../network/network.ts';
import { noVirtualFunctions } from '../errors.ts';

/** True when the running document lists what a physical function has at the start. */
export function hasExpandedPool({ forward, bridge }: Network): boolean {
  if (forward.pf === undefined) return false;
  const plug = plugTypeOf({ forward, ...(bridge === undefined ? {} : { bridge }) });
  return plug === 'direct' || plug === 'hostdev-pci';
}

/**
 * The document that a network runs by: its definition with the physical function's virtual functions listed as the pool.
 * @throws VirtnetError VNC010 when the physical function has none, VNC004 when it is not there.
 */
export function liveDocument(config: Network, facts: HostFacts): Network {
  const { pf } = config.forward;
  if (pf === undefined || !hasExpandedPool(config)) return config;
  if (!facts.vfs.some((vf) => vf.pf === pf.dev)) throw noVirtualFunctions(pf.dev, facts.links.has(pf.dev));
  return expandPool(config, facts);
}

/** A running network with how many guests are connected, and where. */
export function shownLive(live: Network, ports: Iterable<PortRecord>): Network {
  return withConnections(live, [...ports]);
}
