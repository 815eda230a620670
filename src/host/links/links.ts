import { randomBytes } from 'node:crypto';
import type { LinkResource, LinkSpec } from '../../compile/host-state.ts';
import { toolError } from '../tools/command.ts';
import { giveNode, holdersOf, readNodes } from './device-nodes.ts';
import { StepFailure } from '../handler.ts';
import type { HostTools, IpCommand, IpHandler, Look, StepOf } from '../handler.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import { markedOwner } from './link-rows.ts';
import type { LinkRow } from '../iproute/link-row.ts';
import { aliasOf, groupOf, parseAlias, shaperNames, tapBirthName } from '../marks.ts';

const GONE = /Cannot find device|No such device|does not exist/;
/** Links of ours: bridges, veth pairs, taps and macvtaps. */
export const links: IpHandler<'link'> = {
  observe(look, tools) {
    const links = [...look.links.values()].flatMap((row) => readLink(row, look) ?? []);
    const held = links.filter(({ name }) => heldBy(wantedSpec(name, look)) !== undefined);
    return held.length === 0 ? links : withHolders(links, held, look, tools);
  },

  ip(steps) {
    const doomed = steps.flatMap((s, step) => (s.op === 'delete' && s.before ? [{ step, name: s.before.name }] : []));
    const others = steps.flatMap((s, step) => (s.op === 'delete' ? [] : changeLines(s).map((c) => ({ step, ...c }))));
    return [...deleteLines(doomed), ...others];
  },

  after(steps, tools) {
    const made = steps.flatMap((s, i) => (s.op === 'create' && s.after ? [{ step: i, dev: s.after.name }] : []));
    const given = steps.flatMap(({ after }, step) => {
      const spec = heldBy(after?.spec);
      return after && spec ? [{ step, name: after.name, spec }] : [];
    });
    if (made.length + given.length === 0) return undefined;
    return async () => {
      if (made.length > 0) await openHooks(made, tools);
      for (const { step, ...link } of given) {
        await giveNode(link, tools).catch((error: unknown) => {
          throw new StepFailure(step, error);
        });
      }
    };
  },
};

/** Deletes all as one link group: the kernel then waits once, not once a bridge (65 ms each). */
function deleteLines(doomed: readonly { readonly step: number; readonly name: string }[]): readonly IpCommand[] {
  const last = doomed.at(-1);
  if (!last) return [];
  // The helper devices of a shaped link have no other reason to stay.
  const helpers = doomed.flatMap(({ step, name }) => shaperNames(name).map((helper) => ({ step, name: helper })));
  const all = [...doomed, ...helpers.map((helper) => ({ ...helper, ifThere: helper.name }))];
  if (doomed.length === 1)
    return [
      ...doomed.map(quiet),
      ...all.map(({ name, ...more }) => ({ ...more, args: ['link', 'delete', 'dev', name], fine: GONE, removes: [name] })),
    ];
  const group = String(0x57_00_00_00 + randomBytes(3).readUIntBE(0, 3));
  return [
    ...all.map(({ name, ...more }) => ({ ...more, args: ['link', 'set', 'dev', name, 'group', group], fine: GONE })),
    { step: last.step, args: ['link', 'delete', 'group', group], fine: GONE, removes: all.map(({ name }) => name) },
  ];
}

/** Another process deletes the link; a change makes iproute2 forget what it knows of its name. */
function quiet({ step, name }: { readonly step: number; readonly name: string }): IpCommand {
  return { step, args: ['link', 'set', 'dev', name, 'down'], fine: GONE };
}

function changeLines(step: StepOf<'link'>): readonly Omit<IpCommand, 'step'>[] {
  const after = step.after;
  if (!after) return [];
  if (step.op !== 'create') return alterLines(step.before, after).map((args) => ({ args }));
  const { spec } = after;
  return createLines(after).map((args) => ({ args, ...(spec.type === 'veth' ? { meaning: takenInside(spec.peer) } : {}) }));
}

/** A guest's end of a veth pair: a network namespace and the device's name there. */
export type GuestEnd = Pick<Extract<LinkSpec, { type: 'veth' }>['peer'], 'netns' | 'name'>;

/** The name on the host was free a moment ago: the compile looks for it, and cannot look into namespaces. */
export function takenInside({ name, netns }: GuestEnd): NonNullable<IpCommand['meaning']> {
  return {
    of: /File exists/,
    message: `network namespace '${netns}' has a device named '${name}' already`,
    hint: 'give the new one another name (virtnet attach --dev), or remove the one that is there',
  };
}

