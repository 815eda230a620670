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
  const put = (changed: readonly DhcpHost[]): Result<Network> => done(withIp(network, index, (old) => withDhcp(old, { hosts: changed })));

  if (command === 'delete') {
    const at = hosts.findIndex(
      (old) =>
        (host.mac === undefined || sameMac(host.mac, old.mac)) &&
        (host.name === undefined || host.name === old.name) &&
        (host.ip === undefined || host.ip === old.ip),
    );
    if (at >= 0) return put(withoutAt(hosts, at));
    return refuse(
      refusal(
        'VNE005',
        `no dhcp host of network '${network.name}' has ${describe(host)}`,
        55,
        `couldn't locate a matching dhcp host entry in network '${network.name}'`,
      ),
    );
  }

  const entry = host as DhcpHost; // only deleting may say less
  const clashes = (old: DhcpHost): boolean => sameMac(entry.mac, old.mac) || sameText(entry.name, old.name) || entry.ip === old.ip;
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
  if (command === 'modify') {
    const at = hosts.findIndex(clashes);
    if (at >= 0) return put(replacedAt(hosts, at, entry));
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
  const single = checkSingleDhcp(network, index);
  if (!single.ok) return single;
  const clash = hosts.find(clashes);
  if (!clash) return put(inserted(hosts, entry, command));
  return refuse(
    refusal(
      'VNE004',
      `dhcp host ${describe(clash)} of network '${network.name}' has the same mac, name or ip`,
      55,
      `there is an existing dhcp host entry in network '${network.name}' that matches "<host mac='${macWords(entry)}' name='${nameWords(entry)}' ip='${entry.ip}'/>"`,
      'modify it, or delete it first',
    ),
  );
}

function describe(host: DhcpHostMatch): string {
  return (['mac', 'name', 'ip'] as const).flatMap((field) => (host[field] === undefined ? [] : [`${field} '${host[field]}'`])).join(', ');
}
