import type { BandwidthRate } from '../network/bandwidth.ts';
import { formatPciAddress, type PciAddress } from '../network/pci-address.ts';

/** Whose resource it is: a network, and for a guest's part the port. Links carry it in the kernel as their alias. */
export interface Owner {
  /** Network uuid. */
  readonly network: string;
  /** Port uuid. */
  readonly port?: string;
}

interface Owned {
  readonly owner: Owner;
}

/** A network device that virtnet makes. It is made administratively down; `link-up` raises it once its firewall and addresses stand. */
export interface LinkResource extends Owned {
  readonly kind: 'link';
  readonly name: string;
  readonly mac?: string;
  /** Bytes; absent leaves the kernel's default. */
  readonly mtu?: number;
  readonly spec: LinkSpec;
  /** Only in an observation: the kernel's index, used to bring a link back as it was. */
  readonly ifindex?: number;
}

/** What a link is, by its type in `ip link`. */
export type LinkSpec =
  | {
      readonly type: 'bridge';
      readonly stp: boolean;
      /** Seconds; with STP on the kernel uses at least 2. */
      readonly forwardDelay: number;
      readonly vlanFiltering: boolean;
    }
  | {
      readonly type: 'veth';
      /** The guest's end: a network namespace (a name of `ip netns`, or a path) and the device's name there. */
      readonly peer: { readonly netns: string; readonly name: string; readonly mac: string };
    }
  | {
      readonly type: 'tap';
      readonly user?: string;
      readonly group?: string;
      readonly vnetHeader: boolean;
      readonly multiQueue: boolean;
    }
  | {
      readonly type: 'macvtap';
      readonly parent: string;
      readonly mode: 'bridge' | 'private' | 'vepa' | 'passthru';
      /** All multicast frames of the wire reach the guest, not only those that the host's end has joined. */
      readonly allMulticast: boolean;
      /** Who may open its node in /dev; absent: root alone, or whomever a udev rule says. */
      readonly user?: string;
      readonly group?: string;
    };

/** The administrative state of a link is up. */
export interface LinkUpResource extends Owned {
  readonly kind: 'link-up';
  readonly dev: string;
}

/** The device of the host below a guest's macvtap is up: until it is, the guest has no carrier. One for each guest of the device. */
export interface ParentUpResource extends Owned {
  readonly kind: 'parent-up';
  readonly owner: Required<Owner>;
  readonly dev: string;
}

/** A device is a port of a bridge, with the flags of bridge(8). The device may be ours or a guest's own tap. */
export interface BridgePortResource extends Owned {
  readonly kind: 'bridge-port';
  readonly dev: string;
  readonly bridge: string;
  readonly isolated: boolean;
  readonly learning: boolean;
  readonly unicastFlood: boolean;
  /** VLAN filter of the port (bridge vlan); absent leaves the kernel's default. */
  readonly vlan?: { readonly pvid?: number; readonly untagged?: number; readonly tagged: readonly number[] };
}

/** A static forwarding entry: this MAC lives behind this bridge port. */
export interface FdbResource extends Owned {
  readonly kind: 'fdb';
  readonly dev: string;
  readonly mac: string;
}

/** An address on a link, `ADDRESS/PREFIX`. */
export interface AddressResource extends Owned {
  readonly kind: 'address';
  readonly dev: string;
  readonly address: string;
}

/** A static route, marked with virtnet's own route protocol. */
export interface RouteResource extends Owned {
  readonly kind: 'route';
  readonly dev: string;
  /** `ADDRESS/PREFIX`. */
  readonly to: string;
  readonly via: string;
  /** The kernel takes the route with the lowest. */
  readonly metric: number;
}

/** A sysctl, by its path below /proc/sys (`net/ipv6/conf/virbr0/accept_ra`). A shared one has no owner and stays when networks stop. */
export interface SysctlResource {
  readonly kind: 'sysctl';
  readonly owner?: Owner;
  readonly path: string;
  readonly value: string;
}

