import type { Lease } from '../../driver/driver.ts';
import type { Network } from '../../network/network.ts';

/** A record that the network's DNS server answers from what it knows; a reserved one as soon as its guest has the address. */
export interface DnsRecord {
  /** As it is asked for; with the network's domain where there is one (the plain name is answered too). */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'SRV' | 'TXT';
  readonly value: string;
  /**
   * What says so: `<dns>`, a guest's lease, or a reserved address of `<dhcp>` that nobody has a lease of. dnsmasq answers the name of that one
   * once its guest has asked for the address.
   */
  readonly from: 'document' | 'reserved' | 'lease';
}

/** All records of a network. `now` is in seconds since the epoch. */
export function recordsOf(network: Network, leases: readonly Lease[], now: number): readonly DnsRecord[] {
  const { dns, domain } = network;
  if (dns?.enable === false) return [];
  const held = leases.filter((lease) => lease.expiry === 0 || lease.expiry > now);
  const leased = new Set(held.map((lease) => lease.ip));
  const full = (name: string): string => (domain === undefined || name.includes('.') ? name : `${name}.${domain.name}`);
  const address = (name: string, ip: string, from: DnsRecord['from']): DnsRecord => ({
    name: full(name),
    type: ip.includes(':') ? 'AAAA' : 'A',
    value: ip,
    from,
  });
  return [
    ...(dns?.hosts ?? []).flatMap((host) => host.hostnames.map((name) => address(name, host.ip, 'document'))),
    ...(dns?.srvs ?? []).map((srv): DnsRecord => {
      const at = srv.domain ?? domain?.name;
      return {
        name: `_${srv.service}._${srv.protocol}${at === undefined ? '' : `.${at}`}`,
        type: 'SRV',
        value: [srv.priority ?? 0, srv.weight ?? 0, srv.port ?? 1, srv.target ?? '.'].map(String).join(' '),
        from: 'document',
      };
    }),
    ...(dns?.txts ?? []).map((txt): DnsRecord => ({ name: txt.name, type: 'TXT', value: txt.value, from: 'document' })),
    ...network.ips.flatMap((ip) =>
      (ip.dhcp?.hosts ?? []).flatMap((host) =>
        host.name === undefined || leased.has(host.ip) ? [] : [address(host.name, host.ip, 'reserved')],
      ),
    ),
    ...held.flatMap((lease) => (lease.hostname === undefined ? [] : [address(lease.hostname, lease.ip, 'lease')])),
  ];
}
