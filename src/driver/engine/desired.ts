import type { Diagnostic } from '../../base/diagnostic.ts';
import { compileGuests, compileNetwork, compileShared, type CompileInput } from '../../compile/compile.ts';
import type { HostFacts } from '../../compile/facts.ts';
import { hostState, type HostState, type Resource } from '../../compile/host-state.ts';
import type { PortRecord } from '../../compile/port.ts';
import type { Network } from '../../network/network.ts';
import { isManaged } from '../../network/network.ts';
import type { Change, OnlyPorts, OperationContext } from './change.ts';
import { refused } from '../errors.ts';
import type { GonePort } from '../state/gone-ports.ts';
import { gonePorts, goneWarning, sortByGuest } from '../state/gone-ports.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';

/** The host state that a driver state means for some networks, shared resources included. */
export interface Desired {
  readonly state: HostState;
  /** What the same networks meant before the change. */
  readonly former?: HostState;
  readonly diagnostics: readonly Diagnostic[];
  /** Networks of the scope that cannot be compiled on this host (their findings are in `diagnostics`). */
  readonly failed: ReadonlySet<string>;
}

/** What a compile should know of the change that it is for. */
export interface CompileHow extends Pick<Change<unknown>, 'mayMissDevices'> {
  /** Networks whose last change was cut off, so that nobody knows what they were. */
  readonly unsettled?: ReadonlySet<string>;
}

/** What a change means on the host, and what held before it there. @throws VirtnetError with the findings when this host cannot. */
export async function desiredByChange(
  former: DriverState,
  { next, scope, only, mayMissDevices }: Change<unknown>,
  { facts: factsOf }: Pick<OperationContext, 'facts'>,
): Promise<Desired> {
  if (only) {
    const desired = desiredPorts(next, scope, only);
    if (desired.failed.size > 0) throw refused(desired.diagnostics);
    return { ...desired, former: desiredPorts(former, scope, only, { former: true }).state };
  }
  const facts = await factsOf();
  const desired = desiredState(next, scope, facts, former, { mayMissDevices });
  if (desired.failed.size > 0) throw refused(desired.diagnostics);
  return { ...desired, former: desiredState(former, scope, facts).state };
}

/**
 * What a state of the driver means on this host, for the networks of the scope. Running networks that `former` has with the same
 * document were checked against their neighbours when they started; only the others are checked now.
 */
export function desiredState(
  state: DriverState,
  scope: ReadonlySet<string> | 'all',
  facts: HostFacts,
  former: DriverState = state,
  { mayMissDevices = false, unsettled }: CompileHow = {},
): Desired {
  const running = [...state.networks.running()].flatMap((r) => r.live ?? []);
  const resources: Resource[] = [...compileShared(running)];
  const diagnostics: Diagnostic[] = [];
  const failed = new Set<string>();
  for (const uuid of scope === 'all' ? state.networks.keys() : scope) {
    const record = state.networks.get(uuid);
    if (record === undefined) continue;
    const before = former.networks.get(uuid);
    const kept = before === undefined ? [] : [...record.ports.values()].filter(({ port }) => before.ports.has(port.uuid));
    const lost = gonePorts(kept, facts).filter(({ code }) => code === 'VND014');
    const was = before?.live;
    const isAsBefore = was !== undefined && was === record.live;
    const how = isAsBefore ? ALREADY : { others: running, mayMissDevices: mayMissDevices || was !== undefined };
    const compiled = compileRecord(record, facts, how, lost);
    const isEdited = unsettled?.has(uuid) === true || (was !== undefined && was !== record.live && was.mtu !== record.live?.mtu);
    resources.push(...(isEdited ? compiled.resources.map(withMtu) : compiled.resources));
    diagnostics.push(...compiled.diagnostics);
    if (compiled.failed) failed.add(uuid);
  }
  return { state: hostState(resources), diagnostics, failed };
}

/**
 * What single ports of networks mean on this host, or meant (`former`): a port that the state does not have means nothing. The host's end
 * of a guest whose namespace is gone may still be there: the kernel takes it away in its own time, which may be seconds.
 */
function desiredPorts(
  state: DriverState,
  scope: ReadonlySet<string>,
  { ports, facts }: OnlyPorts,
  { former }: { readonly former: boolean } = { former: false },
): Omit<Desired, 'former'> {
  const resources: Resource[] = [];
  const diagnostics: Diagnostic[] = [];
  const failed = new Set<string>();
  for (const uuid of scope) {
    const record = state.networks.get(uuid);
    const network = record?.live ?? record?.config;
    const wanted = [...ports].flatMap((port) => record?.ports.get(port) ?? []);
    if (record === undefined || network === undefined || wanted.length === 0) continue;
    const { present, gone } = sortByGuest(wanted);
    const result = compileGuests({ network, ports: former ? wanted : present, facts });
    diagnostics.push(
      ...[...gone.map((port) => goneWarning(record.name, port)), ...result.diagnostics].map((d) => ({ source: record.name, ...d })),
    );
    if (!result.ok) failed.add(uuid);
    else resources.push(...(record.live === undefined ? result.value.filter(staysWhileStopped(network)) : result.value));
  }
  return { state: hostState(resources), diagnostics, failed };
}

/**
 * Where a document leaves the MTU open its links have the kernel's, and guests of the host's may bring another one. Only where an edit
 * may have taken away one that was set, the links are led back.
 */
function withMtu(r: Resource): Resource {
  const isOpen = r.kind === 'link' && r.mtu === undefined && r.spec.type !== 'macvtap';
  return isOpen ? { ...r, mtu: ETHERNET_MTU } : r;
}

/** Bytes (RFC 894); what the kernel gives bridges, veths and taps. */
const ETHERNET_MTU = 1500;

interface Compiled {
  readonly resources: readonly Resource[];
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: boolean;
}

/** A network that runs by the same document was checked against its neighbours when it started. */
const ALREADY = { running: true } as const;
const NOTHING: Compiled = { resources: [], diagnostics: [], failed: false };

/** `how` it is checked: against which others, and as one that runs already. `lost` are guests to tell of: their devices are gone. */
function compileRecord(
  record: NetworkRecord,
  facts: HostFacts,
  how: Pick<CompileInput, 'others' | 'running' | 'mayMissDevices'>,
  lost: readonly GonePort[],
): Compiled {
  const { present, gone: absent } = sortByGuest([...record.ports.values()]);
  const gone = [...absent, ...lost].map((port) => goneWarning(record.name, port));
  if (record.live === undefined) return waiting(record, present, facts);
  const result = compileNetwork({ network: record.live, ports: present, facts, ...how });
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
  const kept = isManaged(network) ? ['link'] : ['link', 'link-up', 'parent-up', 'vf', 'pci-driver', 'association'];
  return (r) => r.owner?.port !== undefined && kept.includes(r.kind);
}

/** The guests of a network whose namespace is gone, for lists. */
export function goneGuests(record: NetworkRecord): readonly Diagnostic[] {
  if (record.ports.size === 0) return [];
  return sortByGuest([...record.ports.values()]).gone.map((gone) => goneWarning(record.name, gone));
}
