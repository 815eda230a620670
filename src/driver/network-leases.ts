import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { HostPaths } from '../compile/facts.ts';
import { subnetOfIp } from '../compile/subnets.ts';
import { readLeases } from '../host/leases.ts';
import { contains, parseIp } from '../inet/index.ts';
import type { Network } from '../network/network.ts';
import { parseLibvirtMac } from '../network/values.ts';
import type { Lease } from './driver.ts';
import { badMac } from './errors.ts';
import type { NetworkRecord } from './state.ts';
import { currentDocument } from './state.ts';

/**
 * What the network's DHCP server has leased, of one guest or of all.
 * @throws VirtnetError VND016 for a text that is no MAC address.
 */
export async function networkLeases(paths: HostPaths, record: NetworkRecord, mac: string | undefined): Promise<readonly Lease[]> {
  const wanted = mac === undefined ? undefined : parseLibvirtMac(mac);
  if (mac !== undefined && wanted === undefined) throw badMac(mac);
  const network = currentDocument(record);
  const leases = await readLeases(dnsmasqFiles(paths, record.uuid).leases);
  return leases
    .filter((lease) => wanted === undefined || lease.mac?.toLowerCase() === wanted)
    .map((lease) => ({ ...lease, interface: lease.interface ?? network.bridge?.name ?? '', prefix: prefixAt(network, lease.ip) }));
}

/** The prefix length of the network's subnet that an address lies in. */
function prefixAt(network: Network, ip: string): number {
  const address = parseIp(ip);
  if (address === undefined) return 0;
  const subnet = network.ips.map(subnetOfIp).find((s) => s?.family === address.family && contains(s, address));
  return subnet?.prefix ?? (address.family === 'ipv4' ? 32 : 128);
}
