import type { Resource } from '../compile/host-state.ts';
import type { Disturbance, Step } from './plan.ts';

/** Disturbances from the least to the worst. */
export const disturbances: readonly Disturbance[] = ['none', 'dns-dhcp-pause', 'renumber', 'link-bounce', 'unplug', 'network-down'];

/** What a step does to guests that are plugged in. */
export function disturbanceOf(op: Step['op'], resource: Resource, changed: readonly string[]): Disturbance {
  const isPort = resource.owner?.port !== undefined;
  switch (resource.kind) {
    case 'link':
      if (op === 'create') return 'none';
      if (op === 'delete') return isPort ? 'unplug' : 'network-down';
      return changed.includes('mac') && !isPort ? 'renumber' : 'none';
    case 'link-up':
      if (op === 'change') return 'link-bounce';
      return op === 'create' ? 'none' : isPort ? 'unplug' : 'network-down';
    case 'bridge-port':
    case 'ovs-port':
      if (op !== 'delete') return 'none';
      return isPort ? 'unplug' : 'network-down';
    case 'address':
      return op === 'delete' ? 'renumber' : 'none';
    case 'dnsmasq':
      if (op === 'create') return 'none';
      return op === 'delete' || changed.some((field) => field === 'conf' || field === 'process') ? 'dns-dhcp-pause' : 'none';
    case 'vf':
    case 'pci-driver':
    case 'association':
      return op === 'create' ? 'none' : 'unplug';
    case 'parent-up': // goes with the last guest
    case 'fdb':
    case 'route':
    case 'sysctl':
    case 'firewall-base':
    case 'firewall':
    case 'shaping':
    case 'checksum':
    case 'resolved':
    case 'zone':
      return 'none';
  }
}

/** The worst disturbance of some steps. */
export function worstDisturbance(steps: readonly Step[]): Disturbance {
  return steps.reduce<Disturbance>(
    (worst, s) => (disturbances.indexOf(s.disturbance) > disturbances.indexOf(worst) ? s.disturbance : worst),
    'none',
  );
}
