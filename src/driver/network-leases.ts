import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { HostPaths } from '../compile/facts.ts';
import { subnetOfIp } from '../compile/subnets.ts';
import { endLeases, releaseLeases } from '../host/lease-release.ts';
import type { Host } from '../host/host.ts';
import { compactLeases, isLong, readLeases, readRecords } from '../host/leases.ts';
import { bitsOf, contains, parseIp, type Subnet } from '../inet/index.ts';
import type { Network } from '../network/network.ts';
import { parseLibvirtMac } from '../network/values.ts';
import type { Lease } from './driver.ts';
import { badMac } from './errors.ts';
import type { NetworkRecord } from './state.ts';
import { currentDocument } from './state.ts';

/**
 * What the network's DHCP server has leased, of one guest or of all. A log that has grown long is made short on the way.
 * @throws VirtnetError VND016 for a text that is no MAC address.
 */
export async function networkLeases(host: Host, record: NetworkRecord, mac: string | undefined): Promise<readonly Lease[]> {
  const wanted = mac === undefined ? undefined : parseLibvirtMac(mac);
  if (mac !== undefined && wanted === undefined) throw badMac(mac);
  const network = currentDocument(record);
  const log = dnsmasqFiles(host.paths, record.uuid).leases;
  const leases = await readLeases(log);
  await shorten(log, host);
  return leases
    .filter((lease) => wanted === undefined || lease.mac?.toLowerCase() === wanted)
    .map((lease) => ({ ...lease, interface: lease.interface ?? network.bridge?.name ?? '', prefix: prefixAt(network, lease.ip) }));
}

/** Best effort: where somebody changes networks just now, or nothing may be written, the next reader tries again. */
async function shorten(log: string, host: Host): Promise<void> {
  if (!(await isLong(log))) return;
  try {
    await using _lock = await host.lock('compact leases', { timeoutMs: 100 });
    await compactLeases(log);
  } catch {
    return;
  }
}

/**
 * Gives back what a guest that was unplugged has leased, so that its address is free and its name is gone. Best effort: a lease that
 * stays ends by itself.
 */
export async function giveBackLeases(paths: HostPaths, record: NetworkRecord, mac: string): Promise<void> {
  const log = dnsmasqFiles(paths, record.uuid).leases;
  const leases = (await readRecords(log)).filter((lease) => lease.mac?.toLowerCase() === mac);
  const network = currentDocument(record);
  const bridge = network.bridge?.name;
  if (leases.length === 0) return;
  if (record.live === undefined || bridge === undefined) endLeases(log, leases);
  else await releaseLeases(leases, { bridge, addressFor: (ip) => subnetAt(network, ip) });
}

/** The network's subnet that an address lies in, as the bridge's address there. */
function subnetAt(network: Network, ip: string): Subnet | undefined {
  const address = parseIp(ip);
  if (address === undefined) return undefined;
  return network.ips.map(subnetOfIp).find((s) => s?.family === address.family && contains(s, address));
}

/** The prefix length of the network's subnet that an address lies in. */
function prefixAt(network: Network, ip: string): number {
  const family = parseIp(ip)?.family;
  return family === undefined ? 0 : (subnetAt(network, ip)?.prefix ?? bitsOf(family));
}
