import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { PortFacts } from '../../compile/facts.ts';
import { findVf } from '../../compile/hostdev.ts';
import type { PortRecord } from '../../compile/port.ts';
import { FolderNames } from '../../host/system/folder-names.ts';

/** Where `ip netns` keeps its namespaces. */
const NETNS_DIR = '/run/netns';

/** What of a guest is not there any more, in words: its network namespace, or its device on the host. */
export interface GonePort {
  readonly record: PortRecord;
  readonly code: 'VND013' | 'VND014';
  readonly what: string;
}

/** Ports whose guest is there, and those whose network namespace does not exist any more. */
export function sortByGuest(ports: readonly PortRecord[]): { readonly present: readonly PortRecord[]; readonly gone: readonly GonePort[] } {
  const named = new FolderNames(NETNS_DIR);
  const present: PortRecord[] = [];
  const gone: GonePort[] = [];
  for (const record of ports) {
    const { attachment: a } = record;
    if (a.type !== 'netns' || (isAbsolute(a.netns) ? existsSync(a.netns) : named.has(a.netns))) present.push(record);
    else gone.push({ record, code: 'VND013', what: `network namespace '${a.netns}'` });
  }
  return { present, gone };
}

/** Ports whose namespace or device is not there any more. One whose device somebody else makes is never known to be gone. */
export function gonePorts(ports: readonly PortRecord[], facts: PortFacts): readonly GonePort[] {
  const { present, gone } = sortByGuest(ports);
  return [...gone, ...present.flatMap((record) => deviceGone(record, facts) ?? [])];
}

function deviceGone(record: PortRecord, facts: PortFacts): GonePort | undefined {
  const { attachment, port } = record;
  const say = (what: string): GonePort => ({ record, code: 'VND014', what });
  if ('dev' in attachment) return facts.links.has(attachment.dev) ? undefined : say(`device '${attachment.dev}'`);
  if (attachment.type !== 'hostdev' || port.plug?.type !== 'hostdev-pci') return undefined;
  return findVf(facts, port.plug.address) ? undefined : say('virtual function');
}

/** The warning that a guest is gone. */
export function goneWarning(network: string, { record: { port }, code, what }: GonePort): Diagnostic {
  return {
    code,
    severity: 'warning',
    message: `the ${what} of guest '${port.owner.name}' is gone`,
    found: what,
    hint:
      code === 'VND013'
        ? `unplug it: virtnet detach ${network} ${port.uuid}, or all that are gone: virtnet reap ${network}`
        : `make it anew: virtnet repair ${network}; or unplug it: virtnet reap ${network}`,
  };
}
