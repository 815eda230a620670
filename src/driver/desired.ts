import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Diagnostic } from '../base/diagnostic.ts';
import { compileGuests, compileNetwork, compileShared } from '../compile/compile.ts';
import type { HostFacts } from '../compile/facts.ts';
import type { Resource } from '../compile/host-state.ts';
import { hostState } from '../compile/host-state.ts';
import type { PortRecord } from '../compile/port.ts';
import type { Network } from '../network/network.ts';
import { isManaged } from '../network/network.ts';
import type { OnlyPorts } from './change.ts';
import type { Desired } from './engine.ts';
import type { DriverState, NetworkRecord } from './state.ts';

/** Where `ip netns` keeps its namespaces. */
const NETNS_DIR = '/run/netns';

/**
 * What a state of the driver means on this host, for the networks of the scope. Running networks that `former` has with the same
 * document were checked against their neighbours when they started; only the others are checked now.
 */
export function desiredState(
  state: DriverState,
  scope: ReadonlySet<string> | 'all',
  facts: HostFacts,
  former: DriverState = state,
): Desired {
  const running = [...state.networks.values()].flatMap((r) => (r.live === undefined ? [] : [r.live]));
  const resources: Resource[] = [...compileShared(running)];
  const diagnostics: Diagnostic[] = [];
  const failed = new Set<string>();
  for (const uuid of scope === 'all' ? state.networks.keys() : scope) {
    const record = state.networks.get(uuid);
    if (record === undefined) continue;
    const compiled = compileRecord(record, facts, former.networks.get(uuid)?.live === record.live ? undefined : running);
    resources.push(...compiled.resources);
    diagnostics.push(...compiled.diagnostics);
    if (compiled.failed) failed.add(uuid);
  }
  return { state: hostState(resources), diagnostics, failed };
}

/** What single ports of networks mean on this host, or meant: a port that the state does not have means nothing. */
export function desiredPorts(state: DriverState, scope: ReadonlySet<string>, { ports, facts }: OnlyPorts): Omit<Desired, 'former'> {
  const resources: Resource[] = [];
  const diagnostics: Diagnostic[] = [];
  const failed = new Set<string>();
  for (const uuid of scope) {
    const record = state.networks.get(uuid);
    const network = record?.live ?? record?.config;
    const wanted = [...ports].flatMap((port) => record?.ports.get(port) ?? []);
    if (record === undefined || network === undefined || wanted.length === 0) continue;
    const { present, gone } = sortPorts(wanted);
    const result = compileGuests({ network, ports: present, facts });
    diagnostics.push(
      ...[...gone.map((port) => guestGone(record, port)), ...result.diagnostics].map((d) => ({ source: record.name, ...d })),
    );
    if (!result.ok) failed.add(uuid);
    else resources.push(...(record.live === undefined ? result.value.filter(staysWhileStopped(network)) : result.value));
  }
  return { state: hostState(resources), diagnostics, failed };
}

interface Compiled {
  readonly resources: readonly Resource[];
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: boolean;
}

const NOTHING: Compiled = { resources: [], diagnostics: [], failed: false };

/** `others` are the networks to check it against; none for one that runs already. */
function compileRecord(record: NetworkRecord, facts: HostFacts, others: readonly Network[] | undefined): Compiled {
  const { present, gone: absent } = sortPorts([...record.ports.values()]);
  const gone = absent.map((port) => guestGone(record, port));
  if (record.live === undefined) return waiting(record, present, facts);
  const result = compileNetwork({ network: record.live, ports: present, facts, ...(others ? { others } : { running: true }) });
  const source = record.name;
  const diagnostics = [...gone, ...result.diagnostics].map((d) => ({ source, ...d }));
  return result.ok ? { resources: result.value, diagnostics, failed: false } : { resources: [], diagnostics, failed: true };
}

/** A stopped network's guests keep their devices, unplugged, until the network comes back. */
function waiting(record: NetworkRecord, ports: readonly PortRecord[], facts: HostFacts): Compiled {
  const { config } = record;
  if (config === undefined || ports.length === 0) return NOTHING;
  const result = compileNetwork({ network: config, ports, facts, running: true });
  if (!result.ok) return { resources: [], diagnostics: result.diagnostics, failed: true };
  return { ...NOTHING, resources: result.value.filter(staysWhileStopped(config)) };
}

/** Without its bridge a device would only pretend: it is down, so that the guest sees its carrier go and come back. */
function staysWhileStopped(network: Network): (resource: Resource) => boolean {
  const kept = isManaged(network) ? ['link'] : ['link', 'link-up', 'vf', 'pci-driver'];
  return (r) => r.owner?.port !== undefined && kept.includes(r.kind);
}

/** Ports whose guest is there, and those whose network namespace does not exist any more. */
function sortPorts(ports: readonly PortRecord[]): { readonly present: readonly PortRecord[]; readonly gone: readonly PortRecord[] } {
  const named = ports.some(({ attachment: a }) => a.type === 'netns' && !isAbsolute(a.netns)) ? new Set(namespaces()) : new Set();
  const isGone = ({ attachment: a }: PortRecord): boolean =>
    a.type === 'netns' && !(isAbsolute(a.netns) ? existsSync(a.netns) : named.has(a.netns));
  return { present: ports.filter((port) => !isGone(port)), gone: ports.filter(isGone) };
}

function namespaces(): readonly string[] {
  try {
    return readdirSync(NETNS_DIR);
  } catch {
    return []; // made with the first of them
  }
}

function guestGone(record: NetworkRecord, { port, attachment }: PortRecord): Diagnostic {
  const netns = attachment.type === 'netns' ? attachment.netns : '';
  return {
    code: 'VND013',
    severity: 'warning',
    message: `network namespace '${netns}' of guest '${port.owner.name}' is gone`,
    found: netns,
    hint: `detach it: virtnet detach ${record.name} ${port.uuid}`,
  };
}

/** The guests of a network whose namespace is gone, for lists. */
export function goneGuests(record: NetworkRecord): readonly Diagnostic[] {
  return sortPorts([...record.ports.values()]).gone.map((port) => guestGone(record, port));
}
