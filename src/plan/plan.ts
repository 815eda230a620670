import type { Resource, ResourceKind } from '../compile/host-state.ts';
import type { Diagnostic } from '../base/diagnostic.ts';

/** What a step does to guests that are plugged in, from nothing to the loss of their network. */
export type Disturbance =
  /** No packet, name or lease is affected. */
  | 'none'
  /** DNS and DHCP pause for less than a second; packets between guests and to the outside are not affected. */
  | 'dns-dhcp-pause'
  /** Addresses change: guests renumber when they renew. */
  | 'renumber'
  /** A guest's link is down for a second (asked for: it tells the guest of its new addresses). */
  | 'link-bounce'
  /** One guest's link is cut. */
  | 'unplug'
  /** All guests of the network lose it. */
  | 'network-down';

/** One change to one resource. `before` is absent for a create, `after` for a delete. Its inverse swaps the two. */
export interface Step {
  readonly op: 'create' | 'change' | 'delete';
  readonly kind: ResourceKind;
  /** `resourceKey` of the resource. */
  readonly key: string;
  readonly before?: Resource;
  readonly after?: Resource;
  /** For a change: the names of the fields that differ. */
  readonly changed: readonly string[];
  /** Why, in a few words for a person: `not there`, `mtu 1500 -> 9000`, `no longer wanted`. */
  readonly reason: string;
  readonly disturbance: Disturbance;
}

/** Ordered steps from one host state to another. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
}
