import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic, Result } from '../../base/diagnostic.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import { allocate, nextClassId, type AllocateInput } from '../../compile/pools.ts';
import type { PortFacts } from '../../compile/facts.ts';
import { hasOutboundQueue } from '../../compile/shaping.ts';
import { askedPort, type InheritedSetting, type PortRecord } from '../../compile/port.ts';
import { checkReclaim } from '../../compile/reclaim.ts';
import type { EffectivePort } from '../../interface/effective.ts';
import { shaperName } from '../../host/marks.ts';
import { checkFloor, checkOvercommit } from '../../interface/floor.ts';
import { mergePort, withUuid, type MergeOptions } from '../../interface/merge.ts';
import { plugTypeOf } from '../../interface/plug-type.ts';
import type { NetworkPort } from '../../interface/port.ts';
import type { Bandwidth } from '../../network/bandwidth.ts';
import type { Network } from '../../network/network.ts';
import type { Change, Operation, OperationContext } from '../engine/change.ts';
import type { DriverEvent, NetworkRef } from '../driver.ts';
import { invalidArgument, noPort, notActive, portExists, refused } from '../errors.ts';
import { lookup } from '../state/lookup.ts';
import type { DriverState } from '../state/state.ts';
import { currentDocument, portsInOrder, type NetworkRecord } from '../state/network-record.ts';
import { withRecord } from '../state/state.ts';

/** A network that runs. */
export type RunningRecord = NetworkRecord & { readonly live: Network };

/** @throws VirtnetError VND003 when the network does not run */
export function running(record: NetworkRecord): RunningRecord {
  const { live } = record;
  if (live === undefined) throw notActive(record.name);
  return { ...record, live };
}

/** The ports of a running network. @throws VirtnetError VND003 */
export function listPorts(record: NetworkRecord): readonly PortRecord[] {
  return portsInOrder(running(record));
}

/** A port of a running network. @throws VirtnetError VND004 */
function findPort(record: NetworkRecord, uuid: string): PortRecord {
  const port = record.live === undefined ? undefined : record.ports.get(uuid);
  if (port === undefined) throw noPort(uuid);
  return port;
}

/** A guest is refused what it would not get. */
export const STRICTLY: MergeOptions = { unknownPortgroup: 'refuse', unservedVlan: 'refuse' };
/** libvirt's port call keeps a portgroup that is not there and a VLAN that the network cannot serve, and knows no MidoNet. */
const AS_LIBVIRT: MergeOptions = { unknownPortgroup: 'ignore', unservedVlan: 'keep', midonet: 'refuse' };

/** `networkPortCreateXML`: the caller makes the device and plugs it by the plug that it is told. */
export function createPort(
  ref: NetworkRef,
  xml: string,
  options: { readonly reclaim?: boolean | undefined; readonly validate?: boolean | undefined },
): Operation<PortRecord> {
  return async (state, context) => {
    const found = lookup(state, ref);
    // As libvirt does, the document first and then whether the network runs.
    const document = value(context.parsePort(xml, options));
    const record = running(found);
    if (options.reclaim === true && document.plug === undefined) throw invalidArgument('Port reclaim requested but plug type is none');
    if (options.reclaim !== true && document.plug !== undefined)
      throw invalidArgument('Port reclaim not requested but plug type is not none');
    const facts = await portFacts(record, context);
    const port =
      options.reclaim === true
        ? reclaimed(record, document, facts)
        : plugIn(record, document, { uuid: context.uuid, known: facts, others: otherPorts(state, record) }, AS_LIBVIRT).port;
    // As in libvirt, a place is looked for first, beside the port that has the uuid.
    if (record.ports.has(port.uuid)) throw portExists(port.uuid);
    const made: PortRecord = { port, attachment: { type: 'none' } };
    return { ...withPort(state, record, made, facts), value: made };
  };
}

/** Frees the port's place in a pool, and removes its device when virtnet made it. */
export function deletePort(ref: NetworkRef, uuid: string): Operation<void> {
  return async (state, context) => {
    const record = lookup(state, ref);
    return withoutPort(state, record, findPort(record, uuid), await portFacts(record, context));
  };
}

