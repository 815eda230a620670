import { bridgePattern, completeNetwork, type CompleteNetwork } from '../../network/complete.ts';
import { isManaged, type Network } from '../../network/network.ts';
import type { Operation, OperationContext } from '../engine/change.ts';
import { documentsOnly } from '../engine/change.ts';
import type { ParseOptions } from '../store/documents.ts';
import type { DriverEvent, NetworkRef } from '../driver.ts';
import { autostartTransient, noFreeBridge, refused, undefineTransient } from '../errors.ts';
import { lookup } from '../state/lookup.ts';
import { bridgeUser, checkBridge, matchRecord } from '../state/rules.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';
import { withRecord, without } from '../state/state.ts';

/** How a document is taken. */
export interface DocumentOptions {
  readonly validate?: boolean | undefined;
  /** See `LocalNetworkDriver`. */
  readonly devicesAsLibvirt?: boolean | undefined;
}

/** `networkDefineXML`: a running network keeps its live document. */
export function define(xml: string, options: DocumentOptions): Operation<string> {
  return async (state, context) => {
    const network = await completeDocument(state, context, await take(state, context, xml, options));
    checkBridge(state, network);
    const { uuid, name } = network;
    const { autostart, ports, live } = matchRecord(state, name, uuid) ?? newRecord(network);
    const config = context.settle(network, { read: true });
    const next = withRecord(state, live ? { uuid, name, config, live, autostart, ports } : { uuid, name, config, autostart, ports });
    return documentsOnly(next, network.uuid, [lifecycle('defined', network)]);
  };
}

/** An active network goes on as a transient one. */
export function undefine(ref: NetworkRef): Operation<void> {
  return async (state) => {
    const record = lookup(state, ref);
    if (record.config === undefined) throw undefineTransient();
    const next = withRecord(state, { ...without(record, 'config'), autostart: false });
    // Ports that waited for the stopped network to come back go with its definition, and so do their devices.
    const scope = record.live === undefined && record.ports.size > 0 ? new Set([record.uuid]) : new Set<string>();
    return { ...documentsOnly(next, undefined, [lifecycle('undefined', record)]), scope };
  };
}

export function setAutostart(ref: NetworkRef, autostart: boolean): Operation<void> {
  return async (state) => {
    const record = lookup(state, ref);
    if (record.config === undefined) throw autostartTransient();
    return documentsOnly(record.autostart === autostart ? state : withRecord(state, { ...record, autostart }), undefined);
  };
}

/**
 * The model of a document.
 * @throws VirtnetError with all findings when the document is refused; VND015.
 */
export function parse(state: DriverState, context: OperationContext, xml: string, options: ParseOptions): Network {
  const result = context.parse(xml, options);
  if (result.ok) return result.value;
  // libvirt's driver looks whether the bridge is free before it looks at what the parts of a document say together, but for a line break in the name.
  const parts = context.parse(xml, { ...options, partsAlone: true });
  if (parts.ok && isManaged(parts.value) && !parts.value.name.includes('\n')) checkBridge(state, parts.value);
  throw refused(result.diagnostics);
}

/** The document with what it leaves open chosen: uuid, a bridge name that is free among networks and devices, MAC. */
export async function completeDocument(state: DriverState, context: OperationContext, network: Network): Promise<CompleteNetwork> {
  const devices = bridgePattern(network) === undefined ? new Map<string, unknown>() : (await context.facts()).links;
  const isTaken = (name: string): boolean => devices.has(name) || bridgeUser(state, name, network.name) !== undefined;
  return completeNetwork(network, { uuid: context.uuid, mac: context.mac, bridgeName: (pattern) => freeBridge(pattern, isTaken) });
}

/** libvirt's MAX_BRIDGE_ID: numbers 0 to 256 are tried. */
const MAX_BRIDGE_ID = 256;

/** @throws VirtnetError VND015 when every number of the pattern is in use. */
function freeBridge(pattern: string, isTaken: (name: string) => boolean): string {
  for (let id = 0; id <= MAX_BRIDGE_ID; id++) {
    const name = pattern.replace('%d', String(id));
    if (!isTaken(name)) return name;
  }
  throw noFreeBridge(pattern);
}

/** As `parse`. libvirt takes no document that lists another PCI device than a virtual function (VNC004). */
export async function take(
  state: DriverState,
  context: OperationContext,
  xml: string,
  { validate, devicesAsLibvirt }: DocumentOptions,
): Promise<Network> {
  const asksHost = devicesAsLibvirt === true && xml.includes('<address');
  return parse(state, context, xml, { validate, ...(asksHost ? { functions: await context.portFacts({ vfs: true }) } : {}) });
}

export function newRecord(network: CompleteNetwork): NetworkRecord {
  return { uuid: network.uuid, name: network.name, autostart: false, ports: new Map() };
}

export function lifecycle(
  event: Extract<DriverEvent, { type: 'lifecycle' }>['event'],
  network: { readonly name: string; readonly uuid: string },
): DriverEvent {
  return { type: 'lifecycle', event, name: network.name, uuid: network.uuid };
}
