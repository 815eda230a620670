import type { PciAddress } from '../network/pci-address.ts';

/** A link of the host as the compile needs to know it. */
export interface LinkFact {
  readonly name: string;
  /** The kernel's link kind (`bridge`, `veth`, `openvswitch` ...); empty for a physical device. */
  readonly type: string;
  readonly alias?: string;
  /** It is of virtnet's link groups and says of nobody's networks that it is theirs: its making was cut short, or its alias was changed. */
  readonly unmarked?: true;
  readonly mac?: string;
  /** Bytes. */
  readonly mtu?: number;
  /** The bridge (or bond, or switch) that it is a port of. */
  readonly master?: string;
}

/** A route or an address of the host, as a subnet and the device it belongs to. */
export interface RouteFact {
  /** `ADDRESS/PREFIX` with the host bits cleared. */
  readonly to: string;
  readonly dev: string;
}

/** A virtual function of an SR-IOV card. */
export interface VfFact {
  readonly pf: string;
  readonly index: number;
  readonly address: PciAddress;
  /** The VF's own network device, where a driver gave it one. */
  readonly dev?: string;
  /** The driver it is bound to. */
  readonly driver?: string;
}

/** What a running firewalld knows, by name. */
export interface FirewalldFact {
  readonly zones: readonly string[];
  /** None before firewalld 0.9. */
  readonly policies: readonly string[];
}

/** What the kernel and the tools of a host can do; each is probed, not guessed from a version. */
export interface Capabilities {
  readonly vlanFiltering: boolean;
  readonly csum: boolean;
  readonly openvswitch: boolean;
  /** MidoNet's own tool, mm-ctl, is installed. */
  readonly midonet: boolean;
  /** lldpad's tool, vdptool, is installed: it tells a switch of guests (802.1Qbg). */
  readonly vdp: boolean;
  /** Undefined where firewalld does not run. */
  readonly firewalld: FirewalldFact | undefined;
  readonly resolved: boolean;
}

/** Everything about a host that a compile may depend on. Plain data, taken before the compile. */
export interface HostFacts {
  readonly links: ReadonlyMap<string, LinkFact>;
  /** Routes and addresses that are not virtnet's own. */
  readonly routes: readonly RouteFact[];
  readonly vfs: readonly VfFact[];
  readonly capabilities: Capabilities;
  readonly paths: HostPaths;
  /** Tells folders of the host that documents name; a host that cannot be asked (undefined) has them all. */
  readonly folders?: { readonly has: (path: string) => boolean };
  /** Devices whose IPv6 routes go when IPv6 forwarding is turned on: the kernel has them of router advertisements. Absent where there are none. */
  readonly advertisedRoutes?: readonly string[];
  /** A folder on the way to dnsmasq's files that dnsmasq's user cannot enter; absent where it can. */
  readonly closedFolder?: string;
}

/** What single guests' connections depend on: whether links are there is enough, and a host tells that of one at once. */
export interface PortFacts extends Pick<HostFacts, 'vfs' | 'capabilities'> {
  readonly links: { readonly has: (name: string) => boolean };
}

/** Folders and files that generated configuration refers to. Absolute paths. */
export interface HostPaths {
  /** Per network folder of dnsmasq's files: `${runDir}/dnsmasq/UUID`. */
  readonly runDir: string;
  /** Lease logs: `${stateDir}/leases/UUID.log`. */
  readonly stateDir: string;
  /** The dhcp-script that appends to the lease log, as dnsmasq is told of it. */
  readonly leaseScript: string;
}
