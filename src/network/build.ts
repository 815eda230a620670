import { VirtnetError } from '../base/errors.ts';
import { parseSubnet, lastAddress, network as networkOf } from '../inet/subnet.ts';
import { formatIp } from '../inet/ip.ts';
import type { DhcpRange } from './dhcp.ts';
import type { PciAddress } from './pci-address.ts';
import type { Ip } from './ip.ts';
import type { Network } from './network.ts';
import { readNetworkView, type NetworkView, type Relaxed } from './view.ts';
import type { Vlan } from './vlan.ts';

/**
 * A network from its JSON view, defaults filled in:
 *
 *     buildNetwork({ name: 'lab', forward: { mode: 'nat' }, ips: [subnet('10.0.0.1/24', { dhcp: { ranges: [wholeRange('10.0.0.1/24')] } })] })
 *
 * The types rule most mistakes out. @throws VirtnetError VNJ with all findings, for what they cannot.
 */
export function buildNetwork(view: NetworkView): Network {
  const result = readNetworkView(view);
  if (result.ok) return result.value;
  const [first] = result.diagnostics;
  throw new VirtnetError({
    code: first?.code ?? 'VNJ002',
    message: `not a network: ${first?.message ?? ''} (${first?.path ?? '/'})`,
    diagnostics: result.diagnostics,
  });
}

/** An `<ip>` from `ADDRESS/PREFIX`, with the family that the address has. @throws RangeError when the text is no address with a prefix. */
export function subnet(address: string, more: Relaxed<Omit<Ip, 'address' | 'prefix' | 'netmask' | 'family'>> = {}): Relaxed<Ip> {
  const value = parseSubnet(address);
  if (value === undefined || !address.includes('/')) throw new RangeError(`"${address}" is not ADDRESS/PREFIX`);
  return { ...(value.family === 'ipv6' ? { family: 'ipv6' as const } : {}), address: formatIp(value), prefix: value.prefix, ...more };
}

/** The DHCP range of every address of an IPv4 subnet but network, broadcast and the host's own, which must be the first address. */
export function wholeRange(address: string): DhcpRange {
  const value = parseSubnet(address);
  if (value?.family !== 'ipv4' || value.prefix > 29) throw new RangeError(`"${address}" is not an IPv4 subnet with room for a range`);
  const first = networkOf(value).value + 1n;
  if (value.value !== first)
    throw new RangeError(`the host's address ${address} must be the first of its subnet for a range of all others`);
  return {
    start: formatIp({ family: 'ipv4', value: first + 1n }),
    end: formatIp({ family: 'ipv4', value: lastAddress(value).value - 1n }),
  };
}

/** Access to one VLAN, 0-4095. */
export function vlan(id: number): Vlan {
  return { trunk: false, tags: [{ id }] };
}

/** A trunk of VLANs; the native one's frames travel without a tag. */
export function trunk(ids: readonly number[], native?: number): Vlan {
  return { trunk: true, tags: ids.map((id) => (id === native ? { id, nativeMode: 'untagged' } : { id })) };
}

/** A PCI address from the kernel's form `0000:04:00.1`. @throws RangeError when it is none. */
export function pci(text: string): PciAddress {
  const m = /^([0-9a-f]{4}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/i.exec(text);
  if (!m) throw new RangeError(`"${text}" is not a PCI address such as 0000:04:00.1`);
  const [domain = 0, bus = 0, slot = 0, fn = 0] = m.slice(1).map((part) => parseInt(part, 16));
  return { domain, bus, slot, function: fn };
}
