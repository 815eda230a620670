import type { Resource, ResourceKind } from '../compile/host-state.ts';

/**
 * When a resource is made, low first; it is taken down in the opposite order. Rules stand before the link they guard can carry a packet,
 * a bridge is raised once its sysctls and addresses are set, services come after the bridge, guests after the services.
 */
const RANK = {
  'firewall-base': 10,
  firewall: 11,
  'pci-driver': 20,
  vf: 21,
  'parent-up': 22,
  link: 30,
  sysctl: 40,
  address: 50,
  zone: 52,
  'bridge-port': 54,
  'ovs-port': 55,
  fdb: 56,
  association: 58,
  checksum: 59,
  'link-up': 60,
  route: 70,
  shaping: 80,
  dnsmasq: 90,
  resolved: 95,
} as const satisfies Record<ResourceKind, number>;

/** A guest's resources come after all of the networks'. */
const PORT_OFFSET = 100;

/** The place of a resource in the order of making; shared sysctls come first of all. */
export function rank(r: Resource): number {
  if (r.kind === 'sysctl' && r.owner === undefined) return 0;
  return RANK[r.kind] + (r.owner?.port === undefined ? 0 : PORT_OFFSET);
}

/** The one transaction of a plan that changes packet rules stands between what is taken down and what is made. */
export function isFirewall(kind: ResourceKind): boolean {
  return kind === 'firewall' || kind === 'firewall-base';
}
