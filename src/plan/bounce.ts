import type { HostState, LinkUpResource } from '../compile/host-state.ts';
import { disturbanceOf } from './disturbance.ts';
import type { Step } from './plan.ts';

/** The field of a link's state that a bounce changes, and changes back. */
const CARRIER = 'carrier';

/**
 * The plan with a bounce at its end for each guest whose network it renumbers: the guest's link goes down for a second and comes up again,
 * whereupon a DHCP client asks anew. Without one it keeps its old address until it renews. Only a veth's guest sees the state of the
 * host's end; a tap is always up for the machine behind it, whose hypervisor alone can take its link down.
 */
export function withBounces(steps: readonly Step[], desired: HostState): readonly Step[] {
  const renumbered = renumberedNetworks(steps);
  if (renumbered.size === 0) return steps;
  const raised = new Set(steps.flatMap(({ kind, key }) => (kind === 'link-up' ? [key] : [])));
  const bounces = [...desired].flatMap(([key, up]): Step[] => {
    if (up.kind !== 'link-up' || raised.has(key) || !renumbered.has(up.owner.network) || !isVeth(up, desired)) return [];
    const op = 'change';
    const changed = [CARRIER];
    const reason = 'down for a second, so that the guest asks for its new address';
    return [{ op, kind: up.kind, key, before: up, after: up, changed, reason, disturbance: disturbanceOf(op, up, changed) }];
  });
  return [...steps, ...bounces];
}

/** True for a step that takes a link down and up again. */
export function isBounce(step: Pick<Step, 'op' | 'kind' | 'changed'>): boolean {
  return step.op === 'change' && step.kind === 'link-up' && step.changed.includes(CARRIER);
}

/** Networks (uuids) whose guests' addresses the steps change. */
export function renumberedNetworks(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.flatMap((s) => (s.disturbance === 'renumber' ? ((s.after ?? s.before)?.owner?.network ?? []) : [])));
}

function isVeth({ dev }: LinkUpResource, desired: HostState): boolean {
  const link = desired.get(`link ${dev}`);
  return link?.kind === 'link' && link.owner.port !== undefined && link.spec.type === 'veth';
}
