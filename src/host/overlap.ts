import type { ResourceKind } from '../compile/host-state.ts';
import type { Step } from '../plan/plan.ts';
import type { HostTools } from './handler.ts';

/** What of a network is made while its packet rules are: nobody can send through a bridge that has no ports yet. */
const BESIDE_RULES: ReadonlySet<ResourceKind> = new Set(['link', 'sysctl', 'address', 'checksum', 'link-up', 'route', 'dnsmasq']);

/** Networks whose bridge the steps make: nothing is plugged into it before its guests' own steps. */
export function freshNetworks(steps: readonly Step[]): ReadonlySet<string> {
  const bridges = steps.flatMap(({ op, after }) =>
    op === 'create' && after?.kind === 'link' && after.spec.type === 'bridge' ? [after] : [],
  );
  return new Set(bridges.map((bridge) => bridge.owner.network));
}

/**
 * True when the steps of `next` need not wait for those of `underWay`, which come before them in the plan. The kernel's waits (for readers of
 * what it takes away) and dnsmasq's start are most of a plan's time; they pass beside each other.
 */
export function mayGoBeside(underWay: readonly Step[], next: readonly Step[], fresh: ReadonlySet<string>): boolean {
  const isMadeAfresh = (s: Step): boolean => {
    const owner = s.after?.owner;
    return s.op === 'create' && BESIDE_RULES.has(s.kind) && owner !== undefined && owner.port === undefined && fresh.has(owner.network);
  };
  if (isRules(underWay)) return next.every(isMadeAfresh);
  if (isDeletionOf(underWay, 'dnsmasq')) return isDeletionOf(next, 'link') || isRules(next);
  // Those links are silent before their deletion is begun, see `silence`.
  return isDeletionOf(underWay, 'link') && isRules(next);
}

/** Sets links down that are about to be deleted, so that no packet passes them when their rules are gone first. */
export async function silence(steps: readonly Step[], tools: HostTools): Promise<void> {
  if (!isDeletionOf(steps, 'link')) return;
  // One that is gone already is as silent as can be.
  await tools.ip.batch(steps.flatMap(({ before }) => (before?.kind === 'link' ? [['link', 'set', 'dev', before.name, 'down']] : [])));
}

function isRules(steps: readonly Step[]): boolean {
  return steps.every((s) => s.kind === 'firewall' || s.kind === 'firewall-base');
}

function isDeletionOf(steps: readonly Step[], kind: ResourceKind): boolean {
  return steps.every((s) => s.op === 'delete' && s.kind === kind);
}
