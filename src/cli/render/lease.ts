import type { PortRecord } from '../../compile/port.ts';
import type { Lease, NetworkInfo } from '../../driver/driver.ts';
import { formatIp, parseIp } from '../../inet/ip.ts';

/** A lease with what the document and the ports say of it. */
export interface LeaseView extends Lease {
  readonly network: string;
  /** `kept`: the network does not run; the lease holds, and its server will know it again. */
  readonly state: 'active' | 'kept';
  /** `fixed`: the address is reserved by a `<host>` of the document. `range`: it comes out of a range. */
  readonly origin: 'fixed' | 'range';
  /** The guest that is plugged in with this MAC. */
  readonly guest?: string;
}

/** An address in its one written form. */
function written(address: string): string {
  const ip = parseIp(address);
  return ip === undefined ? address : formatIp(ip);
}

export function leaseView(
  info: Pick<NetworkInfo, 'name' | 'active' | 'network'>,
  ports: readonly { readonly port: Pick<PortRecord['port'], 'mac' | 'owner'> }[],
  lease: Lease,
): LeaseView {
  const reserved = info.network.ips.flatMap((ip) => ip.dhcp?.hosts ?? []);
  const guest = ports.find(({ port }) => port.mac === lease.mac?.toLowerCase())?.port.owner.name;
  return {
    network: info.name,
    ...lease,
    state: info.active ? 'active' : 'kept',
    origin: reserved.some(({ ip }) => written(ip) === written(lease.ip)) ? 'fixed' : 'range',
    ...(guest === undefined ? {} : { guest }),
  };
}
