import { present } from '../base/present.ts';
import { attribute, child, children, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, warn, type ReadContext, type Shape } from './context.ts';
import { unsupported, xmlError } from './libvirt-error.ts';
import { DEFAULT_PORTS, isEmptyNat, readNat, writeNat, type Nat } from './nat.ts';
import { formatPciAddress, pciAttributes, readPciAddress, type PciAddress } from './pci-address.ts';
import { badWord, missingAttribute, parseUnsigned, readWord, textAttribute } from './values.ts';

export type { Nat } from './nat.ts';

/** How a network reaches the outside; `none` is an isolated network (no `<forward>` element). */
export type ForwardMode = 'none' | 'nat' | 'route' | 'open' | 'bridge' | 'private' | 'vepa' | 'passthrough' | 'hostdev';

/** One device of an interface pool; `connections` (guests on it) is live only. */
export interface ForwardInterface {
  readonly dev: string;
  readonly connections?: number;
}

/** One PCI device of a hostdev pool; `connections` (guests that have it) is live only, and not in XML. */
export interface ForwardAddress {
  readonly address: PciAddress;
  readonly connections?: number;
}

/** `<forward>`. The first interface is what libvirt prints as the `dev` attribute. */
export interface Forward {
  readonly mode: ForwardMode;
  /** Only hostdev: bind the devices to the VFIO driver and back. */
  readonly managed?: boolean;
  /** `<driver name= model=>`; has a meaning in mode hostdev only. */
  readonly driver?: { readonly name?: 'vfio' | 'kvm' | 'xen'; readonly model?: string };
  /** SR-IOV physical function whose VFs are the pool. */
  readonly pf?: { readonly dev: string; readonly connections?: number };
  readonly nat?: Nat;
  readonly interfaces: readonly ForwardInterface[];
  readonly addresses: readonly ForwardAddress[];
}

const MODES: readonly ForwardMode[] = ['none', 'nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev'];
const POOL = ['interface', 'address'];
const SHAPE: Shape = {
  attributes: ['dev', 'mode', 'managed'],
  children: ['driver', 'pf', 'nat', ...POOL],
  repeated: ['pf', 'nat', ...POOL],
};
const INTERFACE: Shape = { attributes: ['dev', 'connections'], children: [] };
const ADDRESS: Shape = { attributes: ['type', 'domain', 'bus', 'slot', 'function', 'multifunction', 'connections'], children: [] };
const DRIVER: Shape = { attributes: ['name', 'model'], children: [] };

/** An isolated network's forward. */
export const ISOLATED: Forward = { mode: 'none', interfaces: [], addresses: [] };

/** Reads `<forward>`. */
export function readForward(context: ReadContext, element: XmlElement): Forward {
  checkShape(context, element, SHAPE);
  const { name } = context;
  const modeText = textAttribute(element, 'mode');
  const known = MODES.find((m) => m === modeText);
  if (modeText !== undefined && known === undefined)
    badWord(context, element, 'mode', MODES, unsupported(`unknown forwarding type '${modeText}'`));
  const mode = known ?? 'nat';
  const managedText = textAttribute(element, 'managed');
  const driver = readDriver(context, element);
  const nats = children(element, 'nat');
  const pfs = children(element, 'pf');
  const addresses = children(element, 'address');
  if (nats.length > 1) tooMany(context, nats[1] ?? element, `Only one <nat> element is allowed in <forward> of network ${name}`);
  if (nats[0] && mode !== 'nat') {
    refuse(context, nats[0], {
      code: 'VNM050',
      message: `<nat> has no meaning in mode '${mode}'`,
      hint: "write mode='nat', or remove <nat>",
      libvirt: xmlError(`The <nat> element can only be used when <forward> 'mode' is 'nat' in network ${name}`),
    });
  }
  const nat = nats[0] && readNat(context, nats[0]);
  const dev = textAttribute(element, 'dev');
  if (dev !== undefined && (addresses.length > 0 || pfs.length > 0)) {
    refuse(context, element, {
      code: 'VNM039',
      message: 'a forward device cannot stand beside <address> or <pf>',
      attribute: 'dev',
      found: dev,
      hint: 'remove dev',
      libvirt: xmlError(`the <forward> 'dev' attribute cannot be used when <address> or <pf> sub-elements are present in network ${name}`),
    });
  }
  const interfaces = readInterfaces(context, element, dev);
  const listed = dev !== undefined || children(element, 'interface').length > 0;
  const pool = listed ? [] : readAddresses(context, addresses);
  const named = listed || addresses.length > 0;
  if (named && pfs[0]) {
    warn(context, pfs[0], {
      code: 'VNM039',
      message: '<pf> beside named devices is left out',
      hint: 'keep the devices or <pf>',
    });
  } else if (pfs.length > 1) tooMany(context, pfs[1] ?? element, `Only one <pf> element is allowed in <forward> of network ${name}`);
  const pf = pfs[0] && !named ? readPf(context, pfs[0]) : undefined;
  const forward = present<Forward>({
    mode,
    managed: mode === 'hostdev' ? managedText?.toLowerCase() === 'yes' : undefined,
    driver,
    pf,
    nat,
    interfaces,
    addresses: pool,
  });
  context.origins.set(forward, element);
  checkManaged(context, element, managedText);
  return forward;
}

