import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { clientOf, leaseEvents, type GivenLease } from './dhcp-messages.ts';
import { DUMP_HEADER_BYTES, dumpedMessages } from './packet-dump.ts';

/** A lease that an answer in the journal gives. */
export interface JournalLease extends GivenLease {
  /** The journal also tells that the address was given back before. */
  readonly isGivenAnew: boolean;
}

/** What a journal says. */
export interface Journal {
  /** By address, in the order in which they were last given. */
  readonly leases: ReadonlyMap<string, JournalLease>;
  readonly bytes: number;
}

/**
 * dnsmasq's dump of its own DHCP packets, read as a journal of leases: an answer is in it before it is sent (docs/decisions/0018). Leases that
 * were given back since are left out. What cannot be read says nothing.
 */
export async function readJournal(path: string): Promise<Journal> {
  const dump = await readFile(path).catch(() => Buffer.alloc(0));
  const leases = new Map<string, JournalLease>();
  const ended = new Set<string>();
  const ofClient = new Map<string, string>();
  const end = (ip: string): void => {
    leases.delete(ip);
    ended.add(ip);
  };
  for (const event of leaseEvents(dumpedMessages(dump))) {
    if (event.type === 'ended') {
      const lease = leases.get(event.ip);
      if (lease === undefined || clientOf(lease) === event.client) end(event.ip);
      continue;
    }
    const { lease } = event;
    const before = ofClient.get(clientOf(lease));
    // A DHCPv4 client has one address: the former one is free.
    if (lease.family === 'ipv4' && before !== undefined && before !== lease.ip) end(before);
    ofClient.set(clientOf(lease), lease.ip);
    leases.delete(lease.ip);
    leases.set(lease.ip, { ...lease, isGivenAnew: ended.has(lease.ip) });
  }
  return { leases, bytes: dump.length };
}

/** A journal of that size is made short by whoever reads it. */
const LONG_BYTES = 256 * 1024;

/** True when a journal should be made short. */
export function isLongJournal(bytes: number): boolean {
  return bytes >= LONG_BYTES;
}

/**
 * Empties a journal of which the log has everything: where it has not grown since it was read, and where dnsmasq waits, which writes a
 * record in pieces. What it writes between the last look and the cut, some microseconds, is in the log only once its script has run.
 * @param bytes what was read of it.
 * @param isWaiting true when dnsmasq is not at work.
 */
export function emptyJournal(path: string, bytes: number, isWaiting: () => boolean): boolean {
  const file = openSync(path, 'r+');
  try {
    const isCut = isWaiting() && fstatSync(file).size === bytes;
    if (isCut) ftruncateSync(file, DUMP_HEADER_BYTES);
    return isCut;
  } finally {
    closeSync(file);
  }
}
