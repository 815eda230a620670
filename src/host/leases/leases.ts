import { existsSync, rmSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A lease as the log of libexec/virtnet-lease tells it. */
export interface LeaseRecord {
  /** Seconds since the epoch; 0 for a lease without end. */
  readonly expiry: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly ip: string;
  readonly mac?: string;
  /** DHCPv6: the identity association; a `T` before it marks a temporary address. */
  readonly iaid?: string;
  readonly hostname?: string;
  /** Client id (DHCPv4) or DUID (DHCPv6). */
  readonly clientId?: string;
  readonly interface?: string;
}

/** A record with what only dnsmasq needs back. */
export interface LogRecord extends LeaseRecord {
  /** The record as the log has it. */
  readonly line: string;
  /** DHCPv6: the server's own identifier. */
  readonly serverDuid?: string;
}

/** The last word of a log on an address. */
export interface LogWord {
  readonly record: LogRecord;
  /** False when the word is that the lease is over. */
  readonly isLeased: boolean;
}

/** The last word on each address of a log, in the order in which dnsmasq told them. Records that were cut short are skipped. */
export async function readLog(log: string): Promise<ReadonlyMap<string, LogWord>> {
  return fold(await generations(log));
}

/** True for a lease that has not ended; dnsmasq tells of ends only while it runs. */
export function isLive({ expiry }: Pick<LeaseRecord, 'expiry'>, nowSeconds: number): boolean {
  return expiry === 0 || expiry > nowSeconds;
}

/** A lease as a line of the log, which libexec/virtnet-lease explains. */
export function recordLine(lease: Omit<LogRecord, 'line'>): string {
  const { family, expiry, ip, mac = '*', iaid = '-', hostname = '*', clientId = '*', serverDuid = '*' } = lease;
  const device = lease.interface ?? '*';
  const words =
    family === 'ipv4'
      ? [iaid, mac, ip, hostname, clientId, '*', device, '*']
      : [iaid, clientId, ip, hostname, '*', serverDuid, device, mac];
  return ['add', String(expiry), ...words, '.'].join(' ');
}

/**
 * The log has three generations, read in this order: `LOG.base` (one record a lease), `LOG.1` (closed), `LOG` (appended to). A compaction
 * closes LOG by renaming it to LOG.1, and a later one folds that into the base. The script may still be writing into a file that was just
 * renamed; it stays to be read meanwhile, so nothing is lost. Folding LOG.1 twice (after a kill in between) gives the same.
 */
async function generations(log: string): Promise<string> {
  const paths = [`${log}.base`, `${log}.1`, log];
  for (let attempt = 0; ; attempt++) {
    const before = await identity(paths);
    const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(absent)));
    // A compaction meanwhile moved records from one file to another: read again.
    if (before === (await identity(paths)) || attempt === 5) return texts.join('\n');
  }
}

async function identity(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return stats.map((s) => String(s?.ino)).join(' ');
}

function absent(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
  throw error;
}

/** The last word on each address. */
function fold(text: string): Map<string, LogWord> {
  const state = new Map<string, LogWord>();
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    if (words.length !== 11 || words[10] !== '.') continue;
    const [action, expiry, iaid, id, ip, hostname, clientId, duid, device, mac] = words as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if ((action !== 'add' && action !== 'old' && action !== 'del') || !/^\d+$/.test(expiry)) continue;
    state.delete(ip); // what is told again moves to the end
    state.set(ip, {
      isLeased: action !== 'del',
      record: {
        line,
        expiry: Number(expiry),
        ip,
        ...(iaid === '-' ? { family: 'ipv4' as const, mac: id } : { family: 'ipv6' as const, iaid, clientId: id, ...known('mac', mac) }),
        ...known('hostname', hostname),
        ...(iaid === '-' ? known('clientId', clientId) : {}),
        ...known('interface', device),
        ...(iaid === '-' ? {} : known('serverDuid', duid)),
      },
    });
  }
  return state;
}

function known<K extends string>(name: K, word: string): Partial<Record<K, string>> {
  return word === '*' ? {} : ({ [name]: word } as Record<K, string>);
}

/** When a log is long, in bytes, and how old its closed part must be to be folded, in milliseconds: no script takes as long for a record. */
export interface CompactionLimits {
  readonly bytes: number;
  readonly ageMs: number;
}

const LIMITS: CompactionLimits = { bytes: 256 * 1024, ageMs: 10_000 };

/** True when a compaction would make the log shorter, or prepare that. */
export async function isLong(log: string, limits: CompactionLimits = LIMITS): Promise<boolean> {
  const [current, closed, base] = await Promise.all([log, `${log}.1`, `${log}.base`].map((path) => stat(path).catch(() => undefined)));
  if (closed) return Date.now() - closed.ctimeMs >= limits.ageMs;
  // A base is written anew only for as much again: a big pool is not copied for a few renewals.
  return current !== undefined && current.size >= Math.max(limits.bytes, base?.size ?? 0);
}

/**
 * Makes a long log short, in two goes: the log is closed, and once no script can be writing to the closed part any more, that is folded
 * into the base. The caller holds the host's lock; dnsmasq's script needs none. Nothing is done while the log is short, or while its
 * closed part is too young. A full disk leaves everything as it was.
 * @returns true when something was done.
 */
export async function compactLeases(log: string, limits: CompactionLimits = LIMITS): Promise<boolean> {
  if (!(await isLong(log, limits))) return false;
  if (await stat(`${log}.1`).catch(() => undefined)) {
    const older = await Promise.all([`${log}.base`, `${log}.1`].map((path) => readFile(path, 'utf8').catch(absent)));
    const now = Math.floor(Date.now() / 1000);
    const live = [...fold(older.join('\n')).values()].filter(({ record, isLeased }) => isLeased && isLive(record, now));
    await writeBase(`${log}.base`, live.map(({ record }) => `${record.line}\n`).join(''));
    // Who dies before this folds it once more, to the same end.
    await rm(`${log}.1`);
    if (!(await isLong(log, limits))) return true;
  }
  await rename(log, `${log}.1`);
  return true;
}

async function writeBase(path: string, text: string): Promise<void> {
  const temp = `${path}.${String(process.pid)}.new`;
  try {
    const file = await open(temp, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes a network's lease log for good. */
export function removeLeases(log: string): void {
  for (const path of [log, `${log}.1`, `${log}.base`]) if (existsSync(path)) rmSync(path, { force: true });
}
