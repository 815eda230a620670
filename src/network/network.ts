import type { Bandwidth } from './bandwidth.ts';
import type { Bridge } from './bridge.ts';
import type { Dns } from './dns.ts';
import type { Domain } from './domain.ts';
import type { Forward } from './forward.ts';
import type { Ip } from './ip.ts';
import type { MetadataElement, NamespaceDeclaration } from './metadata.ts';
import type { PortGroup } from './portgroup.ts';
import type { Route } from './route.ts';
import type { VirtualPort } from './virtualport.ts';
import type { Vlan } from './vlan.ts';

/**
 * A virtual network: libvirt's `<network>` as immutable data. Addresses are canonical text (dotted quad, RFC 5952), MACs are lower
 * case with colons, uuids lower case with dashes; defaults that libvirt fills in while reading are filled in, those it chooses at
 * definition time (uuid, bridge name, mac) stay absent until `completeNetwork`.
 */
export interface Network {
  readonly name: string;
  readonly uuid?: string;
  readonly title?: string;
  readonly description?: string;
  readonly metadata: readonly MetadataElement[];
  /** Set when `<metadata>` held only what is left out: libvirt then writes it without content, once. */
  readonly emptyMetadata?: true;
  /** Namespaces that `<metadata>` itself declares; absent when there are none. */
  readonly metadataDeclarations?: readonly NamespaceDeclaration[];
  /** Guest-to-guest IPv6 without an IPv6 gateway on the bridge. */
  readonly ipv6?: boolean;
  readonly trustGuestRxFilters?: boolean;
  /** Live only: guests connected. */
  readonly connections?: number;
  readonly forward: Forward;
  readonly bridge?: Bridge;
  /** Bytes. */
  readonly mtu?: number;
  readonly mac?: string;
  readonly domain?: Domain;
  readonly dns?: Dns;
  readonly vlan?: Vlan;
  readonly bandwidth?: Bandwidth;
  /** `<port isolated=>`. */
  readonly portIsolated?: boolean;
  readonly ips: readonly Ip[];
  readonly routes: readonly Route[];
  readonly virtualport?: VirtualPort;
  readonly portgroups: readonly PortGroup[];
  /** Lines for dnsmasq's own configuration file, as given. */
  readonly dnsmasqOptions: readonly string[];
}

/** The modes whose bridge virtnet makes and serves. */
export function isManaged(network: Pick<Network, 'forward'>): boolean {
  const mode = network.forward.mode;
  return mode === 'none' || mode === 'nat' || mode === 'route' || mode === 'open';
}
