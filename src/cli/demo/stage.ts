import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from '../../host/tools/command.ts';
import { makeFolders } from '../../host/system/make-folders.ts';
import { overlaps, parseSubnet } from '../../inet/subnet.ts';
import type { Network } from '../../network/network.ts';
import { subnetOf } from '../views.ts';

/** The world around the host of a demo: one namespace behind one link, with an address of its own in each family. */
export interface Stage {
  /** Name of the namespace that plays the outside. */
  readonly outside: string;
  /** The host's link to it. */
  readonly uplink: string;
  /** Addresses of both ends, without prefix. */
  readonly host4: string;
  readonly outside4: string;
  readonly host6: string;
  readonly outside6: string;
}

/** Subnets reserved for documentation (RFC 5737, RFC 3849): the first one that the document leaves free plays the outside. */
const OUTSIDE_V4 = ['203.0.113', '198.51.100', '192.0.2'];
const OUTSIDE_V6 = ['2001:db8:ffff', '2001:db8:fffe'];

/**
 * Makes the devices that the document expects of a host, and the outside behind the first of them. A host bridge (mode bridge) is made
 * with the outside on it, which then also serves addresses there as a LAN's router would.
 */
export async function setStage(network: Network): Promise<Stage> {
  const wanted = network.forward.interfaces.map((i) => i.dev);
  const hostBridge = network.forward.mode === 'bridge' && wanted.length === 0 ? network.bridge?.name : undefined;
  const stage: Stage = {
    outside: 'outside',
    uplink: hostBridge ?? wanted[0] ?? 'uplink0',
    ...addresses(network),
  };
  const uplinkDev = hostBridge === undefined ? stage.uplink : 'uplink0';
  await run(['ip', '-batch', '-'], {
    input: [
      `netns add ${stage.outside}`,
      `link add ${uplinkDev} type veth peer name eth0 netns ${stage.outside}`,
      ...(hostBridge === undefined
        ? []
        : [`link add ${hostBridge} type bridge`, `link set ${uplinkDev} master ${hostBridge}`, `link set ${hostBridge} up`]),
      `link set ${uplinkDev} up`,
      // Further devices of a pool: links whose other ends nobody uses.
      ...wanted
        .slice(1)
        .flatMap((dev, i) => [`link add ${dev} type veth peer name pool${String(i)} netns ${stage.outside}`, `link set ${dev} up`]),
      `addr add ${stage.host4}/24 dev ${stage.uplink}`,
      `addr add ${stage.host6}/64 dev ${stage.uplink} nodad`,
      `route add default via ${stage.outside4}`,
      `route add ::/0 via ${stage.outside6}`,
    ].join('\n'),
  });
  await run(['ip', '-n', stage.outside, '-batch', '-'], {
    input: [
      'link set lo up',
      'link set eth0 up',
      `addr add ${stage.outside4}/24 dev eth0`,
      `addr add ${stage.outside6}/64 dev eth0 nodad`,
      // The outside knows the way to the guests, so that what does not arrive was stopped by the host, not lost on the road.
      ...guestSubnets(network).map((subnet) => `route add ${subnet} via ${subnet.includes(':') ? stage.host6 : stage.host4}`),
      ...natPool(network).map((address) => `route add ${address} via ${stage.host4}`),
    ].join('\n'),
  });
  await Promise.all([uplinkDev, stage.uplink].map(untilUp));
  for (const root of network.ips.flatMap((ip) => ip.tftpRoot ?? [])) await makeFolder(root);
  return stage;
}

/** The kernel tells of a link's carrier a moment after it has one; what is compared with later must not change by itself. */
async function untilUp(device: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (readFileSync(`/sys/class/net/${device}/operstate`, 'utf8').trim() === 'up') return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** A folder that the host has to have, as far as it is missing: in a file system that only this sandbox sees and that ends with it. */
async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  let parent = dirname(path);
  while (!existsSync(parent)) parent = dirname(parent);
  if (parent === '/') return; // the host's own root must not be hidden
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'demo', parent]);
  makeFolders(path);
}

function addresses(network: Network): Pick<Stage, 'host4' | 'outside4' | 'host6' | 'outside6'> {
  const taken = guestSubnets(network).flatMap((s) => parseSubnet(s) ?? []);
  const free = (subnet: string): boolean => {
    const candidate = parseSubnet(subnet);
    return candidate !== undefined && !taken.some((t) => overlaps(t, candidate));
  };
  const v4 = OUTSIDE_V4.find((base) => free(`${base}.0/24`)) ?? '100.64.99';
  const v6 = OUTSIDE_V6.find((base) => free(`${base}::/64`)) ?? '2001:db8:fffd';
  return { host4: `${v4}.1`, outside4: `${v4}.2`, host6: `${v6}::1`, outside6: `${v6}::2` };
}

/** The subnets of a network that virtnet serves itself. */
function guestSubnets(network: Network): string[] {
  return network.ips.flatMap((ip) => subnetOf(ip) ?? []);
}

/** The addresses of a NAT range, at most 64 of them: they live on the host, so the outside must send answers there. */
function natPool(network: Network): string[] {
  const { addressStart, addressEnd } = network.forward.nat ?? {};
  const start = addressStart === undefined ? undefined : parseSubnet(addressStart);
  if (start === undefined) return [];
  const end = parseSubnet(addressEnd ?? addressStart ?? '') ?? start;
  const list: string[] = [];
  for (let v = start.value; v <= end.value && list.length < 64; v++) {
    const n = Number(v);
    list.push([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.'));
  }
  return list;
}

/** The addresses of a NAT range as texts, for comparing with what the outside sees. */
export { natPool };
