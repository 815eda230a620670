import type { AssociationResource, LinkSpec, Resource, ResourceKind } from '../../../src/compile/host-state.ts';
import type { Step } from '../../../src/plan/plan.ts';

/** What a step is about: a kind of resource, where one kind is several things which of them. */
export type Thing =
  Exclude<ResourceKind, 'link' | 'association'> | `link ${LinkSpec['type']}` | `association ${AssociationResource['spec']['type']}`;

/**
 * The file that disturbs such a step: `here` is faults.test.ts, `ovs` faults-ovs.test.ts, `lab` faults.lab.test.ts; or why no plan has one.
 */
export type Place = 'here' | 'ovs' | 'lab' | `never: ${string}`;

const NAMED = 'never: all that it is stands in its name';
const KEPT = 'never: a guest keeps the virtualport that it was plugged with, and an edit that contradicts it is refused';
const SET = 'never: sysctls are set, not unset; a device’s own go with it';

/**
 * Every step that a plan can hold. A kind, or a form of one, that is missing here does not compile; one whose step no case reaches fails
 * `npm run test:faults` (and, as far as a plan of the short form has it, the tests of every day).
 */
export const places: Readonly<Record<Thing, Readonly<Record<Step['op'], Place>>>> = {
  'link bridge': { create: 'here', change: 'here', delete: 'here' },
  'link veth': { create: 'here', change: 'here', delete: 'here' },
  'link tap': { create: 'here', change: 'here', delete: 'here' },
  'link macvtap': { create: 'here', change: 'here', delete: 'here' },
  'link-up': { create: 'here', change: 'here', delete: 'here' },
  'parent-up': { create: 'here', change: NAMED, delete: 'here' },
  'bridge-port': { create: 'here', change: 'here', delete: 'here' },
  fdb: { create: 'here', change: NAMED, delete: 'here' },
  address: { create: 'here', change: NAMED, delete: 'here' },
  route: { create: 'here', change: NAMED, delete: 'here' },
  sysctl: { create: 'here', change: 'here', delete: SET },
  'firewall-base': { create: 'here', change: NAMED, delete: 'here' },
  firewall: { create: 'here', change: 'here', delete: 'here' },
  dnsmasq: { create: 'here', change: 'here', delete: 'here' },
  shaping: { create: 'here', change: 'here', delete: 'here' },
  checksum: { create: 'lab', change: NAMED, delete: 'never: every network with a bridge of its own has it, and it goes with the bridge' },
  vf: { create: 'lab', change: 'lab', delete: 'lab' },
  'pci-driver': { create: 'lab', change: 'lab', delete: 'lab' },
  'ovs-port': { create: 'ovs', change: 'ovs', delete: 'ovs' },
  'association 802.1Qbg': { create: 'here', change: 'here', delete: 'here' },
  'association 802.1Qbh': { create: 'here', change: KEPT, delete: 'here' },
  'association midonet': { create: 'here', change: KEPT, delete: 'here' },
  resolved: { create: 'here', change: 'here', delete: 'here' },
  zone: { create: 'here', change: 'here', delete: 'here' },
};

/** `create link veth`. */
export function stepName({ op, before, after }: Pick<Step, 'op' | 'before' | 'after'>): string {
  return `${op} ${thing((after ?? before) as Resource)}`;
}

function thing(r: Resource): Thing {
  if (r.kind === 'link') return `link ${r.spec.type}`;
  if (r.kind === 'association') return `association ${r.spec.type}`;
  return r.kind;
}

/** The steps of this place that are not among `seen`, and those among `seen` that no plan should have. Both empty where table and cases agree. */
export function disagreement(
  place: 'here' | 'ovs' | 'lab',
  seen: ReadonlySet<string>,
): Readonly<Record<'missing' | 'unexpected', string[]>> {
  const all = Object.entries(places).flatMap(([name, at]) => Object.entries(at).map(([op, where]) => ({ name: `${op} ${name}`, where })));
  return {
    missing: all.flatMap(({ name, where }) => (where === place && !seen.has(name) ? [name] : [])),
    unexpected: all.flatMap(({ name, where }) => (where.startsWith('never') && seen.has(name) ? [name] : [])),
  };
}

/** Table and cases agree. */
export const AGREED = { missing: [], unexpected: [] } as const;
