import type { Affect, NetworkInfo } from '../driver/driver.ts';
import { flag, type Options } from './verb.ts';

/** What --live and --config choose. Without a word about it all that there is: a change that is gone after the next start surprises. */
export function affectOf({ active, persistent }: Pick<NetworkInfo, 'active' | 'persistent'>, options: Options): Affect {
  const live = flag(options, 'live');
  const config = flag(options, 'config');
  const both = live === config;
  if (both && !live && !(active && persistent)) return active ? 'live' : 'config';
  return both ? 'live+config' : live ? 'live' : 'config';
}

/** When a change of these documents is felt, to be put behind what was done; empty where it is at once. */
export function takesEffect({ active }: Pick<NetworkInfo, 'active'>, affect: Affect): string {
  if (affect !== 'config') return '';
  return active ? ', from its next start on' : ', once it runs';
}
