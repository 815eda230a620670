import type { Diagnostic, Result } from '../../base/diagnostic.ts';
import { done, refusal, refuse } from './refusal.ts';

/** Which copy of a network's definition a change goes to. */
export type Affected = 'live' | 'config';

/** The state of a network as `affectedBy` needs it. */
export interface UpdateState {
  readonly name: string;
  readonly active: boolean;
  readonly persistent: boolean;
}

const LIVE = 1;
const CONFIG = 2;

/**
 * The copies that libvirt's flags (0 current, 1 live, 2 config, 3 both) mean for a network in that state: `current` is the live one of
 * a running network, else the stored one. Unknown flags (VNE002, libvirt 8) and flags that do not fit the state (VNE012, libvirt 55)
 * are refused.
 */
export function affectedBy(flags: number, state: UpdateState): Result<readonly Affected[]> {
  const unknown = flags & ~(LIVE | CONFIG);
  if (unknown !== 0) return refuse(unknownFlags(unknown));
  const wanted = flags === 0 ? (state.active ? LIVE : CONFIG) : flags;
  if ((wanted & LIVE) !== 0 && !state.active) {
    return refuse(
      refusal('VNE012', `network '${state.name}' is not running`, 55, 'network is not running', 'change its stored definition'),
    );
  }
  if ((wanted & CONFIG) !== 0 && !state.persistent) {
    return refuse(
      refusal(
        'VNE012',
        `network '${state.name}' has no stored definition`,
        55,
        'cannot change persistent config of a transient network',
        'change the running network only',
      ),
    );
  }
  const copies: Affected[] = [];
  if ((wanted & LIVE) !== 0) copies.push('live');
  if ((wanted & CONFIG) !== 0) copies.push('config');
  return done(copies);
}

function unknownFlags(flags: number): Diagnostic {
  const text = `0x${flags.toString(16)}`;
  return {
    code: 'VNE002',
    severity: 'error',
    message: `flags ${text} are not known`,
    allowed: '0 (current), 1 (live), 2 (config), 3 (both)',
    libvirt: { code: 8, message: `unsupported flags (${text}) in function networkUpdate` },
  };
}
