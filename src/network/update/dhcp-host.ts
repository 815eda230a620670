import type { Result } from '../../base/diagnostic.ts';
import type { DhcpHost, DhcpHostMatch } from '../dhcp-host.ts';
import type { Network } from '../network.ts';
import { checkSingleDhcp, familyOf, findIp, withDhcp, withIp } from './find-ip.ts';
import { inserted, replacedAt, withoutAt } from './list.ts';
import { done, refusal, refuse, unknownCommand } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

const sameMac = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
const sameText = (a: string | undefined, b: string | undefined): boolean => a !== undefined && a === b;
/** libvirt's words for what a host does not say. */
const macWords = (host: DhcpHostMatch): string => host.mac ?? 'unknown';
const nameWords = (host: DhcpHostMatch): string => host.name ?? '(null)';

/**
 * Adds, replaces or deletes a fixed DHCP host. Added: neither mac, name nor ip may be in use. Replaced: the first with that mac,
 * name or ip, whole. Deleted: the first of which all that the fragment says is true.
 */
export function updateDhcpHost(network: Network, index: number, command: UpdateCommand | number, host: DhcpHostMatch): Result<Network> {
  const ip = network.ips[index];
  if (!ip) return findIp(network, index) as Result<never>;
  const hosts = ip.dhcp?.hosts ?? [];
  const put = (changed: Result<readonly DhcpHost[]>): Result<Network> =>
    changed.ok ? done(withIp(network, index, (old) => withDhcp(old, { hosts: changed.value }))) : changed;

  if (command === 'delete') return put(withoutHost(hosts, host, network));
  const entry = host as DhcpHost; // only deleting may say less
  if (familyOf(ip) !== (entry.ip.includes(':') ? 'ipv6' : 'ipv4')) {
    return refuse(
      refusal(
        'VNE011',
        `${entry.ip} is not of the family of ip ${String(index)} (${ip.address}) of network '${network.name}'`,
        55,
        "the address family of a host entry IP must match the address family of the dhcp element's parent",
        'give the parent index of an ip element of the same family',
      ),
    );
  }
  if (typeof command === 'number') return unknownCommand(command);
  if (command === 'modify') return put(withHostReplaced(hosts, entry, network));
  const single = checkSingleDhcp(network, index);
  return single.ok ? put(withHostAdded(hosts, entry, command, network)) : single;
}

function withoutHost(hosts: readonly DhcpHost[], host: DhcpHostMatch, network: Network): Result<readonly DhcpHost[]> {
  const at = hosts.findIndex(
    (old) =>
      (host.mac === undefined || sameMac(host.mac, old.mac)) &&
      (host.name === undefined || host.name === old.name) &&
      (host.ip === undefined || host.ip === old.ip),
  );
  if (at >= 0) return done(withoutAt(hosts, at));
  return refuse(
    refusal(
      'VNE005',
      `no dhcp host of network '${network.name}' has ${describe(host)}`,
      55,
      `couldn't locate a matching dhcp host entry in network '${network.name}'`,
    ),
  );
}

function withHostReplaced(hosts: readonly DhcpHost[], entry: DhcpHost, network: Network): Result<readonly DhcpHost[]> {
  const at = hosts.findIndex((old) => clash(old, entry));
  if (at >= 0) return done(replacedAt(hosts, at, entry));
  return refuse(
    refusal(
      'VNE005',
      `no dhcp host of network '${network.name}' has that mac, name or ip`,
      55,
      `couldn't locate an existing dhcp host entry with "mac='${macWords(entry)}'" "name='${nameWords(entry)}'" "ip='${entry.ip}'" in network '${network.name}'`,
      'add it instead',
    ),
  );
}

function withHostAdded(
  hosts: readonly DhcpHost[],
  entry: DhcpHost,
  command: 'add-first' | 'add-last',
  network: Network,
): Result<readonly DhcpHost[]> {
  const other = hosts.find((old) => clash(old, entry));
  if (!other) return done(inserted(hosts, entry, command));
  return refuse(
    refusal(
      'VNE004',
      `dhcp host ${describe(other)} of network '${network.name}' has the same mac, name or ip`,
      55,
      `there is an existing dhcp host entry in network '${network.name}' that matches "<host mac='${macWords(entry)}' name='${nameWords(entry)}' ip='${entry.ip}'/>"`,
      'modify it, or delete it first',
    ),
  );
}

/** Two hosts that cannot be side by side. */
function clash(a: DhcpHost, b: DhcpHost): boolean {
  return sameMac(a.mac, b.mac) || sameText(a.name, b.name) || a.ip === b.ip;
}

function describe(host: DhcpHostMatch): string {
  return (['mac', 'name', 'ip'] as const).flatMap((field) => (host[field] === undefined ? [] : [`${field} '${host[field]}'`])).join(', ');
}
