import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { dnsmasqFiles, type DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { HostPaths } from '../../compile/facts.ts';
import { subnetOfIp } from '../../compile/subnets.ts';
import { waitsForPackets } from '../../host/dnsmasq/dnsmasq-process.ts';
import type { Host } from '../../host/host.ts';
import { asLease, knownLeases, type KnownLeases, type LeaseFiles } from '../../host/leases/known-leases.ts';
import { emptyJournal, isLongJournal } from '../../host/leases/lease-journal.ts';
import { endLeases, releaseLeases } from '../../host/leases/lease-release.ts';
import { compactLeases, isLong } from '../../host/leases/leases.ts';
import { bitsOf, contains, parseIp, type Subnet } from '../../inet/index.ts';
import type { Network } from '../../network/network.ts';
import { parseLibvirtMac } from '../../network/values.ts';
import type { Lease } from '../driver.ts';
import { badMac } from '../errors.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import { currentDocument } from '../state/network-record.ts';

/**
 * What the network's DHCP server has leased, of one guest or of all. A log and a journal that have grown long are made short on the way.
 * @throws VirtnetError VND016 for a text that is no MAC address.
 */
export async function networkLeases(host: Host, record: NetworkRecord, mac: string | undefined): Promise<readonly Lease[]> {
  const wanted = mac === undefined ? undefined : parseLibvirtMac(mac);
  if (mac !== undefined && wanted === undefined) throw badMac(mac);
  const network = currentDocument(record);
  const files = dnsmasqFiles(host.paths, record.uuid);
  const known = await settled(files);
  await shorten(files, known, host, record.uuid);
  return known.records
    .map(asLease)
    .filter((lease) => wanted === undefined || lease.mac?.toLowerCase() === wanted)
    .map((lease) => ({ ...lease, interface: lease.interface ?? network.bridge?.name ?? '', prefix: prefixAt(network, lease.ip) }));
}

/**
 * What is known, once the server's script has told of the leases of this instant: it knows names that no answer to a client has. With many new
 * leases it is late, and is not waited for.
 */
async function settled(files: LeaseFiles): Promise<KnownLeases> {
  for (let waits = 0; ; waits++) {
    const known = await knownLeases(files);
    if (waits === SCRIPT_WAITS || Date.now() / 1000 - known.youngest >= YOUNG_SECONDS) return known;
    await sleep(SCRIPT_MS);
  }
}

/** How old a lease may be whose script is waited for, in the whole seconds of the journal. */
const YOUNG_SECONDS = 2;
const SCRIPT_MS = 10;
const SCRIPT_WAITS = 3;

/** True when a reader of these files would make them short. */
export async function haveGrownLong(files: LeaseFiles): Promise<boolean> {
  const journal = await stat(files.journal).catch(() => undefined);
  return (journal !== undefined && isLongJournal(journal.size)) || (await isLong(files.leases));
}

/** Best effort: where somebody changes networks just now, or nothing may be written, the next reader tries again. */
async function shorten(files: DnsmasqFiles, { unrecorded, journalBytes }: KnownLeases, host: Host, uuid: string): Promise<void> {
  const isLeft = isLongJournal(journalBytes) && unrecorded.length === 0;
  if (!isLeft && !(await isLong(files.leases))) return;
  try {
    await using _lock = await host.lock('compact leases', { timeoutMs: 100 });
    if (isLeft) emptyJournal(files.journal, journalBytes, () => waitsForPackets(files, uuid));
    await compactLeases(files.leases);
  } catch {
    return;
  }
}

/**
 * Gives back what a guest that was unplugged has leased, so that its address is free and its name is gone. Best effort: a lease that
 * stays ends by itself.
 */
export async function giveBackLeases(paths: HostPaths, record: NetworkRecord, mac: string): Promise<void> {
  const files = dnsmasqFiles(paths, record.uuid);
  const leases = (await knownLeases(files)).records.filter((lease) => lease.mac?.toLowerCase() === mac);
  const network = currentDocument(record);
  const bridge = network.bridge?.name;
  if (leases.length === 0) return;
  if (record.live === undefined || bridge === undefined) endLeases(files.leases, leases);
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
