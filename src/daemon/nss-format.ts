import { readFileSync } from 'node:fs';
import type { LogRecord } from '../host/leases/leases.ts';

/** A lease with what libvirt's files say of it. */
export type ToldLease = Omit<LogRecord, 'line'>;

/** A machine and one of its MACs, as `BRIDGE.macs` has them. */
export interface Machine {
  readonly domain: string;
  readonly mac: string;
}

/**
 * The text of `BRIDGE.status`. The modules give up on the whole folder at a lease without `mac-address` or at a number beside `expiry-time`
 * (9.0), find none without `expiry-time` (11.3), and take nought there for a lease without end.
 */
export function statusText(leases: readonly ToldLease[]): string {
  const known = leases.filter((lease) => lease.mac !== undefined);
  return jsonText(
    known.map(({ iaid, ip, mac, hostname, clientId, serverDuid, expiry }) => ({
      iaid,
      'ip-address': ip,
      'mac-address': mac,
      hostname,
      'client-id': clientId,
      'server-duid': serverDuid,
      'expiry-time': expiry,
    })),
  );
}

/** The text of `BRIDGE.macs`: the MACs of each machine's ports, in the spelling of `BRIDGE.status`. */
export function macsText(machines: readonly Machine[]): string {
  const macs = new Map<string, Set<string>>();
  for (const { domain, mac } of machines) macs.set(domain, (macs.get(domain) ?? new Set()).add(mac));
  const domains = [...macs.keys()].sort();
  return jsonText(domains.map((domain) => ({ domain, macs: [...(macs.get(domain) ?? [])] })));
}

/** The machines of a `BRIDGE.macs` file; none when it is not there or says something else. */
export function machinesIn(path: string): readonly Machine[] {
  try {
    const rows = JSON.parse(readFileSync(path, 'utf8')) as readonly { readonly domain: string; readonly macs: readonly string[] }[];
    return rows.flatMap(({ domain, macs }) => macs.map((mac) => ({ domain, mac })));
  } catch {
    return []; // then it is written anew
  }
}

/** The same machine with the same MAC. */
export function isSame(a: Machine, b: Machine): boolean {
  return a.domain === b.domain && a.mac === b.mac;
}

/** Laid out as libvirt does. */
function jsonText(rows: readonly object[]): string {
  return rows.length === 0 ? '[\n]\n' : `${JSON.stringify(rows, undefined, 2)}\n`;
}