function checkManaged(context: ReadContext, element: XmlElement, managed: string | undefined): void {
  if (managed === undefined || /^(yes|no)$/i.test(managed)) return;
  warn(context, element, {
    code: 'VNM013',
    message: `managed='${managed}' counts as no`,
    attribute: 'managed',
    found: managed,
    allowed: 'yes, no',
    hint: 'write yes or no',
  });
}

function tooMany(context: ReadContext, element: XmlElement, words: string): void {
  refuse(context, element, {
    code: 'VNM038',
    message: `<${element.parent?.name ?? ''}> takes one <${element.name}>`,
    hint: 'remove one of the two',
    libvirt: xmlError(words),
  });
}

function readDriver(context: ReadContext, element: XmlElement): Forward['driver'] {
  const driver = child(element, 'driver');
  if (!driver) return undefined;
  checkShape(context, driver, DRIVER);
  const name = readWord(context, driver, 'name', ['vfio', 'kvm', 'xen']);
  const model = attribute(driver, 'model');
  if (name === undefined) return undefined;
  return model === undefined ? { name } : { name, model };
}

/** The device of the `dev` attribute and of each `<interface>`; the first of both must agree. */
function readInterfaces(context: ReadContext, element: XmlElement, dev: string | undefined): ForwardInterface[] {
  const found: ForwardInterface[] = dev === undefined ? [] : [{ dev }];
  const seen = new Map<string, XmlElement>();
  for (const [i, e] of children(element, 'interface').entries()) {
    checkShape(context, e, INTERFACE);
    const name = attribute(e, 'dev');
    if (name === undefined) {
      missingAttribute(
        context,
        e,
        'dev',
        xmlError(`Missing required dev attribute in <forward> <interface> element of network ${context.name}`),
      );
      continue;
    }
    const entry: ForwardInterface = { dev: name, ...connectionsOf(context, e) };
    context.origins.set(entry, e);
    if (i === 0 && dev !== undefined) {
      if (name !== dev) {
        refuse(context, element, {
          code: 'VNM039',
          message: `the forward device '${dev}' is not the first interface '${name}'`,
          attribute: 'dev',
          found: dev,
          hint: `write dev='${name}', or leave dev out`,
          libvirt: xmlError(`<forward dev='${dev}'> must match first <interface dev='${name}'/> in network ${context.name}`),
          related: [{ message: 'the first interface', element: e }],
        });
      }
      found[0] = entry;
    } else if (seen.has(name)) {
      refuse(context, e, {
        code: 'VNM049',
        message: `interface '${name}' is listed twice`,
        attribute: 'dev',
        found: name,
        hint: 'remove one of the two',
        libvirt: xmlError(`interface '${name}' can only be listed once in network ${context.name}`),
        related: [{ message: 'the first of the two', element: seen.get(name) }],
      });
    } else found.push(entry);
    if (!seen.has(name)) seen.set(name, e);
  }
  return found;
}

