import { lstatSync } from 'node:fs';
import type { LinkResource, LinkSpec } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import { run, tryRun } from '../tools/command.ts';
import type { DeviceNode } from './device-node.ts';
import type { HostTools } from '../handler.ts';
import { readText } from '../system/small-files.ts';

/** Who may open a macvtap: a user, or a group's members, or both. Absent: root alone. */
type Holders = Pick<Extract<LinkSpec, { type: 'macvtap' }>, 'user' | 'group'>;

/**
 * The nodes of these macvtaps, by device. The kernel (devtmpfs) calls a node `/dev/tapN` by the device's index, whichever network namespace
 * that is in: a node with another device's numbers counts as none.
 */
export async function readNodes(devices: readonly string[], tools: HostTools): Promise<ReadonlyMap<string, DeviceNode>> {
  const paths = new Map(devices.flatMap((dev) => pairOf(dev, ownNode(dev, tools))));
  if (paths.size === 0) return new Map();
  const { stdout } = await tryRun(['stat', '-c', '%n %a %U %u %G %g', '--', ...paths.keys()]);
  return new Map(
    stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const [path = '', mode = '', user = '', uid, group = '', gid] = line.split(' ');
        const dev = paths.get(path);
        return dev === undefined ? [] : [[dev, { path, user, uid: Number(uid), group, gid: Number(gid), mode }] as const];
      }),
  );
}

const pairOf = (dev: string, path: string | undefined): readonly (readonly [string, string])[] => (path === undefined ? [] : [[path, dev]]);

/** Gives a macvtap's node to those who shall open it. The node goes with the device, so nothing is to be put back. */
export async function giveNode({ name, spec }: Pick<LinkResource, 'name'> & { readonly spec: Holders }, tools: HostTools): Promise<void> {
  const path = ownNode(name, tools);
  if (path === undefined) throw noNode(name, numbersOf(name, tools));
  await run(['chown', '--', `${spec.user ?? 'root'}:${spec.group ?? 'root'}`, path]);
  await run(['chmod', spec.group === undefined ? '600' : '660', path]);
}

/** Who may open a macvtap whose holders matter, in the wanted words where these mean the same. */
export function holdersOf(node: DeviceNode | undefined, wanted: Holders): Holders {
  if (node === undefined) return {};
  const { user, uid, group, gid } = node;
  return {
    ...(wanted.user !== undefined && { user: wanted.user === String(uid) ? wanted.user : user }),
    ...(wanted.group !== undefined && { group: wanted.group === String(gid) ? wanted.group : group }),
  };
}

/** `MAJOR:MINOR` of a macvtap; undefined for what is none. */
function numbersOf(dev: string, tools: HostTools): string | undefined {
  return readText(`${tools.sysfs}/class/net/${dev}/macvtap/tap${indexOf(dev, tools)}/dev`)?.trim();
}

function indexOf(dev: string, tools: HostTools): string {
  return readText(`${tools.sysfs}/class/net/${dev}/ifindex`)?.trim() ?? '';
}

function ownNode(dev: string, tools: HostTools): string | undefined {
  const numbers = numbersOf(dev, tools);
  const path = `/dev/tap${indexOf(dev, tools)}`;
  const found = numbers === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false });
  return found?.isCharacterDevice() === true && numbersIn(found.rdev) === numbers ? path : undefined;
}

/** A device number as `MAJOR:MINOR`, as glibc packs it (gnu_dev_major of its sysmacros.h; 32 bits are all that Linux has). */
function numbersIn(rdev: number): string {
  return `${String((rdev >>> 8) & 0xfff)}:${String((rdev & 0xff) | ((rdev >>> 12) & 0xfff00))}`;
}

function noNode(dev: string, numbers: string | undefined): VirtnetError {
  return new VirtnetError({
    code: 'VNH001',
    message: `'${dev}' has no node in /dev whose owner could be set`,
    hint: `have /dev be a devtmpfs of this host, or leave user and group out and make a node: mknod NODE c ${(numbers ?? 'MAJOR:MINOR').replace(':', ' ')}`,
    details: { dev },
  });
}
