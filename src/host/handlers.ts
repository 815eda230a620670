import type { ResourceKind } from '../compile/host-state.ts';
import { addresses } from './links/addresses.ts';
import { associations } from './switches/associations.ts';
import { bridgePorts } from './bridges/bridge-ports.ts';
import { checksums } from './bridges/checksums.ts';
import { dnsmasq } from './dnsmasq/dnsmasq.ts';
import { fdb } from './bridges/fdb.ts';
import { zones } from './firewall/firewalld.ts';
import type { ResourceHandler } from './handler.ts';
import { linkUps } from './links/link-up.ts';
import { links } from './links/links.ts';
import { ovsPorts } from './switches/ovs-ports.ts';
import { parentUps } from './links/parent-ups.ts';
import { resolved } from './dnsmasq/resolved.ts';
import { routes } from './links/routes.ts';
import { shaping } from './limits/shaping.ts';
import { sriovDrivers } from './sriov/sriov-drivers.ts';
import { sriovVfs } from './sriov/sriov-vfs.ts';
import { sysctls } from './links/sysctls.ts';

/** Kinds whose steps are one nft transaction together, and so have no handler of their own. */
export type FirewallKind = 'firewall' | 'firewall-base';

/** Every other kind has its handler: a new kind does not compile until it has one. */
export const handlers: { readonly [K in Exclude<ResourceKind, FirewallKind>]: ResourceHandler<K> } = {
  link: links,
  'link-up': linkUps,
  'parent-up': parentUps,
  'bridge-port': bridgePorts,
  address: addresses,
  route: routes,
  sysctl: sysctls,
  dnsmasq,
  fdb,
  shaping,
  checksum: checksums,
  vf: sriovVfs,
  'pci-driver': sriovDrivers,
  'ovs-port': ovsPorts,
  association: associations,
  resolved,
  zone: zones,
};
