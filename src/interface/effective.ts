import type { Bandwidth } from '../network/bandwidth.ts';
import type { Network } from '../network/network.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { Vlan } from '../network/vlan.ts';

/** Where a merged setting came from; `portgroup` names which one. */
export type SettingOrigin = 'port' | 'portgroup' | 'network';

/**
 * What a guest really gets: interface (or port) over portgroup over network. Bandwidth is the port's or the portgroup's, never the
 * network's own (that one shapes the bridge). `virtualport` is complete but for the random uuids in `missingUuid`.
 */
export interface EffectivePort {
  /** The portgroup that applied: the named one, or the default one when none was named. */
  readonly portgroup?: string;
  readonly bandwidth?: Bandwidth;
  readonly vlan?: Vlan;
  readonly virtualport?: VirtualPort;
  /** A uuid the virtualport needs and nobody gave: libvirt makes a random one and stores it in the port. */
  readonly missingUuid?: 'instanceid' | 'interfaceid';
  readonly isolated: boolean;
  readonly trustGuestRxFilters: boolean;
  /** The network's MTU in bytes, or the interface's own. */
  readonly mtu?: number;
  /** What the port's plug will be. */
  readonly plugType: 'network' | 'bridge' | 'direct' | 'hostdev-pci';
  readonly origins: Readonly<Partial<Record<'bandwidth' | 'vlan' | 'isolated' | 'trustGuestRxFilters', SettingOrigin>>>;
}

/** A network as `mergePort` needs it. */
export type PortNetwork = Pick<
  Network,
  'name' | 'forward' | 'bridge' | 'bandwidth' | 'vlan' | 'virtualport' | 'portgroups' | 'portIsolated' | 'trustGuestRxFilters' | 'mtu'
>;
