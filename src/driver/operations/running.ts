import type { Network } from '../../network/network.ts';
import type { Change, Operation, OperationContext } from '../engine/change.ts';
import { documentsOnly } from '../engine/change.ts';
import { completeDocument, lifecycle, newRecord, parse, take, type DocumentOptions } from './definitions.ts';
import type { DriverEvent, NetworkRef, StartOptions, StopOptions } from '../driver.ts';
import { alreadyRuns, alreadyStopped, anotherName, changedMeanwhile, twiceInOneCall } from '../errors.ts';
import { inherit } from '../state/inherit.ts';
import { hasExpandedPool, liveDocument } from '../state/live.ts';
import { keepHosts, unlessSame } from '../state/keep.ts';
import { lookup } from '../state/lookup.ts';
import { foreignTapsOf, replugged } from './replug.ts';
import { findByName } from '../state/network-index.ts';
import { checkBridge, matchInactive, matchRecord } from '../state/rules.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';
import { Draft, withRecord, without } from '../state/state.ts';

/** Starts stored networks, all in one change. With `skipRunning` those that run already are left as they are. */
export function start(
  refs: readonly NetworkRef[],
  options: Pick<StartOptions, 'skipRunning'> & { readonly mayMissDevices?: boolean | undefined } = {},
): Operation<readonly string[]> {
  return async (state, context) => {
    const draft = new Draft(state);
    const started: NetworkRecord[] = [];
    const named = new Set<string>();
    for (const ref of refs) {
      const record = lookup(draft.next, ref);
      if (named.has(record.uuid)) continue; // named twice
      named.add(record.uuid);
      if (record.live !== undefined) {
        if (options.skipRunning === true) continue;
        throw alreadyRuns(record.name);
      }
      const live = await toLive(context, record.config);
      const running = { ...record, live, ports: await replugged(draft.next, record, live, context) };
      draft.put(running);
      started.push(running);
    }
    const events = started.map((record) => lifecycle('started', record));
    return { ...change(draft.next, started, events), mayMissDevices: options.mayMissDevices, value: [...named] };
  };
}

/** `networkCreateXML`: runs a document without storing it. A stored, inactive network of that identity keeps its definition. */
export function create(xml: string, options: DocumentOptions): Operation<string> {
  return async (state, context) => {
    const network = await completeDocument(state, context, await take(state, context, xml, options));
    checkBridge(state, network);
    const record = matchInactive(state, network.name, network.uuid) ?? newRecord(network);
    const live = await toLive(context, network);
    const running = { ...record, live, ports: await replugged(state, record, live, context) };
    const made = change(withRecord(state, running), [running], [lifecycle('started', running)]);
    return { ...made, mayMissDevices: options.devicesAsLibvirt, value: network.uuid };
  };
}

/**
 * Stops networks, all in one change. A transient one is gone then, with its ports. A stored one keeps the ports that virtnet itself
 * plugged, and those whose tap somebody else made and put on the bridge (libvirt's QEMU driver): they come back when it starts again. Other
 * ports are dropped, as libvirt drops all of them. With `skipStopped` those that do not run are left as they are.
 */
export function stop(
  refs: readonly NetworkRef[],
  { skipStopped = false }: Pick<StopOptions, 'skipStopped'> = {},
): Operation<readonly string[]> {
  return async (state, context) => {
    const draft = new Draft(state);
    const named = new Map(refs.map((ref) => lookup(state, ref)).map((record) => [record.uuid, record]));
    const running = [...named.values()].filter(({ live }) => live !== undefined);
    const other = [...named.values()].find(({ live }) => live === undefined);
    if (other !== undefined && !skipStopped) throw alreadyStopped(other.name);
    for (const record of running) draft.put({ ...without(record, 'live'), ports: await keptPorts(record, context) });
    const events = running.map((record) => lifecycle('stopped', record));
    return { ...change(draft.next, running, events), value: [...named.keys()] };
  };
}

