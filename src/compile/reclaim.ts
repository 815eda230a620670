import type { Result } from '../base/diagnostic.ts';
import type { DirectPlug, HostdevPlug, Plug } from '../interface/plug.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { Network } from '../network/network.ts';
import type { PortFacts } from './facts.ts';
import { formatPciAddress } from '../network/pci-address.ts';
import { expandPool, holders, poolDevices, type PoolDevice } from './pool-devices.ts';
import type { PortRecord } from './port.ts';
import { libvirtSays, Report } from './report.ts';

/** What a reclaim looks at. */
export interface ReclaimInput {
  readonly network: Network;
  /** The guests connected so far, each with its plug. */
  readonly ports: readonly PortRecord[];
  /** The guest that says where it is plugged. */
  readonly port: NetworkPort & { readonly plug: Plug };
  readonly facts: Pick<PortFacts, 'vfs'>;
}

/**
 * Whether a guest that was plugged before the network forgot it can have its place back: the network has a bridge, or lists the device, and
 * no other guest holds what only one can. What libvirt asks, and no more: the bridge's name is not compared.
 */
export function checkReclaim({ network, ports, port, facts }: ReclaimInput): Result<Plug> {
  const report = new Report();
  const { plug } = port;
  if (plug.type !== 'direct' && plug.type !== 'hostdev-pci') {
    if (network.bridge === undefined) {
      report.error({
        code: 'VNC004',
        message: `network '${network.name}' has no bridge that '${port.owner.name}' could be on`,
        hint: 'plug the guest anew, without a plug of its own',
        libvirt: libvirtSays(1, 'Unexpectedly got a network port without a network bridge'),
      });
    }
    return report.result(plug);
  }
  const { type, name, words } = wanted(plug);
  const device = poolDevices(expandPool(network, facts)).find((d) => d.type === type && d.name === name);
  if (device === undefined) {
    report.error({
      code: 'VNC004',
      message: `network '${network.name}' does not list the device ${name} that '${port.owner.name}' is plugged into`,
      hint: 'plug the guest anew, without a plug of its own',
      libvirt: libvirtSays(1, `network '${network.name}' doesn't have ${words} in use by network port`),
    });
    return report.result(plug);
  }
  const { mode } = network.forward;
  const exclusive = mode === 'passthrough' || mode === 'hostdev' || (mode === 'private' && port.virtualport?.type === '802.1Qbh');
  const held = exclusive ? holders(device, ports) : [];
  if (held.length > 0) {
    report.error({
      code: 'VND006',
      message: `device ${name} of network '${network.name}' is in use by ${held.map((other) => `'${other.port.owner.name}'`).join(' and ')}`,
      hint: 'detach that guest first',
      libvirt: libvirtSays(1, `network '${network.name}' claims ${words} is already in use by a different port`),
    });
  }
  return report.result(plug);
}

/** The device of a plug, as pools list it and as libvirt's messages name it. */
function wanted(plug: DirectPlug | HostdevPlug): { readonly type: PoolDevice['type']; readonly name: string; readonly words: string } {
  if (plug.type === 'direct') return { type: 'interface', name: plug.dev, words: `dev='${plug.dev}'` };
  const name = formatPciAddress(plug.address);
  return { type: 'pci', name, words: `PCI device ${name}` };
}
