import { readFileSync } from 'node:fs';

/** What a link has carried since it was made, from the host's side: what it received is what a guest on it sent. */
export interface LinkCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly txBytes: number;
  readonly txPackets: number;
}

/**
 * The counters of all links of this namespace, by name. Each line of /proc/net/dev after the two of headings is a name, a colon and 16
 * numbers: 8 of what was received (bytes, packets, ...), then 8 of what was sent (proc(5)).
 */
export function readCounters(proc: string): ReadonlyMap<string, LinkCounters> {
  const lines = readFileSync(`${proc}/self/net/dev`, 'utf8').trimEnd().split('\n').slice(2);
  return new Map(
    lines.map((line) => {
      const colon = line.lastIndexOf(':');
      const [rxBytes = 0, rxPackets = 0, , , , , , , txBytes = 0, txPackets = 0] = line
        .slice(colon + 1)
        .trim()
        .split(/\s+/)
        .map(Number);
      return [line.slice(0, colon).trim(), { rxBytes, rxPackets, txBytes, txPackets }];
    }),
  );
}
