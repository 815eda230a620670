import { assertNever } from '../base/errors.ts';
import type { Diagnostic, Severity } from '../base/diagnostic.ts';
import type { VirtualPort, VirtualPortType } from '../network/virtualport.ts';
import type { Vlan } from '../network/vlan.ts';
import type { PortNetwork } from './effective.ts';
import type { Plug } from './plug.ts';
import { plugTypeOf } from './plug-type.ts';

interface Fitting {
  readonly types: readonly VirtualPortType[];
  /** libvirt's words for the way. */
  readonly uses: string;
  /** Taken only by `virtnet attach`: libvirt has MidoNet in a machine's own `<interface type='bridge'>`, and on no network. */
  readonly ours?: VirtualPortType;
}

/** Which virtualports a way of plugging takes. */
const FITTING: Readonly<Record<Plug['type'], Fitting>> = {
  network: { types: [], uses: 'uses IP forwarding' },
  bridge: { types: ['openvswitch'], uses: 'uses a bridge device', ours: 'midonet' },
  direct: { types: ['802.1Qbg', '802.1Qbh'], uses: 'uses a macvtap device' },
  'hostdev-pci': { types: ['802.1Qbh'], uses: 'uses an SR-IOV Virtual Function via PCI passthrough' },
};

/** Refuses a merged virtualport whose type the network's kind cannot serve (VNI204, libvirt 67); an untyped one never fits. */
export function checkVirtualPortKind(
  network: PortNetwork,
  virtualport: VirtualPort | undefined,
  { asLibvirt }: { readonly asLibvirt: boolean },
): Diagnostic | undefined {
  if (virtualport === undefined) return undefined;
  const { types: theirs, uses, ours } = FITTING[plugTypeOf(network)];
  const types = asLibvirt || ours === undefined ? theirs : [...theirs, ours];
  if (virtualport.type !== undefined && types.includes(virtualport.type)) return undefined;
  const found = virtualport.type ?? 'none';
  return {
    code: 'VNI204',
    severity: 'error',
    message:
      virtualport.type === undefined
        ? `the virtualport has no type, and neither network '${network.name}' nor its portgroup gives it one`
        : `network '${network.name}' ${uses} and cannot serve a virtualport of type '${found}'`,
    found,
    ...(types.length > 0 && { allowed: types.join(', ') }),
    hint: types.length > 0 ? `use ${types.join(' or ')}, or remove the virtualport` : 'remove the virtualport',
    libvirt: {
      code: 67,
      message: `unsupported configuration: <virtualport type='${found}'> not supported for network '${network.name}' which ${uses}`,
    },
  };
}

/** Finds a vlan on a network whose kind cannot carry tags for one guest (VNI207). libvirt's port call keeps it; its guest start refuses it. */
export function checkVlanKind(
  network: PortNetwork,
  vlan: Vlan | undefined,
  virtualport: VirtualPort | undefined,
  severity: Severity,
): Diagnostic | undefined {
  if (vlan === undefined || carriesTags(network, virtualport)) return undefined;
  return {
    code: 'VNI207',
    severity,
    message: `network '${network.name}' (forward mode '${network.forward.mode}') cannot put one guest on a VLAN`,
    hint: 'remove <vlan>, or use an Open vSwitch or VLAN-filtering bridge, a passthrough or a hostdev network',
  };
}

function carriesTags(network: PortNetwork, virtualport: VirtualPort | undefined): boolean {
  const plug = plugTypeOf(network);
  switch (plug) {
    case 'network':
      return false;
    case 'bridge':
      return virtualport?.type !== 'midonet'; // its ports' VLANs are in MidoNet's own topology
    case 'hostdev-pci':
      return true;
    case 'direct':
      return network.forward.mode === 'passthrough' || virtualport?.type === 'openvswitch';
    default:
      return assertNever(plug);
  }
}
