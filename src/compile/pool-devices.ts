import type { ForwardInterface } from '../network/forward.ts';
import type { Network } from '../network/network.ts';
import { plugTypeOf } from '../interface/plug-type.ts';
import type { PortFacts } from './facts.ts';
import { formatPciAddress, type PciAddress } from '../network/pci-address.ts';
import type { PortRecord } from './port.ts';

/** One device of a pool: a network device for macvtap, or a PCI device to hand over. */
export type PoolDevice =
  | { readonly type: 'interface'; readonly name: string }
  | { readonly type: 'pci'; /** `0000:04:00.1`. */ readonly name: string; readonly address: PciAddress };

/**
 * The live form of a network whose pool is `<pf>`: the virtual functions that the host has are listed, as devices or as PCI addresses.
 * Functions without a network device of their own (bound to another driver) cannot carry a macvtap and are left out.
 */
export function expandPool(network: Network, facts: Pick<PortFacts, 'vfs'>): Network {
  const { forward } = network;
  const plug = plugTypeOf(network);
  if (!forward.pf || (plug !== 'direct' && plug !== 'hostdev-pci')) return network;
  const vfs = facts.vfs.filter((vf) => vf.pf === forward.pf?.dev).toSorted((a, b) => a.index - b.index);
  if (plug === 'hostdev-pci') return { ...network, forward: { ...forward, addresses: vfs.map(({ address }) => ({ address })) } };
  const interfaces = vfs.flatMap(({ dev }): readonly ForwardInterface[] => (dev === undefined ? [] : [{ dev }]));
  return { ...network, forward: { ...forward, interfaces } };
}

/** The devices of a network's pool, in the order of the document (or of the virtual functions). */
export function poolDevices(network: Network): readonly PoolDevice[] {
  const { mode, interfaces, addresses } = network.forward;
  if (mode === 'hostdev') return addresses.map(({ address }) => ({ type: 'pci', name: formatPciAddress(address), address }));
  return interfaces.map(({ dev }) => ({ type: 'interface', name: dev }));
}

/** The ports that hold a device. With `facts` also those that hold a virtual function by its other name: as a device, or by PCI address. */
export function holders(device: PoolDevice, ports: readonly PortRecord[], facts?: Pick<PortFacts, 'vfs'>): readonly PortRecord[] {
  const vf = facts?.vfs.find(({ dev, address }) => device.name === (device.type === 'pci' ? formatPciAddress(address) : dev));
  return ports.filter(({ port: { plug } }) => {
    if (plug?.type === 'direct') return plug.dev === (device.type === 'interface' ? device.name : vf?.dev);
    if (plug?.type !== 'hostdev-pci') return false;
    return formatPciAddress(plug.address) === (device.type === 'pci' ? device.name : vf && formatPciAddress(vf.address));
  });
}

/**
 * The live document's counts: how many guests are on the network and on each device of its pool. Zeros are left out, as libvirt prints
 * none; counts that the document brought along are replaced.
 */
export function withConnections(network: Network, ports: readonly PortRecord[]): Network {
  const { connections: _old, ...rest } = network;
  const count = (device: PoolDevice): { readonly connections?: number } => {
    const n = holders(device, ports).length;
    return n > 0 ? { connections: n } : {};
  };
  const { forward } = network;
  return {
    ...rest,
    ...(ports.length > 0 && { connections: ports.length }),
    forward: {
      ...forward,
      interfaces: forward.interfaces.map(({ dev }) => ({ dev, ...count({ type: 'interface', name: dev }) })),
      addresses: forward.addresses.map(({ address }) => ({ address, ...count({ type: 'pci', name: formatPciAddress(address), address }) })),
    },
  };
}
