import { createHash, randomBytes } from 'node:crypto';
import type { LinkResource, Owner } from '../compile/host-state.ts';

/** Route protocol of every route of ours (rtnetlink's rtm_protocol; 86 is in the range left to users). */
export const ROUTE_PROTOCOL = 86;

/** The owner of a link that was found by its group before its alias was written. */
export const UNKNOWN_NETWORK = '00000000-0000-0000-0000-000000000000';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ALIAS = new RegExp(`^virtnet:(${UUID})(?::(${UUID}))?(?: peer=(.+)/([^/]+)/([0-9a-f:]{17})| for=(.+))?$`);
const GROUP_BASE = 0x56_00_00_00;
/** IFALIASZ of linux/if.h without the ending NUL. */
const ALIAS_MAX = 255;

/** What a link's alias says: whose it is, and for a veth where its guest's end was put. */
export interface AliasMark {
  readonly owner: Owner;
  readonly peer?: { readonly netns: string; readonly name: string; readonly mac: string };
  /** For a helper device: the device that it shapes. */
  readonly shapes?: string;
}

/** The alias of a link of ours: `virtnet:NETWORK[:PORT]`, for a veth followed by ` peer=NETNS/NAME/MAC`. */
export function aliasOf(link: Pick<LinkResource, 'owner' | 'spec'>): string {
  const mark = `virtnet:${link.owner.network}${link.owner.port === undefined ? '' : `:${link.owner.port}`}`;
  if (link.spec.type !== 'veth') return mark;
  const { netns, name, mac } = link.spec.peer;
  const full = `${mark} peer=${netns}/${name}/${mac.toLowerCase()}`;
  return Buffer.byteLength(full) <= ALIAS_MAX && /^[^"#\\]*$/.test(full) ? full : mark;
}

/** The alias of a helper device that shapes `dev`. */
export function shaperAlias(owner: Owner, dev: string): string {
  return `virtnet:${owner.network}${owner.port === undefined ? '' : `:${owner.port}`} for=${dev}`;
}

/** Directions as the guest sees them. */
export type Way = 'inbound' | 'outbound';

/** The name of the helper device that shapes one way of `dev`: short, and the same each time. */
export function shaperName(dev: string, way: Way): string {
  return `vnq${createHash('sha256').update(`${dev} ${way}`).digest('hex').slice(0, 10)}`;
}

/** The names of the helper devices that may be there for `dev`. */
export function shaperNames(dev: string): readonly string[] {
  return [shaperName(dev, 'inbound'), shaperName(dev, 'outbound')];
}

/** True for the name of a helper device. */
export function isShaperName(name: string): boolean {
  return /^vnq[0-9a-f]{10}$/.test(name);
}

/** The name that a tap is born under, before it gets its own name and marks in one request. */
export function tapBirthName(): string {
  return `vn${randomBytes(4).toString('hex')}.new`;
}

/** True for a tap whose making was cut short before it got its name. */
export function isTapBirthName(name: string): boolean {
  return /^vn[0-9a-f]{8}\.new$/.test(name);
}

/** Reads an alias; undefined where it is not one of ours. */
export function parseAlias(alias: string | undefined): AliasMark | undefined {
  const m = alias?.startsWith('virtnet:') === true ? ALIAS.exec(alias) : undefined;
  const [, network, port, netns, name, mac, shapes] = m ?? [];
  if (network === undefined) return undefined;
  return {
    owner: { network, ...(port === undefined ? {} : { port }) },
    ...(netns === undefined || name === undefined || mac === undefined ? {} : { peer: { netns, name, mac } }),
    ...(shapes === undefined ? {} : { shapes }),
  };
}

/**
 * The link group of a network's links. The kernel takes a group with the creation itself (an alias only afterwards), so that a link is
 * known as ours at every instant. Different networks may share a group; the alias decides.
 */
export function groupOf(network: string): number {
  return GROUP_BASE + parseInt(network.slice(0, 6), 16);
}

/** True for a link group (as `ip -json` prints it) that only links of ours have. */
export function isOurGroup(group: string | undefined): boolean {
  const n = Number(group);
  return Number.isInteger(n) && n >= GROUP_BASE && n < GROUP_BASE + 0x1_00_00_00;
}
