import type { Lease } from '../../driver/driver.ts';
import type { Network } from '../../network/network.ts';

/** A record that the network's DNS server answers from what it knows. */
export interface DnsRecord {
  /** As it is asked for; with the network's domain where there is one (the plain name is answered too). */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'SRV' | 'TXT';
  readonly value: string;
  /** What says so: `<dns>`, a reserved address of `<dhcp>`, or a guest's lease. */
  readonly from: 'document' | 'reserved' | 'lease';
}

/** All records of a network. `now` is in seconds since the epoch. */
export function recordsOf(network: Network, leases: readonly Lease[], now: number): readonly DnsRecord[] {
  const { dns, domain } = network;
  if (dns?.enable === false) return [];
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
      (ip.dhcp?.hosts ?? []).flatMap((host) => (host.name === undefined ? [] : [address(host.name, host.ip, 'reserved')])),
    ),
    ...leases.flatMap((lease) =>
      lease.hostname === undefined || (lease.expiry !== 0 && lease.expiry <= now) ? [] : [address(lease.hostname, lease.ip, 'lease')],
    ),
  ];
}
