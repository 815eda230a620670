import { isSame } from '../base/same.ts';
import type { DnsmasqResource, FirewallBaseResource, LinkResource, LinkSpec, Resource } from '../compile/host-state.ts';

/** One field of a resource that is not as wanted: its name, and both values as a person reads them. */
export interface Difference {
  readonly field: string;
  readonly actual: string;
  readonly desired: string;
}

/** How two conditions of one resource differ; empty when the actual one is as wanted. What `desired` leaves open is not compared. */
export function compareResource(desired: Resource, actual: Resource): readonly Difference[] {
  if (desired.kind === 'link' && actual.kind === 'link') return compareLink(desired, actual);
  if (desired.kind === 'dnsmasq' && actual.kind === 'dnsmasq') return compareDnsmasq(desired, actual);
  if (actual.kind === 'firewall-base') return compareBase(actual);
  return compareFields(desired, actual, ['kind', 'owner']);
}

/** True when the change needs the resource to be made anew: the kernel cannot turn one into the other. */
export function needsRecreate(desired: Resource, actual: Resource): boolean {
  if (desired.kind !== 'link' || actual.kind !== 'link') return false;
  if (desired.spec.type !== actual.spec.type) return true;
  return desired.spec.type === 'macvtap' && actual.spec.type === 'macvtap' && desired.spec.parent !== actual.spec.parent;
}

function compareLink(desired: LinkResource, actual: LinkResource): readonly Difference[] {
  const out: Difference[] = [];
  const add = (field: string, want: unknown, is: unknown): void => {
    if (want !== undefined && want !== is) out.push({ field, actual: text(is), desired: text(want) });
  };
  add('owner', ownerText(desired), ownerText(actual));
  add('type', desired.spec.type, actual.spec.type);
  add('mac', desired.mac, actual.mac);
  add('mtu', desired.mtu, actual.mtu);
  if (desired.spec.type === 'bridge' && actual.spec.type === 'bridge') {
    add('stp', desired.spec.stp, actual.spec.stp);
    add('forwardDelay', kernelForwardDelay(desired.spec), kernelForwardDelay(actual.spec));
    add('vlanFiltering', desired.spec.vlanFiltering, actual.spec.vlanFiltering);
  }
  if (desired.spec.type === 'macvtap' && actual.spec.type === 'macvtap') {
    add('parent', desired.spec.parent, actual.spec.parent);
    add('mode', desired.spec.mode, actual.spec.mode);
    add('allMulticast', desired.spec.allMulticast, actual.spec.allMulticast);
    add('user', desired.spec.user, actual.spec.user);
    add('group', desired.spec.group, actual.spec.group);
  }
  return out;
}

/** With STP on, the kernel raises a forward delay under 2 s to 2 s (IEEE 802.1D bounds, net/bridge/br_stp_if.c). */
function kernelForwardDelay(spec: Extract<LinkSpec, { type: 'bridge' }>): number {
  return spec.stp ? Math.min(Math.max(spec.forwardDelay, 2), 30) : spec.forwardDelay;
}

function ownerText(r: LinkResource): string {
  return r.owner.port === undefined ? r.owner.network : `${r.owner.network}:${r.owner.port}`;
}

function compareBase({ damage = {} }: FirewallBaseResource): readonly Difference[] {
  return Object.entries(damage).map(([field, actual]) => ({ field, actual, desired: 'as made' }));
}

function compareDnsmasq(desired: DnsmasqResource, actual: DnsmasqResource): readonly Difference[] {
  const out = [...compareFields(desired, actual, ['kind', 'owner', 'process', 'hostsLoaded'])];
  const process = actual.process ?? 'current';
  // Only the way back to what was found before wants a process that is dead.
  const wanted = desired.process === 'dead' ? 'dead' : 'current';
  if (process !== wanted) out.push({ field: 'process', actual: process, desired: wanted });
  if (wanted === 'current' && actual.hostsLoaded === false) out.push({ field: 'hostsLoaded', actual: 'false', desired: 'true' });
  return out;
}

function compareFields(desired: Resource, actual: Resource, ignored: readonly string[]): readonly Difference[] {
  const want = desired as unknown as Readonly<Record<string, unknown>>;
  const is = actual as unknown as Readonly<Record<string, unknown>>;
  const out: Difference[] = [];
  for (const field of new Set([...Object.keys(want), ...Object.keys(is)])) {
    if (want[field] === is[field] || ignored.includes(field)) continue;
    if (!isSame(want[field], is[field])) out.push({ field, actual: text(is[field]), desired: text(want[field]) });
  }
  return out;
}

/** Plain data as text, keys sorted. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}:${canonical(v)}`)
    .join(',')}}`;
}

function text(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : canonical(value);
}
