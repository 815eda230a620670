import { assertNever } from '../../base/errors.ts';
import type { PortFacts } from '../../compile/facts.ts';
import type { Attachment, PortRecord } from '../../compile/port.ts';
import { isMulticastMac, parseMac } from '../../inet/mac.ts';
import { plugTypeOf } from '../../interface/plug-type.ts';
import type { NetworkPort } from '../../interface/port.ts';
import type { Network } from '../../network/network.ts';
import { forbiddenAt } from '../../xml/characters.ts';
import type { Operation, OperationContext } from '../engine/change.ts';
import { devicesInNetns, devicesOfPorts, freeName } from './device-names.ts';
import type { AttachRequest, NetworkRef } from '../driver.ts';
import { ambiguousPort, badMac, invalidArgument, macTaken, noPort, portExists, refused } from '../errors.ts';
import { sortByGuest } from '../state/gone-ports.ts';
import { lookup } from '../state/lookup.ts';
import type { PlugDocument } from '../store/port-documents.ts';
import type { RunningRecord } from './port-operations.ts';
import { otherPorts, plugIn, portFacts, running, STRICTLY, withoutPort, withPort } from './port-operations.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';

export interface Attached {
  readonly port: PortRecord;
  readonly network: string;
}

/** Plugs a guest: chooses what the request leaves open (uuid, MAC, device names) and keeps it. */
export function attach(ref: NetworkRef, request: AttachRequest): Operation<Attached> {
  return async (state, context) => {
    const record = running(lookup(state, ref));
    const document = parseDocument(request, context);
    const wanted = wantedPort(record, request, document, context);
    const facts = await portFacts(record, context);
    const { port, inherited } = plugIn(record, wanted, { uuid: context.uuid, known: facts, others: otherPorts(state, record) }, STRICTLY);
    if (record.ports.has(port.uuid)) throw portExists(port.uuid);
    const attachment = attachmentFor(state, record, request, document, facts.links, context);
    const made: PortRecord = {
      port,
      ...(inherited && { inherited }),
      attachment,
      ...(document.mtu === undefined ? {} : { mtu: document.mtu }),
      ...(document.linkDown === true ? { linkDown: true } : {}),
    };
    const [absent] = sortByGuest([made]).gone;
    if (absent) throw invalidArgument(`there is no ${absent.what}`, howToMake(attachment));
    return { ...withPort(state, record, made, facts), value: { port: made, network: record.uuid } };
  };
}

function howToMake(attachment: Attachment): string {
  const netns = attachment.type === 'netns' ? attachment.netns : 'NAME';
  return netns.includes('/')
    ? 'a namespace is named as `ip netns` does, or by a path such as /proc/PID/ns/net'
    : `make it first: ip netns add ${netns}`;
}

export interface Detached {
  /** The network as it was. */
  readonly record: NetworkRecord;
  readonly mac: string;
}

/** Unplugs a guest, of a stopped network too: its device goes, and its place in the pool is free. */
export function detach(ref: NetworkRef, name: string): Operation<Detached> {
  return async (state, context) => {
    const record = lookup(state, ref);
    const facts = await portFacts(record, context);
    const gone = portNamed(record, name);
    return { ...withoutPort(state, record, gone, facts), value: { record, mac: gone.port.mac } };
  };
}

/** A port by its uuid, MAC, device or owner's name. @throws VirtnetError VND004 */
export function portNamed(record: Pick<NetworkRecord, 'ports'>, name: string): PortRecord {
  const ports = [...record.ports.values()];
  const wanted = name.toLowerCase();
  const keys: readonly ((port: PortRecord) => boolean)[] = [
    ({ port }) => port.uuid === wanted,
    ({ port }) => port.mac === wanted,
    ({ attachment }) => 'dev' in attachment && attachment.dev === name,
    ({ port }) => port.owner.name === name,
  ];
  for (const key of keys) {
    const found = ports.filter(key);
    if (found.length > 1) {
      const macs = new Set(found.map(({ port }) => port.mac)); // what lists show of a port; clients of libvirt's protocol may give one twice
      throw ambiguousPort(name, macs.size === found.length ? [...macs].sort() : found.map(({ port }) => port.uuid));
    }
    if (found[0] !== undefined) return found[0];
  }
  throw noPort(name);
}