/** Replaces a port's limits; without any they end, or are its portgroup's. */
export function setPortBandwidth(ref: NetworkRef, uuid: string, bandwidth: Bandwidth | undefined): Operation<readonly string[]> {
  return async (state, context) => {
    const record = running(lookup(state, ref));
    const old = findPort(record, uuid);
    const { bandwidth: _old, classId: _class, ...rest } = old.port;
    const wanted = limits(bandwidth);
    const others = [...record.ports.values()].filter((other) => other !== old);
    const port = withFloor(record, others, { ...rest, ...(wanted === undefined ? {} : { bandwidth: wanted }) });
    const inherited = old.inherited?.filter((setting) => setting !== 'bandwidth');
    const now = following(record.live, { ...old, port, ...(inherited && { inherited }) });
    const next = withRecord(state, { ...record, ports: new Map(record.ports).set(uuid, now) });
    return { next, ...scopeOf(record, await portFacts(record, context), old, now.port), events: [], value: [record.uuid] };
  };
}

/** Chooses the port's plug and settles what libvirt settles when it makes a port. @throws VirtnetError with the findings */
export function plugIn(
  record: RunningRecord,
  port: NetworkPort,
  { uuid, known, others }: Pick<OperationContext, 'uuid'> & { readonly known: PortFacts; readonly others: readonly PortRecord[] },
  options: MergeOptions,
): Pick<PortRecord, 'port' | 'inherited'> {
  const network = record.live;
  const ports = [...record.ports.values()];
  const result = mergePort({ network, port }, options);
  const first = result.diagnostics.find(({ severity }) => severity === 'error');
  if (first !== undefined && options === AS_LIBVIRT && isFoundInPlace(first, network)) {
    checkPlace({ network, ports, others, port, facts: known });
  }
  const merged = value(result);
  const links = options === STRICTLY ? { links: known.links } : {};
  const plug = value(allocate({ network, ports, others, port, facts: known, ...links }));
  return { port: withFloor(record, ports, { ...settled(port, merged, uuid), plug }), inherited: inheritedBy(merged) };
}

/** A pool that has no place is told before what the port lacks otherwise; one that needs a profile may have a device to itself. @throws VirtnetError VND006 */
function checkPlace(asked: AllocateInput): void {
  const { bandwidth: _floor, virtualport, ...bare } = asked.port;
  for (const tried of [virtualport, { ...virtualport, profileid: 'any' }, undefined]) {
    const place = allocate({ ...asked, port: tried === undefined ? bare : { ...bare, virtualport: tried } });
    if (place.ok) return;
    if (place.diagnostics.some(({ code }) => code === 'VND006')) value(place);
  }
}

/** What libvirt finds once it has a place for the port: a virtualport that misses something, a floor, and any virtualport of a PCI function. */
function isFoundInPlace({ code }: Diagnostic, { forward }: Network): boolean {
  return code === 'VNI203' || code === 'VNI205' || (code === 'VNI204' && forward.mode === 'hostdev');
}

/** The guest with what its portgroup and network give it now. One whose device somebody else makes has what it was told. */
export function following(network: Network, record: PortRecord): PortRecord {
  if (record.inherited === undefined) return record;
  const asked = askedPort(record);
  const merged = mergePort({ network, port: asked }, { unknownPortgroup: 'ignore' });
  if (!merged.ok) return record;
  const now = { ...record, port: settled(asked, merged.value), inherited: inheritedBy(merged.value) };
  return isDeepStrictEqual(now, record) ? record : now;
}

function inheritedBy({ origins }: EffectivePort): readonly InheritedSetting[] {
  const settings = ['bandwidth', 'vlan', 'isolated', 'trustGuestRxFilters'] as const;
  return settings.filter((setting) => origins[setting] !== undefined && origins[setting] !== 'port');
}

/** The port as it was plugged before, where its place is there and free; its traffic class may be another's by now. @throws VirtnetError with the findings */
function reclaimed({ live, ports }: RunningRecord, port: NetworkPort, facts: PortFacts): NetworkPort {
  const { plug, classId } = port;
  const others = [...ports.values()];
  if (plug !== undefined) value(checkReclaim({ network: live, ports: others, port: { ...port, plug }, facts }));
  const isTaken = classId !== undefined && others.some((other) => other.port.classId === classId);
  return isTaken ? { ...port, classId: nextClassId(others) } : port;
}

/** The guests of all other networks, which may hold devices that this one lists too. */
export function otherPorts(state: DriverState, { uuid }: NetworkRecord): readonly PortRecord[] {
  return [...state.networks.values()].flatMap((other) => (other.uuid === uuid ? [] : [...other.ports.values()]));
}

/** The state with this port on its network. */
export function withPort(state: DriverState, record: RunningRecord, made: PortRecord, facts: PortFacts): Omit<Change<never>, 'value'> {
  const next = withRecord(state, { ...record, ports: new Map(record.ports).set(made.port.uuid, made) });
  return { next, ...scopeOf(record, facts, made), events: [portEvent('created', record, made)] };
}

