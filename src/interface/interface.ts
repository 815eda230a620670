import type { Bandwidth } from '../network/bandwidth.ts';
import type { PciAddress } from '../network/forward.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { Vlan } from '../network/vlan.ts';
import type { DirectMode } from './plug.ts';

/** Where a guest's interface is connected: the variants of `<interface type=>` that a network can be behind. */
export type InterfaceSource =
  | { readonly type: 'network'; readonly network: string; readonly portgroup?: string; readonly portId?: string }
  | { readonly type: 'bridge'; readonly bridge: string }
  | { readonly type: 'direct'; readonly dev: string; readonly mode: DirectMode }
  | { readonly type: 'hostdev'; readonly address: PciAddress };

/** `<driver>`: only what a tap device must be made for; the rest stays in `extra` attributes. */
export interface InterfaceDriver {
  /** `vhost`, `qemu`, or for hostdev `vfio`. */
  readonly name?: string;
  /** Number of queue pairs, at least 1. */
  readonly queues?: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * A guest's `<interface>` as immutable data: what concerns its network is typed, everything else of the element is kept as XML text
 * in `rest`, in document order, and written back untouched.
 */
export interface GuestInterface {
  readonly source: InterfaceSource;
  /** Lower case with colons. */
  readonly mac?: string;
  /** `<target dev=>`: the wanted name of the host's device. */
  readonly target?: string;
  /** `<model type=>`. */
  readonly model?: string;
  readonly virtualport?: VirtualPort;
  readonly bandwidth?: Bandwidth;
  readonly vlan?: Vlan;
  /** `<port isolated=>`. */
  readonly isolated?: boolean;
  readonly trustGuestRxFilters?: boolean;
  /** Only hostdev: bind to the VFIO driver and back. */
  readonly managed?: boolean;
  /** Bytes. */
  readonly mtu?: number;
  readonly link?: 'up' | 'down';
  /** `<boot order=>`, at least 1. */
  readonly bootOrder?: number;
  /** `<alias name=>`. */
  readonly alias?: string;
  readonly driver?: InterfaceDriver;
  /** `<address type=...>`: the place of the card inside the guest, as given. */
  readonly guestAddress?: Readonly<Record<string, string>>;
  /** Elements that do not concern the network, as XML text. */
  readonly rest: readonly string[];
}
