import { resourceKey, type HostState, type Resource } from '../compile/host-state.ts';
import { compareResource, needsRecreate, type Difference } from './compare.ts';
import { disturbanceOf } from './disturbance.ts';
import { isFirewall, rank } from './order.ts';
import type { Step } from './plan.ts';

/**
 * The ordered steps that turn `actual` into `desired`: first what is taken down, then the packet rules (one transaction), then what is
 * made or changed, at last queues that guests led to. What dies with its link needs no step of its own, and comes back with a link that is made anew. Sysctls are set, never
 * unset. `diff(state, state)` is empty, and so is the diff after its own steps.
 */
export function diff(desired: HostState, actual: HostState): readonly Step[] {
  const gone = vanishingDevices(desired, actual);
  const taken: Step[] = [];
  const rules: Step[] = [];
  const made: Step[] = [];
  const left: Step[] = [];

  for (const [key, before] of actual) {
    const after = desired.get(key);
    const recreate = after !== undefined && needsRecreate(after, before);
    if (after !== undefined && !recreate) continue;
    if (before.kind === 'sysctl' || diesWith(before, gone)) continue;
    const reason = recreate ? `made anew: ${describe(compareResource(after, before))}` : 'no longer wanted';
    const target = isFirewall(before.kind) ? rules : losesGuestsQueue(before, undefined) ? left : taken;
    target.push(step('delete', before, { before }, [], reason));
  }
  for (const [key, after] of desired) {
    const found = actual.get(key);
    const before = found === undefined || needsRecreate(after, found) || diesWith(found, gone) ? undefined : found;
    const target = isFirewall(after.kind) ? rules : made;
    if (before === undefined) {
      target.push(step('create', after, { after }, [], 'not there'));
      continue;
    }
    const differences = compareResource(after, before);
    if (differences.length === 0) continue;
    const changed = differences.map((d) => d.field);
    (losesGuestsQueue(before, after) ? left : target).push(step('change', after, { before, after }, changed, describe(differences)));
  }

  const forward = (a: Step, b: Step): number => stepRank(a) - stepRank(b);
  return [...taken.sort((a, b) => forward(b, a)), ...rules.sort(forward), ...made.sort(forward), ...left];
}

/** True where the queue of what a network's guests send is taken away: first their devices must lead elsewhere, or they lead to nothing. */
function losesGuestsQueue(before: Resource, after: Resource | undefined): boolean {
  if (before.kind !== 'shaping' || before.owner.port !== undefined || !before.outbound) return false;
  return after?.kind !== 'shaping' || !after.outbound;
}

/** The step that undoes a step. */
export function invertStep(s: Step): Step {
  const op = s.op === 'create' ? 'delete' : s.op === 'delete' ? 'create' : 'change';
  const resource = (s.before ?? s.after) as Resource;
  const swapped = { ...(s.after ? { before: s.after } : {}), ...(s.before ? { after: s.before } : {}) };
  return step(op, resource, swapped, s.changed, `undo of ${s.op}`, s.key);
}

/** The steps that undo all of `steps`, last one first. */
export function invert(steps: readonly Step[]): readonly Step[] {
  return [...steps].reverse().map(invertStep);
}

function stepRank(s: Step): number {
  return rank((s.after ?? s.before) as Resource);
}

function step(
  op: Step['op'],
  resource: Resource,
  conditions: Pick<Step, 'before' | 'after'>,
  changed: readonly string[],
  reason: string,
  key = resourceKey(resource),
): Step {
  return { op, kind: resource.kind, key, ...conditions, changed, reason, disturbance: disturbanceOf(op, resource, changed) };
}

/** Devices that the steps delete (to make them anew or for good). */
function vanishingDevices(desired: HostState, actual: HostState): ReadonlySet<string> {
  const gone = new Set<string>();
  for (const [key, before] of actual) {
    if (before.kind !== 'link') continue;
    const after = desired.get(key);
    if (after === undefined || needsRecreate(after, before)) gone.add(before.name);
  }
  return gone;
}

/** True for what the kernel removes together with a device. */
function diesWith(r: Resource, gone: ReadonlySet<string>): boolean {
  switch (r.kind) {
    case 'link-up':
    case 'fdb':
    case 'address':
    case 'route':
    case 'shaping':
    case 'checksum':
      return gone.has(r.dev);
    case 'bridge-port':
      return gone.has(r.dev) || gone.has(r.bridge);
    case 'sysctl':
      return r.owner !== undefined && [...gone].some((dev) => r.path.split('/').includes(dev));
    case 'link':
    case 'firewall-base':
    case 'firewall':
    case 'dnsmasq':
    case 'vf':
    case 'parent-up':
    case 'pci-driver':
    case 'association':
    case 'ovs-port':
    case 'zone':
    case 'resolved': // a note of ours would stay
      return false;
  }
}

const LONGEST_VALUE = 60;

function describe(differences: readonly Difference[]): string {
  const short = (value: string): boolean => value.length <= LONGEST_VALUE && !value.includes('\n');
  return differences
    .map((d) => (short(d.actual) && short(d.desired) ? `${d.field} ${d.actual} -> ${d.desired}` : `${d.field} changed`))
    .join(', ');
}