function createLines(link: LinkResource): readonly IpArgs[] {
  const group = ['group', String(groupOf(link.owner.network))];
  const mac = link.mac === undefined ? [] : ['address', link.mac];
  const mtu = link.mtu === undefined ? [] : ['mtu', String(link.mtu)];
  const add = ['link', 'add', 'name', link.name, ...(link.ifindex === undefined ? [] : ['index', String(link.ifindex)])];
  const name = (...more: string[]): IpArgs => ['link', 'set', 'dev', link.name, 'alias', aliasOf(link), ...more];
  switch (link.spec.type) {
    case 'bridge':
      // A bridge keeps an MTU only when it is set after the creation; until then its ports' MTU rules (br_mtu_auto_adjust).
      return [[...add, ...mac, ...group, 'type', 'bridge', ...bridgeOptions(link.spec)], name(...mtu)];
    case 'veth': {
      const { netns, name: guestName, mac: guestMac } = link.spec.peer;
      // The guest's end is made first and up, and ours as its peer: the kernel cannot raise a peer, whose own one is not known yet (veth_open).
      const guest = ['link', 'add', 'name', guestName, 'address', guestMac, ...mtu, 'netns', netns, 'up'];
      const index = link.ifindex === undefined ? [] : ['index', String(link.ifindex)];
      return [[...guest, 'type', 'veth', 'peer', 'name', link.name, ...index, ...mac, ...mtu, ...group], name()];
    }
    case 'tap': {
      // tuntap takes no group, so a tap is born under a name that says it is nobody's yet, and gets name and marks in one request.
      const birth = tapBirthName();
      const flags = [...(link.spec.vnetHeader ? ['vnet_hdr'] : []), ...(link.spec.multiQueue ? ['multi_queue'] : [])];
      const { user, group: users } = link.spec;
      const holders = [...(user === undefined ? [] : ['user', user]), ...(users === undefined ? [] : ['group', users])];
      return [
        ['tuntap', 'add', 'dev', birth, 'mode', 'tap', ...holders, ...flags],
        ['link', 'set', 'dev', birth, 'name', link.name, ...mac, ...mtu, ...group, 'alias', aliasOf(link)],
      ];
    }
    case 'macvtap': {
      const index = link.ifindex === undefined ? [] : ['index', String(link.ifindex)];
      const kind = ['type', 'macvtap', 'mode', MACVTAP_MODES[link.spec.mode]];
      // A passthru macvtap is born with its parent's address, whatever is asked for; the kernel puts the parent's own back at its end.
      return [
        ['link', 'add', 'link', link.spec.parent, 'name', link.name, ...index, ...mac, ...mtu, ...group, ...kind],
        name(...(link.spec.mode === 'passthru' ? mac : []), ...(link.spec.allMulticast ? ['allmulticast', 'on'] : [])),
      ];
    }
  }
}

function alterLines(before: LinkResource | undefined, after: LinkResource): readonly IpArgs[] {
  const set = ['link', 'set', 'dev', after.name];
  const marks = ['group', String(groupOf(after.owner.network)), 'alias', aliasOf(after)];
  const mac = after.mac === undefined || after.mac === before?.mac ? [] : ['address', after.mac];
  const mtu = after.mtu === undefined || after.mtu === before?.mtu ? [] : ['mtu', String(after.mtu)];
  const lines: IpArgs[] = [[...set, ...mac, ...mtu, ...marks]];
  if (after.spec.type === 'bridge') {
    // While STP is on the kernel refuses a delay under 2 s, and it looks at the delay first: STP ends in a line of its own.
    if (!after.spec.stp) lines.push([...set, 'type', 'bridge', 'stp_state', '0']);
    const wasFiltering = before?.spec.type === 'bridge' && before.spec.vlanFiltering && !after.spec.vlanFiltering;
    lines.push([...set, 'type', 'bridge', ...bridgeOptions(after.spec), ...(wasFiltering ? ['vlan_filtering', '0'] : [])]);
  }
  if (after.spec.type === 'macvtap') {
    lines.push([...set, 'type', 'macvtap', 'mode', MACVTAP_MODES[after.spec.mode]]);
    lines.push([...set, 'allmulticast', after.spec.allMulticast ? 'on' : 'off']);
  }
  return lines;
}

