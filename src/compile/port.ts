import type { EffectivePort } from '../interface/effective.ts';
import type { NetworkPort } from '../interface/port.ts';

/** Where a guest's connection is realised. The device name is chosen when the port is made and kept. */
export type Attachment =
  /** Somebody else (libvirt's QEMU driver) makes and plugs the device. */
  | { readonly type: 'none' }
  /** A veth pair: `dev` on the host, `guestDev` in the guest's network namespace (a name of `ip netns`, or an absolute path). */
  | { readonly type: 'netns'; readonly dev: string; readonly netns: string; readonly guestDev: string }
  /** A persistent tap for QEMU, Firecracker or Cloud Hypervisor. */
  | {
      readonly type: 'tap';
      readonly dev: string;
      readonly user?: string;
      readonly group?: string;
      readonly vnetHeader: boolean;
      readonly multiQueue: boolean;
    }
  /** A macvtap on the pool device that the port's plug names. */
  | { readonly type: 'macvtap'; readonly dev: string; readonly user?: string; readonly group?: string }
  /** A virtual function handed over whole. */
  | { readonly type: 'hostdev' };

/** What a port may have from elsewhere. */
export type InheritedSetting = keyof EffectivePort['origins'];

/** A port as the driver keeps it: the guest's document with its plug, and how it is realised on this host. */
export interface PortRecord {
  readonly port: NetworkPort;
  readonly attachment: Attachment;
  /** Settings of `port` that its portgroup or its network gave, and which follow these. */
  readonly inherited?: readonly InheritedSetting[];
  /** Bytes, where the guest's interface asks for its own. */
  readonly mtu?: number;
  /** The guest's link is administratively down (`<link state='down'/>`). */
  readonly linkDown?: boolean;
}

/** The port as the guest asked for it, without what others gave it. */
export function askedPort({ port, inherited = [] }: Pick<PortRecord, 'port' | 'inherited'>): NetworkPort {
  return inherited.reduce<NetworkPort>((rest, setting) => {
    const { [setting]: _given, ...asked } = rest;
    return asked;
  }, port);
}