/** The state without this port. */
export function withoutPort(state: DriverState, record: NetworkRecord, gone: PortRecord, facts: PortFacts): Change<undefined> {
  const ports = new Map(record.ports);
  ports.delete(gone.port.uuid);
  const next = withRecord(state, { ...record, ports });
  return { next, ...scopeOf(record, facts, gone), events: [portEvent('deleted', record, gone)], value: undefined };
}

/**
 * What a change of one port is about. A guaranteed share is the bridge's business, and a bridge or a network's queue that is gone must come
 * back: then it is about the whole network. A port whose device somebody else makes means nothing else on the host.
 */
function scopeOf(record: NetworkRecord, facts: PortFacts, old: PortRecord, now = old.port): Pick<Change<never>, 'scope' | 'only'> {
  const shares = old.port.classId !== undefined || now.classId !== undefined;
  if (!shares && old.attachment.type === 'none') return { scope: new Set() };
  const scope = new Set([record.uuid]);
  const isThere = record.live === undefined || leadsTo(record.live).every((dev) => facts.links.has(dev));
  return shares || !isThere ? { scope } : { scope, only: { ports: new Set([old.port.uuid]), facts } };
}

/** The devices of a network that its guests' devices are plugged into or lead to. */
function leadsTo(network: Network): readonly string[] {
  const { bridge } = network;
  if (bridge?.name === undefined) return [];
  return hasOutboundQueue(network) ? [bridge.name, shaperName(bridge.name, 'outbound')] : [bridge.name];
}

/** What a change of the network's ports depends on. */
export function portFacts(record: NetworkRecord, context: OperationContext): Promise<PortFacts> {
  const plug = plugTypeOf(currentDocument(record));
  return context.portFacts({ vfs: plug === 'direct' || plug === 'hostdev-pci' });
}

/** The port with what the merge settled written into it, as libvirt shows it afterwards. */
function settled(port: NetworkPort, merged: EffectivePort, uuid?: () => string): NetworkPort {
  const { bandwidth, vlan, origins } = merged;
  const virtualport =
    merged.virtualport !== undefined && merged.missingUuid !== undefined && uuid !== undefined
      ? withUuid(merged.virtualport, merged.missingUuid, uuid())
      : merged.virtualport;
  return {
    ...port,
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(virtualport === undefined ? {} : { virtualport }),
    ...(origins.isolated === undefined ? {} : { isolated: merged.isolated }),
    ...(origins.trustGuestRxFilters === undefined ? {} : { trustGuestRxFilters: merged.trustGuestRxFilters }),
  };
}

/** A port with a guaranteed rate gets a traffic class of its own, when the network can guarantee that much. */
function withFloor(record: RunningRecord, others: readonly PortRecord[], port: NetworkPort): NetworkPort {
  if ((port.bandwidth?.inbound?.floor ?? 0) === 0) return port;
  const request = { network: record.live, mac: port.mac, bandwidth: port.bandwidth };
  const floors = others.map((other) => other.port.bandwidth?.inbound?.floor ?? 0);
  const refusal = checkFloor(request) ?? checkOvercommit(request, floors);
  if (refusal !== undefined) throw refused([refusal]);
  return { ...port, classId: record.ports.get(port.uuid)?.port.classId ?? nextClassId(others) };
}

/** Directions without an average (or a floor) are no limits; what is zero in a direction is not set. */
function limits(bandwidth: Bandwidth | undefined): Bandwidth | undefined {
  const { inbound, outbound } = bandwidth ?? {};
  const wanted = {
    ...((inbound?.average ?? 0) > 0 || (inbound?.floor ?? 0) > 0 ? { inbound } : {}),
    ...((outbound?.average ?? 0) > 0 ? { outbound } : {}),
  };
  return Object.keys(wanted).length === 0 ? undefined : wanted;
}

/** The event that a port was made or is gone. */
export function portEvent(event: 'created' | 'deleted', record: NetworkRecord, { port, attachment }: PortRecord): DriverEvent {
  return {
    type: 'port',
    event,
    name: record.name,
    uuid: record.uuid,
    port: port.uuid,
    ...(port.owner ? { guest: port.owner.name } : {}),
    mac: port.mac,
    ...('dev' in attachment ? { dev: attachment.dev } : {}),
  };
}

function value<T>(result: Result<T>): T {
  if (!result.ok || hasErrors(result.diagnostics)) throw refused(result.diagnostics satisfies readonly Diagnostic[]);
  return result.value;
}
