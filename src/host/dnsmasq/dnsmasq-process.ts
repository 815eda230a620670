import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import { readProcess, type ProcessEntry } from '../system/process-table.ts';
import { readText } from '../system/small-files.ts';

/** Environment of a dnsmasq of ours: whose it is, and the SHA-256 of the conf it was started with. */
export const NETWORK = 'VIRTNET_NETWORK';
export const CONF = 'VIRTNET_CONF';
/** Where the dhcp-script appends; it inherits dnsmasq's environment. */
export const LEASES = 'VIRTNET_LEASES';

/**
 * The process that the pid file names, when it is really this network's.
 * @param known processes of the network that were looked at just now.
 */
export function runningFrom(
  files: DnsmasqFiles,
  network: string,
  proc: string,
  known: readonly ProcessEntry[] = [],
): ProcessEntry | undefined {
  const pid = Number(readText(files.pid)?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const entry = known.find((p) => p.pid === pid) ?? readProcess(pid, proc);
  return entry?.environment.get(NETWORK) === network ? entry : undefined;
}

/** True for a process that somebody has stopped (SIGSTOP, a debugger): it is there, and answers nobody. */
export function isHalted({ state }: ProcessEntry): boolean {
  return state === 'T' || state === 't';
}

/**
 * True for a process that waits for one of its sockets to be readable, in poll(2), and so will read what comes: proc_pid_wchan(5) names the
 * function of the kernel that it sleeps in. One that sleeps elsewhere (a log that nobody reads), that runs, or that may not be looked at: false.
 */
export function isListening({ pid }: ProcessEntry, proc: string): boolean {
  try {
    return readText(`${proc}/${String(pid)}/wchan`)?.includes('poll') === true;
  } catch {
    return false; // it ended while we looked
  }
}

/**
 * True for a process that is at work soon after it was told to read its files: it answers when it has done so (with 10,000 hosts after some
 * 150 ms, since dnsmasq compares each host's address with those before it). Nothing is learned by asking it now but how long that takes.
 */
export function isReading({ state }: ProcessEntry, files: DnsmasqFiles): boolean {
  const toldAt = statSync(markerFile(files), { throwIfNoEntry: false })?.mtimeMs;
  return state === 'R' && toldAt !== undefined && Date.now() - toldAt < READING_MS;
}

/** Milliseconds: one that is at work for longer without an answer is asked like any other. */
const READING_MS = 2000;

/** True when the network's dnsmasq runs and has nothing to do. */
export function waitsForPackets(files: DnsmasqFiles, network: string, proc = '/proc'): boolean {
  const entry = runningFrom(files, network, proc);
  return entry !== undefined && isListening(entry, proc);
}

/** What a process was told to read, at its start or by the last signal. */
export interface LoadedTexts {
  readonly hosts: string;
  readonly addnHosts: string;
  readonly servers: string;
}

/** Holds the `marker` of what the running process has read. */
export function markerFile(files: DnsmasqFiles): string {
  return `${files.folder}/loaded`;
}

/**
 * What a process has read. Written after the signal: a kill between the two shows as a mismatch, and the signal is sent again.
 * @param isClosed its user could not enter a folder on the way to the texts
 */
export function marker(pid: number, { hosts, addnHosts, servers }: LoadedTexts, isClosed = false): string {
  return `${String(pid)} ${sha256(hosts, '\0', addnHosts, '\0', servers)}${isClosed ? ' closed' : ''}\n`;
}

/** True when the conf makes dnsmasq read a file of upstream servers. */
export function readsServers(conf: string): boolean {
  return conf.includes('servers-file=');
}

/** Of the parts as one text, in hex. */
export function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
