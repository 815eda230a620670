import type { Result } from '../base/diagnostic.ts';
import { readBandwidth } from '../network/bandwidth.ts';
import { refuse, warn, type ReadContext } from '../network/context.ts';
import { FROM, xmlError } from '../network/libvirt-error.ts';
import { badWord, readUnsigned, readYesNo } from '../network/values.ts';
import { readVirtualPort } from '../network/virtualport.ts';
import { readVlan } from '../network/vlan.ts';
import { attribute, child, elements, type XmlElement } from '../xml/node.ts';
import { checkInterface } from './check-interface.ts';
import { readDocument, type ReadDocumentOptions } from './document.ts';
import type { GuestInterface, InterfaceDriver } from './interface.ts';
import { INTERFACE_TYPES, readSource, SOURCE_ATTRIBUTES, type InterfaceSource } from './interface-source.ts';
import { readGuestMac, readLink, readModel, readMtu, readTarget } from './interface-values.ts';

/** Types that libvirt has and that end in no network of virtnet's. */
const OTHER_TYPES = ['user', 'ethernet', 'vhostuser', 'server', 'client', 'mcast', 'udp', 'internal', 'vdpa', 'null', 'vds'] as const;

/** The attributes that are read of each typed element; others are kept in `otherAttributes`. */
const READ: Readonly<Record<string, readonly string[]>> = {
  mac: ['address'],
  target: ['dev'],
  model: ['type'],
  mtu: ['size'],
  link: ['state'],
  boot: ['order'],
  alias: ['name'],
  port: ['isolated'],
};
const TYPED = new Set([...Object.keys(READ), 'source', 'virtualport', 'bandwidth', 'vlan', 'driver', 'address']);

/**
 * Reads a guest's `<interface>`: a document of its own, or the element cut out of a guest's document. What libvirt refuses is refused
 * with its error; types that have no network behind them (user, ethernet ...) are refused as VNI101.
 */
export function readInterface(source: string | Uint8Array, options: ReadDocumentOptions = {}): Result<GuestInterface> {
  return readDocument(source, 'interface', readInterfaceElement, options);
}

function readInterfaceElement(context: ReadContext, element: XmlElement, text: string): GuestInterface | undefined {
  const type = readType(context, element);
  const trustGuestRxFilters = readYesNo(context, element, 'trustGuestRxFilters');
  if (type === undefined) return undefined;
  const read = <T>(name: string, reader: (c: ReadContext, e: XmlElement) => T | undefined): T | undefined => {
    const found = child(element, name);
    return found && reader(context, found);
  };
  const mac = read('mac', readGuestMac);
  const source = readSource(context, element, type);
  const typeRequired = type !== 'network';
  const virtualport = read('virtualport', (c, e) => readVirtualPort(c, e, { typeRequired, keepEmpty: true }));
  const bandwidth = read('bandwidth', (c, e) => readBandwidth(c, e, { floor: type === 'network' }));
  const vlan = read('vlan', readVlan);
  const isolated = read('port', (c, e) => readYesNo(c, e, 'isolated'));
  const target = read('target', readTarget);
  const model = read('model', readModel);
  const mtu = read('mtu', readMtu);
  const link = read('link', readLink);
  const bootOrder = read('boot', (c, e) => readUnsigned(c, e, 'order', { required: true, nonZero: true }));
  const alias = read('alias', (_, e) => attribute(e, 'name'));
  const driver = read('driver', (c, e) => readDriver(c, e, type, text));
  const guestAddress = read('address', (_, e) => attributesOf(e));
  const otherAttributes = othersOf(element, type);
  if (source === undefined) return undefined;
  const guest: GuestInterface = {
    source,
    ...(mac !== undefined && { mac }),
    ...(target !== undefined && { target }),
    ...(model !== undefined && { model }),
    ...(virtualport && { virtualport }),
    ...(bandwidth && { bandwidth }),
    ...(vlan && { vlan }),
    ...(isolated !== undefined && { isolated }),
    ...(trustGuestRxFilters !== undefined && { trustGuestRxFilters }),
    ...(type === 'hostdev' && attribute(element, 'managed') === 'yes' && { managed: true }),
    ...(mtu !== undefined && { mtu }),
    ...(link !== undefined && { link }),
    ...(bootOrder !== undefined && { bootOrder }),
    ...(alias !== undefined && { alias }),
    ...(driver && { driver }),
    ...(guestAddress && { guestAddress }),
    ...(Object.keys(otherAttributes).length > 0 && { otherAttributes }),
    rest: restOf(context, element, text),
  };
  checkInterface(context, element, guest);
  return guest;
}

function readType(context: ReadContext, element: XmlElement): InterfaceSource['type'] | undefined {
  const text = attribute(element, 'type') ?? 'user';
  const type = INTERFACE_TYPES.find((word) => word === text);
  if (type !== undefined) return type;
  if ((OTHER_TYPES as readonly string[]).includes(text)) {
    refuse(context, element, {
      code: 'VNI101',
      message: `an interface of type '${text}' is connected to no network`,
      attribute: 'type',
      found: text,
      allowed: INTERFACE_TYPES.join(', '),
      hint: "use type='network' with <source network='NAME'/>",
    });
  } else {
    badWord(
      context,
      element,
      'type',
      [...INTERFACE_TYPES, ...OTHER_TYPES],
      xmlError(`Invalid value for attribute 'type' in element 'interface': '${text}'.`, FROM.xml),
    );
  }
  return undefined;
}

function readDriver(context: ReadContext, element: XmlElement, type: InterfaceSource['type'], text: string): InterfaceDriver {
  const names = type === 'hostdev' ? ['vfio', 'kvm', 'xen'] : ['qemu', 'vhost'];
  const name = attribute(element, 'name');
  if (name !== undefined && !names.includes(name)) {
    badWord(context, element, 'name', names, xmlError(`Invalid value for attribute 'name' in element 'driver': '${name}'.`, FROM.xml));
  }
  const queues = readUnsigned(context, element, 'queues');
  const attributes = Object.fromEntries(
    element.attributes.filter((a) => a.name !== 'name' && a.name !== 'queues').map((a) => [a.name, a.value]),
  );
  return {
    ...(name === undefined ? {} : { name }),
    ...(queues ? { queues } : {}),
    attributes,
    children: elements(element).map((e) => text.slice(e.start, e.end)),
  };
}

function attributesOf(element: XmlElement): Readonly<Record<string, string>> {
  return Object.fromEntries(element.attributes.map((a) => [a.name, a.value]));
}

function othersOf(element: XmlElement, type: InterfaceSource['type']): Record<string, Record<string, string>> {
  const others: Record<string, Record<string, string>> = {};
  for (const [name, read] of Object.entries({ ...READ, source: SOURCE_ATTRIBUTES[type] })) {
    const found = child(element, name)?.attributes.filter((a) => !read.includes(a.name)) ?? [];
    if (found.length > 0) others[name] = Object.fromEntries(found.map((a) => [a.name, a.value]));
  }
  return others;
}

function restOf(context: ReadContext, element: XmlElement, text: string): string[] {
  const seen = new Set<string>();
  return elements(element).flatMap((e) => {
    if (!TYPED.has(e.name)) return [text.slice(e.start, e.end)];
    if (seen.has(e.name)) {
      warn(context, e, {
        code: 'VNM004',
        message: `<${e.name}> is given twice in <interface>; only the first counts`,
        hint: 'remove one of the two',
      });
    }
    seen.add(e.name);
    return [];
  });
}
