import type { Diagnostic } from '../base/diagnostic.ts';
import type { NetworkInfo } from '../driver/driver.ts';
import type { Plan, Step } from '../plan/plan.ts';
import { nameResource } from './render/plan.ts';
import { count, shellLine } from './render/text.ts';
import { namesOf } from './views.ts';

/** What was found of some networks. */
export interface Findings {
  readonly networks: readonly NetworkInfo[];
  /** Of those that run. */
  readonly drift: Plan;
  /** What keeps them from working though virtnet did its part. */
  readonly warnings: readonly Diagnostic[];
  /** Stored files that cannot be read. */
  readonly problems: readonly Diagnostic[];
}

/** Something that is not as it should be. */
export interface Amiss {
  readonly message: string;
  /** Absent for what is about the host as a whole. */
  readonly network?: string;
  readonly code?: string;
  readonly hint?: string;
}

/** What is amiss, network by network, then of the host. Findings that keep nothing from working (an overlap of subnets) are not. */
export function amissOf({ networks, drift, warnings, problems }: Findings): readonly Amiss[] {
  const names = namesOf(networks);
  const faults = drift.diagnostics.filter(({ severity }) => severity === 'error');
  return [
    ...networks.flatMap((network) => [
      ...owed(network),
      ...differing(
        drift.steps.filter((step) => ownerOf(step) === network.uuid),
        names,
        network.name,
      ),
      ...(network.active ? network.warnings : []).map((finding) => told({ ...finding, source: network.name })),
      ...[...warnings, ...faults].filter(({ source }) => source === network.name).map(told),
    ]),
    ...differing(
      drift.steps.filter((step) => !names.has(ownerOf(step) ?? '')),
      names,
    ),
    ...faults.filter(({ source }) => !networks.some(({ name }) => name === source)).map(told),
    ...problems.map(told),
  ];
}

function owed({ name, active, autostart }: NetworkInfo): readonly Amiss[] {
  if (active || !autostart) return [];
  return [{ network: name, message: 'is to start at boot, and does not run', hint: shellLine('virtnet', 'start', name) }];
}

/** Resources that are named; more are counted. */
const MOST_NAMED = 3;

function differing(steps: readonly Step[], names: ReadonlyMap<string, string>, network?: string): readonly Amiss[] {
  if (steps.length === 0) return [];
  const named = steps.slice(0, MOST_NAMED).map(({ key }) => nameResource(key, names));
  const more = steps.length > named.length ? ', ...' : '';
  const what = `this host differs from what ${network === undefined ? 'its networks say' : 'it says'}`;
  return [
    {
      ...(network === undefined ? {} : { network }),
      message: `${what} in ${count(steps.length, 'place')}: ${named.join(', ')}${more}`,
      hint: shellLine('virtnet', 'repair', ...(network === undefined ? [] : [network])),
    },
  ];
}

/** The network whose resource a step is about (uuid); undefined for what networks share. */
function ownerOf({ before, after }: Step): string | undefined {
  return (after ?? before)?.owner?.network;
}

function told({ source, code, message, hint }: Diagnostic): Amiss {
  return { ...(source === undefined ? {} : { network: source }), code, message, ...(hint === undefined ? {} : { hint }) };
}
