import { plugTypeOf } from '../interface/plug-type.ts';
import type { Network } from '../network/network.ts';
import type { HostFacts } from './facts.ts';
import { deviceNameProblem } from './device-name.ts';
import { findVf } from './hostdev.ts';
import { formatPciAddress } from '../network/pci-address.ts';
import { libvirtSays, type Report } from './report.ts';

/**
 * Checks that the devices a network names are there. A pool without a device cannot serve guests (VNC004). A missing forward device only
 * keeps packets from leaving, and a missing bridge of the host guests from being plugged; both may come later, so these are warnings. A
 * physical function needs virtual ones (VNC010).
 */
export function checkDevices(network: Network, facts: HostFacts, report: Report): void {
  const plug = plugTypeOf(network);
  if (plug === 'network') checkForwardDevice(network, facts, report);
  if (plug === 'bridge') checkHostBridge(network, facts, report);
  if (plug === 'direct' || plug === 'hostdev-pci') checkPool(network, facts, report);
}

function checkForwardDevice(network: Network, facts: HostFacts, report: Report): void {
  const dev = network.forward.interfaces[0]?.dev;
  if (dev === undefined || dev === '') return;
  const problem = deviceNameProblem(dev);
  if (problem !== undefined) {
    report.error({
      code: 'VNC007',
      message: `forward device '${dev}' ${problem}`,
      path: '/network/forward/@dev',
      found: dev,
      hint: 'check the name with `ip link`',
    });
    return;
  }
  if (facts.links.has(dev)) return;
  report.warn({
    code: 'VNC004',
    message: `forward device '${dev}' does not exist yet; until it does, guests reach nothing outside`,
    path: '/network/forward/@dev',
    found: dev,
    hint: 'check the name with `ip link`',
  });
}

/** libvirt starts such a network in silence. A limit on a bridge that is not there is refused by `compileNetwork`. */
function checkHostBridge({ bridge, name, bandwidth }: Network, facts: HostFacts, report: Report): void {
  const dev = bridge?.name;
  if (dev === undefined || bandwidth !== undefined || facts.links.has(dev)) return;
  report.warn({
    code: 'VNC004',
    message: `bridge '${dev}' of network '${name}' does not exist yet; until it does, no guest can be plugged`,
    path: '/network/bridge/@name',
    found: dev,
    hint: `make it: ip link add ${dev} type bridge`,
  });
}

function checkPool(network: Network, facts: HostFacts, report: Report): void {
  const { pf, interfaces, addresses } = network.forward;
  if (pf) checkPhysicalFunction(pf.dev, facts, report);
  for (const [i, { dev }] of interfaces.entries()) {
    if (facts.links.has(dev)) continue;
    report.error({
      code: 'VNC004',
      message: `device '${dev}' of the pool does not exist`,
      path: `/network/forward/interface[${String(i + 1)}]/@dev`,
      found: dev,
      hint: 'check the name with `ip link`',
    });
  }
  for (const [i, { address }] of addresses.entries()) {
    if (findVf(facts, address)) continue;
    const name = formatPciAddress(address);
    report.error({
      code: 'VNC004',
      message: `PCI device ${name} of the pool is no virtual function of this host`,
      path: `/network/forward/address[${String(i + 1)}]`,
      found: name,
      hint: 'look at the functions with `lspci`, and make them with sriov_numvfs',
      libvirt: libvirtSays(67, `device '/sys/bus/pci/devices/${name}' in network '${network.name}' is not an SR-IOV Virtual Function`),
    });
  }
}

function checkPhysicalFunction(dev: string, facts: HostFacts, report: Report): void {
  if (facts.vfs.some((vf) => vf.pf === dev)) return;
  const exists = facts.links.has(dev);
  report.error({
    code: exists ? 'VNC010' : 'VNC004',
    message: exists ? `physical function '${dev}' has no virtual functions` : `physical function '${dev}' does not exist`,
    path: '/network/forward/pf/@dev',
    found: dev,
    hint: exists ? `make some: echo 4 > /sys/class/net/${dev}/device/sriov_numvfs` : 'check the name with `ip link`',
    libvirt: libvirtSays(1, `No usable Vf's present on SRIOV PF ${dev}`),
  });
}
