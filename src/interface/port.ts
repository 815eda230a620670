import type { Bandwidth } from '../network/bandwidth.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { Vlan } from '../network/vlan.ts';
import type { Plug } from './plug.ts';

/** Who uses a port: a guest's name and uuid. */
export interface PortOwner {
  readonly name: string;
  /** Lower case with dashes. */
  readonly uuid: string;
}

/**
 * One guest's connection to a network: libvirt's `<networkport>` as immutable data. `uuid` and `mac` are canonical (lower case).
 * What is absent was not asked for; `mergePort` fills it from the portgroup and the network.
 */
export interface NetworkPort {
  readonly uuid: string;
  readonly owner: PortOwner;
  readonly mac: string;
  /** `<group>`: the name of a portgroup. */
  readonly portgroup?: string;
  /** The traffic class that carries the port's floor (`<bandwidth classID=>`), 3 or more once assigned. */
  readonly classId?: number;
  readonly virtualport?: VirtualPort;
  readonly vlan?: Vlan;
  readonly bandwidth?: Bandwidth;
  /** `<port isolated=>`. */
  readonly isolated?: boolean;
  readonly trustGuestRxFilters?: boolean;
  /** Set once the port is realised (or reclaimed). */
  readonly plug?: Plug;
}
