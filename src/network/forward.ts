/** How a network reaches the outside; `none` is an isolated network (no `<forward>` element). */
export type ForwardMode = 'none' | 'nat' | 'route' | 'open' | 'bridge' | 'private' | 'vepa' | 'passthrough' | 'hostdev';

/** A PCI address. Four numbers as in `0000:04:00.1`: domain 0-0xffff, bus 0-0xff, slot 0-0x1f, function 0-7. */
export interface PciAddress {
  readonly domain: number;
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
}

/** One device of an interface pool; `connections` is live only. */
export interface ForwardInterface {
  readonly dev: string;
  readonly connections?: number;
}

/** One PCI device of a hostdev pool; `connections` is live only. */
export interface ForwardAddress {
  readonly address: PciAddress;
  readonly connections?: number;
}

/** `<nat>`: address range (IPv4 only), port range, and whether IPv6 is masqueraded too. */
export interface Nat {
  readonly ipv6?: boolean;
  readonly addressStart?: string;
  readonly addressEnd?: string;
  /** 0-65535; both or neither. */
  readonly portStart?: number;
  readonly portEnd?: number;
}

/** `<forward>`. The first interface is what libvirt prints as the `dev` attribute. */
export interface Forward {
  readonly mode: ForwardMode;
  /** Only hostdev: bind the devices to the VFIO driver and back. */
  readonly managed?: boolean;
  /** Only hostdev: `<driver name= model=>`. */
  readonly driver?: { readonly name?: 'vfio' | 'kvm' | 'xen'; readonly model?: string };
  /** SR-IOV physical function whose VFs are the pool. */
  readonly pf?: { readonly dev: string; readonly connections?: number };
  readonly nat?: Nat;
  readonly interfaces: readonly ForwardInterface[];
  readonly addresses: readonly ForwardAddress[];
}