/** The table `inet virtnet` with its base chains and empty verdict maps: there while any network has rules. */
export interface FirewallBaseResource {
  readonly kind: 'firewall-base';
  readonly owner?: undefined;
  /** What of it is not as it should be (`table`, `map NAME`, `chain NAME`), and how it is. Absent where all is. */
  readonly damage?: Readonly<Record<string, 'dormant' | 'missing' | 'changed'>>;
}

/** One network's chains, and its entries in the verdict maps. Rules are in nft's own listing form, so that they compare as text. */
export interface FirewallResource extends Owned {
  readonly kind: 'firewall';
  readonly chains: readonly { readonly name: string; readonly rules: readonly string[] }[];
  readonly elements: readonly { readonly map: string; readonly key: string; readonly verdict: string }[];
}

/** A dnsmasq of one network: its files' texts. It runs as long as the resource exists. */
export interface DnsmasqResource extends Owned {
  readonly kind: 'dnsmasq';
  readonly bridge: string;
  /** The configuration file; a change restarts dnsmasq. */
  readonly conf: string;
  /** dhcp-hostsfile; a change is a SIGHUP. */
  readonly hosts: string;
  /** addn-hosts; a change is a SIGHUP. */
  readonly addnHosts: string;
  /**
   * Only in an observation: the process runs with this conf (`current`), with an older one (`stale`), is there and reads nothing that it is
   * sent (`hung`), or is not there (`dead`).
   */
  readonly process?: 'current' | 'stale' | 'hung' | 'dead';
  /** Only in an observation: the running process has read hosts and addnHosts as they are. */
  readonly hostsLoaded?: boolean;
}

/**
 * Limits on a device, in kB a second and KiB, from the guests' side: inbound is what leaves the host through the device. A network's
 * outbound limit is a queue that its guests' devices lead to (`via`); the bridge itself leads nothing to it.
 */
export interface ShapingResource extends Owned {
  readonly kind: 'shaping';
  readonly dev: string;
  readonly inbound?: BandwidthRate;
  readonly outbound?: BandwidthRate;
  /**
   * What comes in by the device for this MAC (its bridge's own) waits in the queue of that bridge's outbound limit. Only for a guest's
   * device without an outbound limit of its own.
   */
  readonly via?: { readonly bridge: string; readonly mac: string };
  /** Guaranteed shares of the inbound for single guests, by traffic class. */
  readonly floors: readonly { readonly classId: number; readonly mac: string; readonly floor: number }[];
  /** Only in an observation: the device is gone, and none of its limits holds. What is left of them cannot be brought back without it. */
  readonly orphaned?: true;
}

/** What leaves by a bridge for DHCP clients has its checksums filled in. */
export interface ChecksumResource extends Owned {
  readonly kind: 'checksum';
  readonly dev: string;
}

/** Settings of an SR-IOV virtual function through its physical function. */
export interface VfResource extends Owned {
  readonly kind: 'vf';
  readonly pf: string;
  /** From 0, as in `ip link set PF vf INDEX`. */
  readonly index: number;
  readonly mac?: string;
  /** 1-4095; 0 for none. */
  readonly vlan?: number;
  readonly trust?: boolean;
  readonly spoofCheck?: boolean;
}

/** A PCI device is bound to this driver. */
export interface PciDriverResource extends Owned {
  readonly kind: 'pci-driver';
  readonly address: PciAddress;
  readonly driver: string;
}

/** A port of an Open vSwitch bridge with its columns. */
export interface OvsPortResource extends Owned {
  readonly kind: 'ovs-port';
  readonly bridge: string;
  readonly dev: string;
  /** 0-4095, as the tags of a trunk. */
  readonly tag?: number;
  readonly trunks: readonly number[];
  readonly vlanMode?: 'access' | 'trunk' | 'native-tagged' | 'native-untagged';
  /** Ports that are isolated do not reach one another (the column `protected`). */
  readonly isolated: boolean;
  readonly externalIds: Readonly<Record<string, string>>;
}

/**
 * The switch that a guest's device leads to knows the guest (`<virtualport type='802.1Qbg'/>`, `'802.1Qbh'` and `'midonet'`). What is asked of
 * whom: lldpad talks to a switch that keeps IEEE 802.1Qbg (VSI discovery), a network card to one that has port profiles (802.1Qbh, now
 * 802.1BR), and MidoNet's tool to the agent that takes the device into the overlay network.
 */
