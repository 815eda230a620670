import type { Bandwidth } from '../network/bandwidth.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { Vlan } from '../network/vlan.ts';
import type { InterfaceSource } from './interface-source.ts';

/** `<driver>`: what a tap device or a PCI device must be made ready for; the rest is kept as it stands. */
export interface InterfaceDriver {
  /** `vhost` or `qemu`; for hostdev `vfio`, `kvm` or `xen`. */
  readonly name?: string;
  /** Number of queue pairs, at least 1. */
  readonly queues?: number;
  /** The other attributes, in document order. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Child elements as XML text. */
  readonly children: readonly string[];
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
  /** Attributes of the elements above that do not concern the network (`<mac type=>`, `<target managed=>`), by element. */
  readonly otherAttributes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Elements that do not concern the network, as XML text. */
  readonly rest: readonly string[];
}