function parseDocument(request: AttachRequest, context: OperationContext): PlugDocument {
  if (request.document === undefined) return {};
  const result = context.parsePlug(request.document);
  if (!result.ok) throw refused(result.diagnostics);
  return result.value;
}

function wantedPort(record: RunningRecord, request: AttachRequest, document: PlugDocument, context: OperationContext): NetworkPort {
  const { mtu: _mtu, linkDown: _down, target: _target, plug: _plug, ...asked } = document;
  const { portgroup, bandwidth, vlan, isolated, owner } = request;
  if (owner !== undefined && forbiddenAt(owner.name) >= 0)
    throw invalidArgument(`the owner's name ${JSON.stringify(owner.name)} has a character that no document can hold`, 'leave it out');
  const macs = new Set([...record.ports.values()].map(({ port }) => port.mac));
  const given = request.mac === undefined ? document.mac : cardMac(request.mac);
  if (given !== undefined && macs.has(given)) throw macTaken(given, record.name);
  return {
    ...asked,
    uuid: document.uuid ?? context.uuid(),
    owner:
      owner === undefined
        ? (document.owner ?? { name: 'guest', uuid: context.uuid() })
        : { name: owner.name, uuid: owner.uuid ?? context.uuid() },
    mac: given ?? freeMac(macs, context.mac),
    ...(portgroup === undefined ? {} : { portgroup }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(isolated === undefined ? {} : { isolated }),
  };
}

/** The address of a guest's card, canonical. @throws VirtnetError VND016 */
function cardMac(text: string): string {
  const mac = parseMac(text);
  if (mac === undefined) throw badMac(text);
  if (isMulticastMac(mac))
    throw invalidArgument(`'${text}' is a multicast address, which no card has`, 'use a MAC whose first byte is even');
  return mac;
}

function freeMac(taken: ReadonlySet<string>, random: () => string): string {
  for (;;) {
    const mac = random();
    if (!taken.has(mac)) return mac;
  }
}

/** How the guest is connected, with device names chosen where the request leaves them open. */
function attachmentFor(
  state: DriverState,
  record: RunningRecord,
  request: AttachRequest,
  document: PlugDocument,
  links: PortFacts['links'],
  context: OperationContext,
): Attachment {
  const wanted = request.attachment;
  checkKind(record.live, wanted.type);
  const ports = devicesOfPorts(state);
  const hostDev = (stem: string, given: string | undefined): string => {
    const isTaken = (name: string): boolean => ports.has(name) || links.has(name);
    if (given === undefined || given === '') return context.deviceName(stem, isTaken);
    if (isTaken(given)) throw invalidArgument(`device name '${given}' is taken`, 'choose another, or leave it out');
    return given;
  };
  switch (wanted.type) {
    case 'none':
    case 'hostdev':
      return wanted;
    case 'netns':
      return {
        type: 'netns',
        dev: hostDev('veth', 'dev' in wanted ? wanted.dev : document.target),
        netns: wanted.netns,
        guestDev: wanted.guestDev ?? freeName('eth', devicesInNetns(state, wanted.netns)),
      };
    case 'tap':
      return { vnetHeader: true, multiQueue: false, ...wanted, dev: hostDev('vnet', wanted.dev ?? document.target) };
    case 'macvtap':
      return { ...wanted, dev: hostDev('macvtap', wanted.dev === '' ? document.target : wanted.dev) };
    default:
      return assertNever(wanted);
  }
}

/** Each kind of network has its kind of device. @throws VirtnetError VND016 */
export function checkKind(network: Network, type: Attachment['type'], guest?: string): void {
  const plug = plugTypeOf(network);
  if (type === 'none') return;
  const fits = plug === 'direct' ? type === 'macvtap' : plug === 'hostdev-pci' ? type === 'hostdev' : type === 'netns' || type === 'tap';
  if (fits) return;
  const { mode } = network.forward;
  const instead = plug === 'direct' ? 'a macvtap' : plug === 'hostdev-pci' ? 'a PCI device' : 'a tap or a network namespace';
  const how = `network '${network.name}' (forward mode '${mode}') plugs guests by ${instead}`;
  if (guest !== undefined) throw invalidArgument(`${how}, and guest '${guest}' is plugged otherwise`, 'detach it first');
  throw invalidArgument(how, `ask for ${instead}`);
}