export interface AssociationResource extends Owned {
  readonly kind: 'association';
  readonly owner: Required<Owner>;
  /** The device of the host that leads to the switch; the guest's own one under MidoNet. */
  readonly device: string;
  readonly spec: VsiSpec | ProfileSpec | MidonetSpec;
}

/** IEEE 802.1Qbg: what lldpad tells the switch. */
export interface VsiSpec {
  readonly type: '802.1Qbg';
  readonly managerid: number;
  readonly typeid: number;
  readonly typeidversion: number;
  readonly instanceid: string;
  readonly mac: string;
  /** 0 leaves the choice to the switch. */
  readonly vlan: number;
}

/** 802.1Qbh: the port profile that the card asks its switch for. */
export interface ProfileSpec {
  readonly type: '802.1Qbh';
  readonly profileid: string;
  /** The virtual function; absent where the device itself is the guest's. */
  readonly vf?: number;
  /** The machine's uuid. */
  readonly instance: string;
}

/** MidoNet: the port of the overlay network. */
export interface MidonetSpec {
  readonly type: 'midonet';
  /** The port of MidoNet's topology. */
  readonly interfaceid: string;
}

/** The bridge's domain and name server are known to systemd-resolved. */
export interface ResolvedResource extends Owned {
  readonly kind: 'resolved';
  readonly dev: string;
  readonly domain: string;
  readonly server: string;
}

/** The bridge belongs to a firewalld zone. */
export interface ZoneResource extends Owned {
  readonly kind: 'zone';
  readonly dev: string;
  readonly zone: string;
}

/** One element of a host state. What it is called is `resourceKey`; two resources with one key are the same thing in two conditions. */
export type Resource =
  | LinkResource
  | LinkUpResource
  | ParentUpResource
  | BridgePortResource
  | FdbResource
  | AddressResource
  | RouteResource
  | SysctlResource
  | FirewallBaseResource
  | FirewallResource
  | DnsmasqResource
  | ShapingResource
  | ChecksumResource
  | VfResource
  | PciDriverResource
  | OvsPortResource
  | AssociationResource
  | ResolvedResource
  | ZoneResource;

/** The word that a resource's key begins with. */
export type ResourceKind = Resource['kind'];

/** What a set of running networks means on a host, or what was found there: resources by key. */
export type HostState = ReadonlyMap<string, Resource>;

/** The identity of a resource, in words a person can read: `link virbr0`, `address 192.168.122.1/24 on virbr0`. */
export function resourceKey(r: Resource): string {
  switch (r.kind) {
    case 'link':
      return `link ${r.name}`;
    case 'link-up':
    case 'shaping':
    case 'checksum':
    case 'resolved':
    case 'zone':
      return `${r.kind} ${r.dev}`;
    case 'parent-up':
      return `parent-up ${r.dev} for ${r.owner.port}`;
    case 'bridge-port':
      return `bridge-port ${r.dev}`;
    case 'fdb':
      return `fdb ${r.mac} on ${r.dev}`;
    case 'address':
      return `address ${r.address} on ${r.dev}`;
    case 'route':
      return `route ${r.to} via ${r.via} metric ${String(r.metric)} on ${r.dev}`;
    case 'sysctl':
      return `sysctl ${r.path}`;
    case 'firewall-base':
      return 'firewall-base';
    case 'firewall':
    case 'dnsmasq':
      return `${r.kind} ${r.owner.network}`;
    case 'vf':
      return `vf ${String(r.index)} of ${r.pf}`;
    case 'pci-driver':
      return `pci-driver ${formatPciAddress(r.address)}`;
    case 'association':
      return `association of ${r.owner.port} on ${r.device}`;
    case 'ovs-port':
      return `ovs-port ${r.dev} on ${r.bridge}`;
  }
}

/** A host state of these resources; a later resource replaces an earlier one of the same key. */
export function hostState(resources: Iterable<Resource>): HostState {
  const state = new Map<string, Resource>();
  for (const r of resources) state.set(resourceKey(r), r);
  return state;
}
