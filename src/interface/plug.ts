import { child, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { attribute } from '../xml/node.ts';
import { checkShape, refuse, type ReadContext, type Shape } from '../network/context.ts';
import { pciAttributes, readPciAddress, type PciAddress } from '../network/pci-address.ts';
import { xmlError } from '../network/libvirt-error.ts';
import { badWord, readWord, readYesNo } from '../network/values.ts';

/** The macvtap modes of a direct plug. */
export type DirectMode = 'vepa' | 'private' | 'bridge' | 'passthrough';

/** A tap or veth on the network's own bridge (`network`) or on a bridge of the host (`bridge`). */
export interface BridgePlug {
  readonly type: 'network' | 'bridge';
  readonly bridge: string;
  readonly macTableManager?: 'kernel' | 'libvirt';
}

/** A macvtap device on a device of the network's pool. */
export interface DirectPlug {
  readonly type: 'direct';
  readonly dev: string;
  readonly mode: DirectMode;
}

/** The driver that a PCI device is bound to for the guest. */
export interface HostdevDriver {
  readonly name?: 'vfio' | 'kvm' | 'xen';
  readonly model?: string;
}

/** A PCI device (an SR-IOV virtual function) handed to the guest. */
export interface HostdevPlug {
  readonly type: 'hostdev-pci';
  /** virtnet binds the device to the VFIO driver and gives it back afterwards. */
  readonly managed: boolean;
  readonly driver?: HostdevDriver;
  readonly address: PciAddress;
}

/** How a port is realised on the host: libvirt's `<plug>`. */
export type Plug = BridgePlug | DirectPlug | HostdevPlug;

export const DIRECT_MODES: readonly DirectMode[] = ['vepa', 'private', 'bridge', 'passthrough'];
const TYPES = ['none', 'network', 'bridge', 'direct', 'hostdev-pci'] as const;
const MANAGERS = ['kernel', 'libvirt'] as const;
const SHAPES: Readonly<Record<(typeof TYPES)[number], Shape>> = {
  none: { attributes: ['type'], children: [] },
  network: { attributes: ['type', 'bridge', 'macTableManager'], children: [] },
  bridge: { attributes: ['type', 'bridge', 'macTableManager'], children: [] },
  direct: { attributes: ['type', 'dev', 'mode'], children: [] },
  'hostdev-pci': { attributes: ['type', 'managed'], children: ['driver', 'address'] },
};

/** Reads `<plug>`; undefined for type none, and when it is refused. */
export function readPlug(context: ReadContext, element: XmlElement): Plug | undefined {
  const type = readWord(context, element, 'type', TYPES) ?? 'none';
  checkShape(context, element, SHAPES[type]);
  switch (type) {
    case 'none':
      return undefined;
    case 'network':
    case 'bridge':
      return readBridgePlug(context, element, type);
    case 'direct':
      return readDirectPlug(context, element);
    case 'hostdev-pci':
      return readHostdevPlug(context, element);
  }
}

function missing(context: ReadContext, element: XmlElement, what: string, libvirtWords: string): undefined {
  refuse(context, element, {
    code: 'VNI005',
    message: `the plug has no ${what}`,
    hint: `add ${what}`,
    libvirt: xmlError(libvirtWords),
  });
  return undefined;
}

function readBridgePlug(context: ReadContext, element: XmlElement, type: 'network' | 'bridge'): BridgePlug | undefined {
  const bridge = attribute(element, 'bridge');
  if (bridge === undefined) return missing(context, element, 'bridge', 'Missing network port bridge name');
  const text = attribute(element, 'macTableManager');
  const macTableManager = MANAGERS.find((word) => word === text);
  if (text !== undefined && macTableManager === undefined) {
    badWord(context, element, 'macTableManager', MANAGERS, xmlError(`Invalid macTableManager setting '${text}' in network port`));
    return undefined;
  }
  return { type, bridge, ...(macTableManager === undefined ? {} : { macTableManager }) };
}

function readDirectPlug(context: ReadContext, element: XmlElement): DirectPlug | undefined {
  const dev = attribute(element, 'dev');
  if (dev === undefined) return missing(context, element, 'dev', 'Missing network port link device name');
  const text = attribute(element, 'mode') ?? 'vepa';
  const mode = DIRECT_MODES.find((word) => word === text);
  if (mode !== undefined) return { type: 'direct', dev, mode };
  badWord(context, element, 'mode', DIRECT_MODES, xmlError(`Invalid mode setting '${text}' in network port`));
  return undefined;
}

function readHostdevPlug(context: ReadContext, element: XmlElement): HostdevPlug | undefined {
  const managed = readYesNo(context, element, 'managed') ?? false;
  const driverElement = child(element, 'driver');
  const driver = driverElement && readHostdevDriver(context, driverElement);
  const addressElement = child(element, 'address');
  if (!addressElement) return missing(context, element, 'address', 'Missing network port PCI address');
  const address = readPciAddress(context, addressElement);
  return address && { type: 'hostdev-pci', managed, ...(driver && Object.keys(driver).length > 0 ? { driver } : {}), address };
}

/** Reads a `<driver>` that names what a PCI device is bound to. */
function readHostdevDriver(context: ReadContext, element: XmlElement): HostdevDriver {
  checkShape(context, element, { attributes: ['name', 'model'], children: [] });
  const name = readWord(context, element, 'name', ['vfio', 'kvm', 'xen']);
  const model = attribute(element, 'model');
  return { ...(name === undefined ? {} : { name }), ...(model === undefined ? {} : { model }) };
}

/** Writes `<plug>`. */
export function writePlug(writer: XmlWriter, plug: Plug): void {
  switch (plug.type) {
    case 'network':
    case 'bridge':
      writer.empty('plug', [
        ['type', plug.type],
        ['bridge', plug.bridge],
        ['macTableManager', plug.macTableManager],
      ]);
      return;
    case 'direct':
      writer.empty('plug', [
        ['type', plug.type],
        ['dev', plug.dev],
        ['mode', plug.mode],
      ]);
      return;
    case 'hostdev-pci':
      writer.element(
        'plug',
        [
          ['type', plug.type],
          ['managed', plug.managed],
        ],
        () => {
          if (plug.driver) {
            writer.empty('driver', [
              ['name', plug.driver.name],
              ['model', plug.driver.model],
            ]);
          }
          // A port's address carries no type: it is always a PCI address.
          writer.empty(
            'address',
            pciAttributes(plug.address).filter(([name]) => name !== 'type'),
          );
        },
      );
  }
}
