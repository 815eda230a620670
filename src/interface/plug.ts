import type { PciAddress } from '../network/forward.ts';

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

/** A PCI device (an SR-IOV virtual function) handed to the guest. */
export interface HostdevPlug {
  readonly type: 'hostdev-pci';
  /** virtnet binds the device to the VFIO driver and gives it back afterwards. */
  readonly managed: boolean;
  readonly driver?: { readonly name?: 'vfio' | 'kvm' | 'xen'; readonly model?: string };
  readonly address: PciAddress;
}

/** How a port is realised on the host: libvirt's `<plug>`. */
export type Plug = BridgePlug | DirectPlug | HostdevPlug;
