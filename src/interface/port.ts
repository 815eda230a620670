import type { Result } from '../base/diagnostic.ts';
import { readBandwidth, writeBandwidth, type Bandwidth } from '../network/bandwidth.ts';
import { checkShape, refuse, type ReadContext, type Shape } from '../network/context.ts';
import { internalError } from '../network/libvirt-error.ts';
import { parseLibvirtMac, parseUuid, readYesNo, textAttribute } from '../network/values.ts';
import { readVirtualPort, writeVirtualPort, type VirtualPort } from '../network/virtualport.ts';
import { readVlan, writeVlan, type Vlan } from '../network/vlan.ts';
import { child, textOf, type XmlElement } from '../xml/node.ts';
import { XmlWriter } from '../xml/write.ts';
import { readDocument, type ReadDocumentOptions } from './document.ts';
import { readPlug, writePlug, type Plug } from './plug.ts';

/** Who uses a port: a guest's name and uuid. */
export interface PortOwner {
  readonly name: string;
  /** Lower case with dashes. */
  readonly uuid: string;
}

/**
 * One guest's connection to a network: libvirt's `<networkport>` as immutable data. `uuid` and `mac` are canonical (lower case).
 * What is absent was not asked for; `mergePort` fills it from the portgroup and the network.
 */
export interface NetworkPort {
  readonly uuid: string;
  readonly owner: PortOwner;
  readonly mac: string;
  /** `<group>`: the name of a portgroup. */
  readonly portgroup?: string;
  /** The traffic class that carries the port's floor (`<bandwidth classID=>`), 3 or more once assigned. */
  readonly classId?: number;
  readonly virtualport?: VirtualPort;
  readonly vlan?: Vlan;
  readonly bandwidth?: Bandwidth;
  /** `<port isolated=>`. */
  readonly isolated?: boolean;
  readonly trustGuestRxFilters?: boolean;
  /** Set once the port is realised (or reclaimed). */
  readonly plug?: Plug;
}

const SHAPE: Shape = {
  attributes: [],
  children: ['uuid', 'owner', 'group', 'mac', 'virtualport', 'bandwidth', 'vlan', 'port', 'rxfilters', 'plug', 'class'],
};

/** Reads a `<networkport>` document, refusing what libvirt refuses, with its errors in its order. */
export function readPort(source: string | Uint8Array, options: ReadDocumentOptions = {}): Result<NetworkPort> {
  return readDocument(source, 'networkport', readPortElement, options);
}

function readPortElement(context: ReadContext, element: XmlElement): NetworkPort | undefined {
  checkShape(context, element, SHAPE);
  const uuid = readUuid(context, element, 'network port has no uuid');
  const owner = readOwner(context, element);
  const portgroup = child(element, 'group');
  const group = portgroup && textOf(portgroup);
  const read = <T>(name: string, reader: (context: ReadContext, element: XmlElement) => T | undefined): T | undefined => {
    const found = child(element, name);
    return found && reader(context, found);
  };
  const virtualport = read('virtualport', (c, e) => readVirtualPort(c, e, { keepEmpty: true }));
  const mac = readMac(context, element);
  const read1 = read('bandwidth', (c, e) => readBandwidth(c, e, { floor: true, classId: true, unbounded: true }));
  const vlan = read('vlan', readVlan);
  const isolated = read('port', (c, e) => readYesNo(c, e, 'isolated'));
  const trustGuestRxFilters = read('rxfilters', (c, e) => readYesNo(c, e, 'trustGuest'));
  const plug = read('plug', readPlug);
  if (uuid === undefined || owner === undefined || mac === undefined) return undefined;
  const { classId, ...limits } = read1 ?? {};
  const bandwidth = Object.keys(limits).length > 0 ? limits : undefined;
  return {
    uuid,
    owner,
    mac,
    ...(group ? { portgroup: group } : {}),
    ...(classId ? { classId } : {}),
    ...(virtualport && { virtualport }),
    ...(vlan && { vlan }),
    ...(bandwidth && { bandwidth }),
    ...(isolated !== undefined && { isolated }),
    ...(trustGuestRxFilters !== undefined && { trustGuestRxFilters }),
    ...(plug && { plug }),
  };
}

function readUuid(context: ReadContext, element: XmlElement, none: string): string | undefined {
  const uuidElement = child(element, 'uuid');
  const text = uuidElement ? textOf(uuidElement) : '';
  const uuid = parseUuid(text);
  if (uuid === undefined) {
    refuse(context, uuidElement ?? element, {
      code: 'VNI002',
      message: text === '' ? `<${element.name}> has no uuid` : `'${text}' is no uuid`,
      ...(text === '' ? {} : { found: text }),
      hint: 'write 32 hex digits, with or without dashes',
      libvirt: internalError(text === '' ? none : `Unable to parse UUID '${text}'`),
    });
  }
  return uuid;
}

function readOwner(context: ReadContext, element: XmlElement): PortOwner | undefined {
  const owner = child(element, 'owner');
  const nameElement = owner && child(owner, 'name');
  const name = nameElement ? textOf(nameElement) : '';
  if (owner) checkShape(context, owner, { attributes: [], children: ['name', 'uuid'] });
  if (name === '') {
    refuse(context, owner ?? element, {
      code: 'VNI003',
      message: 'the port names no owner',
      hint: 'add <owner><name>GUEST</name><uuid>...</uuid></owner>',
      libvirt: internalError('network port has no owner name'),
    });
    return undefined;
  }
  const uuid = readUuid(context, owner ?? element, 'network port has no owner UUID');
  return uuid === undefined ? undefined : { name, uuid };
}

function readMac(context: ReadContext, element: XmlElement): string | undefined {
  const macElement = child(element, 'mac');
  if (macElement) checkShape(context, macElement, { attributes: ['address'], children: [] });
  const text = macElement && textAttribute(macElement, 'address');
  const mac = text === undefined ? undefined : parseLibvirtMac(text);
  if (mac !== undefined) return mac;
  refuse(context, macElement ?? element, {
    code: 'VNI004',
    message: text === undefined ? 'the port has no MAC address' : `'${text}' is no MAC address`,
    attribute: 'address',
    found: text,
    hint: "write six pairs of hex digits with colons: <mac address='52:54:00:12:34:56'/>",
    libvirt: internalError(text === undefined ? 'network port has no mac' : `Unable to parse MAC '${text}'`),
  });
  return undefined;
}

/** Writes a port as `virsh net-port-dumpxml` prints it. */
export function writePort(port: NetworkPort): string {
  const writer = new XmlWriter();
  writer.element('networkport', [], () => {
    writer.text('uuid', port.uuid);
    writer.element('owner', [], () => {
      writer.text('name', port.owner.name);
      writer.text('uuid', port.owner.uuid);
    });
    if (port.portgroup !== undefined) writer.text('group', port.portgroup);
    writer.empty('mac', [['address', port.mac]]);
    if (port.virtualport) writeVirtualPort(writer, port.virtualport);
    if (port.bandwidth) {
      writeBandwidth(writer, port.classId === undefined ? port.bandwidth : { ...port.bandwidth, classId: port.classId });
    }
    if (port.vlan) writeVlan(writer, port.vlan);
    if (port.isolated !== undefined) writer.empty('port', [['isolated', port.isolated]]);
    if (port.trustGuestRxFilters !== undefined) writer.empty('rxfilters', [['trustGuest', port.trustGuestRxFilters]]);
    if (port.plug) writePlug(writer, port.plug);
  });
  return writer.toString();
}
