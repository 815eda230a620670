import { appendFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import { clientOf } from './dhcp-messages.ts';
import { readJournal, type JournalLease } from './lease-journal.ts';
import { isLive, readLog, recordLine, type LeaseRecord, type LogRecord, type LogWord } from './leases.ts';
import { makeFolders } from '../system/make-folders.ts';

export type LeaseFiles = Pick<DnsmasqFiles, 'leases' | 'journal'>;

/** What the log and the journal of a network say together. */
export interface KnownLeases {
  /** The live leases in the order in which they were last told, as libvirt lists them. */
  readonly records: readonly LogRecord[];
  /** Those that only the journal has: dnsmasq's script has not told of them yet, or was never told. */
  readonly unrecorded: readonly LogRecord[];
  /** When the youngest of these was given, in seconds since the epoch; 0 where there is none. */
  readonly youngest: number;
  readonly journalBytes: number;
}

/** @param nowSeconds leases that ended before it are left out. */
export async function knownLeases(files: LeaseFiles, nowSeconds = Math.floor(Date.now() / 1000)): Promise<KnownLeases> {
  // The journal first: what is cut from it meanwhile is in the log by then.
  const journal = await readJournal(files.journal);
  const log = await readLog(files.leases);
  const untold = [...journal.leases.values()].filter((lease) => isLive(lease, nowSeconds) && !tells(log.get(lease.ip), lease));
  const unrecorded = untold.map((lease) => asRecord(lease, log.get(lease.ip)));
  const told = new Map([...log].flatMap(([ip, { record, isLeased }]) => (isLeased && isLive(record, nowSeconds) ? [[ip, record]] : [])));
  for (const { ip } of unrecorded) told.delete(ip);
  return { records: [...told.values(), ...unrecorded], unrecorded, youngest: untold.at(-1)?.at ?? 0, journalBytes: journal.bytes };
}

/** The live leases without what only dnsmasq needs. */
export async function readLeases(files: LeaseFiles, nowSeconds?: number): Promise<readonly LeaseRecord[]> {
  return (await knownLeases(files, nowSeconds)).records.map(asLease);
}

export function asLease({ line: _line, serverDuid: _duid, ...lease }: LogRecord): LeaseRecord {
  return lease;
}

/** Seconds by which the end of one lease may differ in the log and the journal: dnsmasq counts from when it began to think. */
const SLACK = 5;

/**
 * True when the log's last word on an address is about this lease, or about a later one: whose end is no earlier. The script's words come
 * late, so a word about somebody else does not count where the journal has seen that one give the address back.
 */
function tells(word: LogWord | undefined, lease: JournalLease): boolean {
  if (word === undefined) return false;
  if (lease.isGivenAnew && !(word.isLeased && clientOf(word.record) === clientOf(lease))) return false;
  return endOf(word.record) >= endOf(lease) - SLACK;
}

function endOf({ expiry }: LeaseRecord): number {
  return expiry === 0 ? Infinity : expiry;
}

/** With what an older record of the same lease says beside: a renewal does not tell a name that the server has chosen. */
function asRecord({ isGivenAnew: _anew, at: _at, ...lease }: JournalLease, word: LogWord | undefined): LogRecord {
  const isSame = word !== undefined && word.isLeased && clientOf(word.record) === clientOf(lease);
  const record = { ...(isSame ? word.record : {}), ...lease };
  return { ...record, line: recordLine(record) };
}

/**
 * Moves what only the journal has into the log, and ends the journal. Nobody may write to either any more: dnsmasq and its helper have ended.
 * Killed in between, it does the same again. Where the disk is full the journal stays as it is.
 * @param device the network's bridge.
 */
export async function foldJournal(files: LeaseFiles, device: string): Promise<void> {
  const { unrecorded } = await knownLeases(files);
  if (unrecorded.length > 0) {
    makeFolders(dirname(files.leases), 0o755);
    const lines = unrecorded.map((record) => `\n${recordLine({ ...record, interface: record.interface ?? device })}\n`);
    await appendFile(files.leases, lines.join(''), { mode: 0o644 });
  }
  await rm(files.journal, { force: true });
}
