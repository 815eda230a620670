import type { HostPaths } from './facts.ts';

/** Where the files of one network's dnsmasq are. The folder belongs to this network alone. */
export interface DnsmasqFiles {
  readonly folder: string;
  readonly conf: string;
  /** dhcp-hostsfile. */
  readonly hosts: string;
  /** addn-hosts. */
  readonly addnHosts: string;
  /** The upstream resolvers in `server=` form, taken from the host's resolv.conf; read again on SIGHUP. It must exist. */
  readonly servers: string;
  readonly pid: string;
  /** The append-only lease log that the dhcp-script writes. */
  readonly leases: string;
  /** dnsmasq's dump of its DHCP packets, in which a lease is before the client is answered. */
  readonly journal: string;
}

/** The files of a network's dnsmasq by the network's uuid, which is the only part of the document in a path. */
export function dnsmasqFiles(paths: Pick<HostPaths, 'runDir' | 'stateDir'>, uuid: string): DnsmasqFiles {
  const folder = `${paths.runDir}/dnsmasq/${uuid}`;
  return {
    folder,
    conf: `${folder}/conf`,
    hosts: `${folder}/hosts`,
    addnHosts: `${folder}/addnhosts`,
    servers: `${folder}/servers`,
    pid: `${folder}/pid`,
    leases: `${paths.stateDir}/leases/${uuid}.log`,
    journal: `${folder}/journal`,
  };
}
