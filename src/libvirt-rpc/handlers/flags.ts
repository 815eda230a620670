import type { Affect } from '../../driver/driver.ts';
import { unsupportedFlags } from '../remote-error.ts';

/** @throws RemoteError when `flags` holds a bit outside `known`; `driverFunction` is the name that libvirt puts into the message. */
export function checkFlags(flags: number, known: number, driverFunction: string, domain?: number): void {
  const unknown = (flags & ~known) >>> 0;
  if (unknown !== 0) throw unsupportedFlags(driverFunction, unknown, domain);
}

const AFFECT_LIVE = 1;
const AFFECT_CONFIG = 2;
/** All of `virNetworkUpdateFlags`. */
export const AFFECT_FLAGS: number = AFFECT_LIVE | AFFECT_CONFIG;

/** `virNetworkUpdateFlags` as the driver's word. */
export function affectOf(flags: number): Affect {
  const both = flags & AFFECT_FLAGS;
  if (both === AFFECT_FLAGS) return 'live+config';
  if (both === AFFECT_LIVE) return 'live';
  return both === AFFECT_CONFIG ? 'config' : 'current';
}