/**
 * Makes networks be and run as these documents say: defined and started, or changed while they run. What a document leaves open is
 * taken from the network of its name.
 * @param of the network that they are about, where that is known before
 */
export function up(documents: readonly string[], of?: NetworkRecord): Operation<readonly string[]> {
  return async (state, context) => {
    const draft = new Draft(state);
    const touched = new Map<string, NetworkRecord>();
    const events: DriverEvent[] = [];
    for (const xml of documents) {
      const { record, config } = await redefined(draft.next, context, xml, of);
      if (touched.has(record.uuid)) throw twiceInOneCall(record.name);
      const live = unlessSame(await toLive(context, config), record.live);
      const running = { ...record, config, live, ports: await replugged(draft.next, record, live, context) };
      draft.put(running);
      touched.set(record.uuid, running);
      events.push(...upEvents(record, running));
    }
    return change(draft.next, [...touched.values()], events);
  };
}

/**
 * Replaces a network's stored definition, and changes the network as `up` does where it runs. What the document leaves open stays as it was.
 * @param isStill whether the network is what was edited: what somebody else made of it meanwhile is not overwritten (VND019)
 */
export function edit(ref: NetworkRef, xml: string, isStill: (record: NetworkRecord) => boolean): Operation<readonly string[]> {
  return async (state, context) => {
    const record = lookup(state, ref);
    if (!isStill(record)) throw changedMeanwhile(record.name);
    if (record.live !== undefined) return up([xml], record)(state, context);
    const { config } = await redefined(state, context, xml, record);
    const next = config === record.config ? state : withRecord(state, { ...record, config });
    return documentsOnly(next, [record.uuid], [lifecycle('defined', record)]);
  };
}

/** The network that a document is about, and the definition that it gives it. What the document leaves open is that of the network of its name. */
async function redefined(
  state: DriverState,
  context: OperationContext,
  xml: string,
  of?: NetworkRecord,
): Promise<{ readonly record: NetworkRecord; readonly config: Network }> {
  const document = parse(state, context, xml, {});
  if (of !== undefined && of.name !== document.name) throw anotherName(of.name, document.name);
  const present = findByName(state, document.name);
  const settled = present === undefined ? document : inherit(document, present.live ?? present.config ?? document);
  const network = await completeDocument(state, context, settled);
  const record = matchRecord(state, network.name, network.uuid) ?? newRecord(network);
  const config = settledLike(network, record.config, context);
  if (config !== record.config) checkBridge(state, network); // one that says what is stored was checked then
  return { record, config };
}

/** The former value where the documents say the same, else the new one as its file will say it, with the parts that are in both. */
function settledLike(network: Network, former: Network | undefined, context: OperationContext): Network {
  if (former === undefined) return context.settle(network, { read: true });
  const kept = unlessSame(network, former);
  return kept === former ? former : unlessSame(context.settle(keepHosts(network, former), { read: true }), former);
}

function upEvents(before: NetworkRecord, after: NetworkRecord): DriverEvent[] {
  if (before.live === undefined) return [lifecycle('defined', after), lifecycle('started', after)];
  return [lifecycle('defined', after), { type: 'updated', name: after.name, uuid: after.uuid }];
}

async function toLive(context: OperationContext, config: Network | undefined): Promise<Network> {
  if (config === undefined) throw new TypeError('a network without a definition cannot be started');
  return hasExpandedPool(config) ? liveDocument(config, await context.facts()) : config;
}

async function keptPorts(record: NetworkRecord, context: OperationContext): Promise<NetworkRecord['ports']> {
  const ports = [...record.ports];
  if (record.config === undefined || ports.length === 0) return new Map();
  const taps = await foreignTapsOf(record, context);
  return new Map(ports.filter(([uuid, port]) => port.attachment.type !== 'none' || taps.has(uuid)));
}

function change(next: DriverState, records: readonly NetworkRecord[], events: readonly DriverEvent[]): Change<readonly string[]> {
  const uuids = records.map((record) => record.uuid);
  return { next, scope: new Set(uuids), events, value: uuids };
}
