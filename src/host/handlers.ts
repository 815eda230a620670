import type { ResourceKind } from '../compile/host-state.ts';
import { addresses } from './addresses.ts';
import { associations } from './associations.ts';
import { bridgePorts } from './bridge-ports.ts';
import { checksums } from './checksums.ts';
import { dnsmasq } from './dnsmasq.ts';
import { fdb } from './fdb.ts';
import { zones } from './firewalld.ts';
import type { ResourceHandler } from './handler.ts';
import { linkUps } from './link-up.ts';
import { links } from './links.ts';
import { ovsPorts } from './ovs-ports.ts';
import { parentUps } from './parent-ups.ts';
import { resolved } from './resolved.ts';
import { routes } from './routes.ts';
import { shaping } from './shaping.ts';
import { sriovDrivers } from './sriov-drivers.ts';
import { sriovVfs } from './sriov-vfs.ts';
import { sysctls } from './sysctls.ts';

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