/** Live documents carry the number of guests on a device. */
function connectionsOf(context: ReadContext, element: XmlElement): { connections?: number } {
  if (!context.live) return {};
  const connections = parseUnsigned(attribute(element, 'connections') ?? '');
  return connections ? { connections } : {};
}

function readAddresses(context: ReadContext, elements: readonly XmlElement[]): ForwardAddress[] {
  const found: ForwardAddress[] = [];
  const seen = new Map<string, XmlElement>();
  for (const e of elements) {
    checkShape(context, e, ADDRESS);
    const type = attribute(e, 'type');
    if (type === undefined) {
      missingAttribute(context, e, 'type', xmlError(`missing address type in network ${context.name}`));
      continue;
    }
    if (type === 'none' || type === 'netdev') {
      badWord(context, e, 'type', ['pci'], xmlError(`unsupported address type '${type}' in network ${context.name}`));
      continue;
    }
    if (type !== 'pci') {
      badWord(context, e, 'type', ['pci'], unsupported(`unknown address type '${type}' in network ${context.name}`));
      continue;
    }
    const address = readPciAddress(context, e);
    if (!address) continue;
    const text = formatPciAddress(address);
    const first = seen.get(text);
    if (first) {
      refuse(context, e, {
        code: 'VNM049',
        message: `PCI device ${text} is listed twice`,
        found: text,
        hint: 'remove one of the two',
        libvirt: xmlError(`PCI device '${text}' can only be listed once in network ${context.name}`),
        related: [{ message: 'the first of the two', element: first }],
      });
      continue;
    }
    seen.set(text, e);
    const entry: ForwardAddress = { address, ...connectionsOf(context, e) };
    context.origins.set(entry, e);
    found.push(entry);
  }
  return found;
}

function readPf(context: ReadContext, element: XmlElement): Forward['pf'] {
  checkShape(context, element, { attributes: ['dev', 'connections'], children: [] });
  const dev = attribute(element, 'dev');
  if (dev === undefined) {
    missingAttribute(context, element, 'dev', xmlError(`Missing required dev attribute in <pf> element of network '${context.name}'`));
    return undefined;
  }
  return { dev, ...connectionsOf(context, element) };
}

/**
 * Writes `<forward>`; nothing for an isolated network. A live document shows the guests on each device and, where NAT has anything
 * to translate, the ports it uses.
 */
export function writeForward(writer: XmlWriter, forward: Forward, options: { readonly live: boolean; readonly natPorts: boolean }): void {
  if (forward.mode === 'none') return;
  const { mode, driver, pf, interfaces, addresses } = forward;
  const { live } = options;
  const nat = natFor(forward.nat, options.natPorts);
  const attributes = [
    // A document may not have both; libvirt leaves the device out as well.
    ['dev', pf ? undefined : interfaces[0]?.dev],
    ['mode', mode],
    ['managed', mode === 'hostdev' ? forward.managed === true : undefined],
  ] as const;
  writer.elementOrEmpty('forward', attributes, () => {
    if (driver)
      writer.empty('driver', [
        ['name', driver.name],
        ['model', driver.model],
      ]);
    if (nat) writeNat(writer, nat);
    if (pf) writer.empty('pf', [['dev', pf.dev]]);
    // A pool that was made from a physical function is live only: the definition shows the function.
    // Devices get beside a physical function by an update only; libvirt keeps them out of the stored form too.
    if (pf && !live && addresses.length + interfaces.length > 0) return;
    for (const i of interfaces)
      writer.empty('interface', [
        ['dev', i.dev],
        ['connections', live && i.connections ? i.connections : undefined],
      ]);
    // libvirt counts the guests of these too, and does not show it.
    for (const a of addresses) writer.empty('address', pciAttributes(a.address));
  });
}

function natFor(nat: Nat | undefined, showPorts: boolean): Nat | undefined {
  if (showPorts && nat?.portStart === undefined) return { ...nat, portStart: DEFAULT_PORTS.start, portEnd: DEFAULT_PORTS.end };
  return nat && !isEmptyNat(nat) ? nat : undefined;
}
