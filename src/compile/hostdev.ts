import type { EffectivePort } from '../interface/effective.ts';
import type { HostdevPlug } from '../interface/plug.ts';
import { compileAssociation } from './association.ts';
import type { PortFacts, VfFact } from './facts.ts';
import { formatPciAddress, type PciAddress } from '../network/pci-address.ts';
import type { Owner, Resource, VfResource } from './host-state.ts';
import type { PortRecord } from './port.ts';
import type { Report } from './report.ts';

interface HostdevContext {
  readonly record: PortRecord;
  readonly effective: EffectivePort;
  readonly owner: Required<Owner>;
  readonly facts: PortFacts;
  readonly report: Report;
}

/**
 * A virtual function handed over whole: MAC, tag and trust are set through its physical function, and when virtnet manages the device
 * it is bound to vfio-pci. A guest that somebody else starts (libvirt) has its function set up by that somebody. Finds VNC004.
 */
export function compileHostdev(context: HostdevContext, plug: HostdevPlug): readonly Resource[] {
  if (context.record.attachment.type === 'none') return [];
  const vf = findVf(context.facts, plug.address);
  if (!vf) {
    context.report.error({
      code: 'VNC004',
      message: `PCI device ${formatPciAddress(plug.address)} of guest '${context.record.port.owner.name}' is no virtual function of this host`,
      found: formatPciAddress(plug.address),
      hint: 'look at the functions with `lspci`, and make them with sriov_numvfs',
    });
    return [];
  }
  const driver: Resource = { kind: 'pci-driver', owner: context.owner, address: plug.address, driver: 'vfio-pci' };
  return [compileVf(context, vf), ...(plug.managed ? [driver] : []), ...compileAssociation(context, { device: vf.pf, vf })];
}

/** The virtual function's settings. A guest trusted with its receive filters may use other addresses than its own. */
export function compileVf({ record, effective, owner }: Pick<HostdevContext, 'record' | 'effective' | 'owner'>, vf: VfFact): VfResource {
  const tag = effective.vlan?.tags[0]?.id;
  return {
    kind: 'vf',
    owner,
    pf: vf.pf,
    index: vf.index,
    mac: record.port.mac,
    ...(tag !== undefined && { vlan: tag }),
    ...(effective.trustGuestRxFilters && { trust: true, spoofCheck: false }),
  };
}

/** The virtual function at a PCI address. */
export function findVf(facts: Pick<PortFacts, 'vfs'>, address: PciAddress): VfFact | undefined {
  const wanted = formatPciAddress(address);
  return facts.vfs.find((vf) => formatPciAddress(vf.address) === wanted);
}