function bridgeOptions(spec: Extract<LinkSpec, { type: 'bridge' }>): IpArgs {
  const delay = spec.stp ? Math.min(Math.max(spec.forwardDelay, 2), 30) : spec.forwardDelay;
  // An option of a kernel without VLAN filtering is an error even as 0.
  const vlan = spec.vlanFiltering ? ['vlan_filtering', '1'] : [];
  return ['stp_state', spec.stp ? '1' : '0', 'forward_delay', String(Math.round(delay * 100)), ...vlan];
}

const MACVTAP_MODES = { bridge: 'bridge', private: 'private', vepa: 'vepa', passthru: 'passthru' } as const;

/**
 * Gives devices the place for limits (shaping.ts) while they are still down: on a device that is up the kernel drops what is sent in the
 * instant in which it gets one (dev_deactivate).
 */
async function openHooks(made: readonly { readonly step: number; readonly dev: string }[], tools: HostTools): Promise<void> {
  const answers = await tools.tc.batch(
    made.map(({ dev }) => ['qdisc', 'add', 'dev', dev, 'clsact']),
    made.map(({ dev }) => dev),
  );
  for (const [i, answer] of answers.entries())
    if (!answer.ok) {
      tools.tc.forget(); // whatever it took the name for
      throw new StepFailure(made[i]?.step ?? 0, toolError('tc', answer.stderr, { dev: made[i]?.dev }));
    }
}

type HeldSpec = Extract<LinkSpec, { type: 'macvtap' }>;

/** A macvtap's spec that says who may open its node. */
function heldBy(spec: LinkSpec | undefined): HeldSpec | undefined {
  return spec?.type === 'macvtap' && (spec.user ?? spec.group) !== undefined ? spec : undefined;
}

/** The links with those who may open the nodes of the ones where it matters. */
async function withHolders(
  links: readonly LinkResource[],
  held: readonly LinkResource[],
  look: Look,
  tools: HostTools,
): Promise<readonly LinkResource[]> {
  const nodes = await readNodes(
    held.map(({ name }) => name),
    tools,
  );
  return links.map((link) => {
    const wanted = heldBy(wantedSpec(link.name, look));
    if (link.spec.type !== 'macvtap' || wanted === undefined) return link;
    return { ...link, spec: { ...link.spec, ...holdersOf(nodes.get(link.name), wanted) } };
  });
}

function wantedSpec(name: string, look: Look): LinkSpec | undefined {
  const wanted = look.request.desired.get(`link ${name}`);
  return wanted?.kind === 'link' ? wanted.spec : undefined;
}

/** A link as a resource; undefined for one that is not ours, unless `desired` has a link of that name: then it is somebody else's there. */
function readLink(row: LinkRow, look: Look): LinkResource | undefined {
  const owner = markedOwner(row);
  if (owner === undefined) return undefined;
  const spec = readSpec(row, wantedSpec(row.ifname, look));
  if (spec === undefined) return undefined;
  return {
    kind: 'link',
    name: row.ifname,
    owner,
    ...(row.address === undefined ? {} : { mac: row.address }),
    mtu: row.mtu,
    spec,
    ifindex: row.ifindex,
  };
}

function readSpec(row: LinkRow, hint: LinkSpec | undefined): LinkSpec | undefined {
  const data = row.linkinfo?.info_data ?? {};
  switch (row.linkinfo?.info_kind) {
    case 'bridge':
      return {
        type: 'bridge',
        stp: data['stp_state'] === 1,
        forwardDelay: Number(data['forward_delay']) / 100,
        vlanFiltering: data['vlan_filtering'] === 1,
      };
    case 'veth': {
      const peer = parseAlias(row.ifalias)?.peer ?? (hint?.type === 'veth' ? hint.peer : { netns: '', name: '', mac: '' });
      return { type: 'veth', peer };
    }
    case 'tun':
      return {
        type: 'tap',
        ...(typeof data['user'] === 'string' || typeof data['user'] === 'number' ? { user: String(data['user']) } : {}),
        ...(typeof data['group'] === 'string' || typeof data['group'] === 'number' ? { group: String(data['group']) } : {}),
        vnetHeader: data['vnet_hdr'] === true,
        multiQueue: data['multi_queue'] === true,
      };
    case 'macvtap': {
      const mode = String(data['mode']);
      return {
        type: 'macvtap',
        parent: row.link ?? '',
        mode: mode === 'private' || mode === 'vepa' || mode === 'passthru' ? mode : 'bridge',
        allMulticast: row.flags.includes('ALLMULTI'),
      };
    }
    default:
      return undefined;
  }
}
