import type { Lease } from '../../driver/driver.ts';
import { parseIp } from '../../inet/ip.ts';
import type { Network } from '../../network/network.ts';

/** How full a DHCP range is. Counts are bigint texts in JSON where they exceed what a number holds; here they are capped at 2^53 - 1. */
export interface PoolUse {
  readonly start: string;
  readonly end: string;
  /** Addresses with a lease that has not expired. */
  readonly used: number;
  readonly total: number;
}

/** Share of a pool from which on a person should know, and from which on it is urgent. */
export const POOL_WARNING = 0.8;
export const POOL_URGENT = 0.95;

/** The use of every DHCP range of a network. `now` is in seconds since the epoch. */
export function poolUse(network: Network, leases: readonly Lease[], now: number): readonly PoolUse[] {
  const live = leases.filter((l) => l.expiry === 0 || l.expiry > now).flatMap((l) => parseIp(l.ip) ?? []);
  return network.ips
    .flatMap((ip) => ip.dhcp?.ranges ?? [])
    .flatMap((range) => {
      const start = parseIp(range.start);
      const end = parseIp(range.end);
      if (!start || !end) return [];
      const total = end.value - start.value + 1n;
      const used = live.filter((ip) => ip.family === start.family && ip.value >= start.value && ip.value <= end.value).length;
      return [
        {
          start: range.start,
          end: range.end,
          used,
          total: total > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(total),
        },
      ];
    });
}
