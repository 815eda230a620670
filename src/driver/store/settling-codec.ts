import type { Family } from '../../inet/index.ts';
import type { DhcpHost } from '../../network/dhcp.ts';
import type { Ip } from '../../network/ip.ts';
import type { Network } from '../../network/network.ts';
import { isPlain } from '../../network/plain.ts';
import type { DocumentCodec } from './load-file.ts';

/** A codec that knows of some networks what their files will say. */
export interface SettlingCodec extends DocumentCodec {
  /**
   * The network as its file will say it: libvirt's form does not keep everything. The network itself where that cannot be told cheaply. One of
   * everyday parts that was `read` from a document, and only completed since, is what its file will say.
   */
  readonly settle: (network: Network, options?: { readonly read: boolean }) => Network;
  readonly says: (text: string, network: Network) => boolean;
}

/**
 * The same codec, which writes no network twice and reads back nothing that it has read before: a fixed host more beside 10,000 is one
 * element to read. Networks and their parts are values and never change, so what was found of one holds for as long as it lives.
 *
 * A network is settled when it is just what reading its text gives. Hosts of a `<dhcp>` are written and read one by one, with no regard for
 * one another, so a network is settled by an outline of it, without the hosts that came out of a settled one.
 */
export function settlingCodec(codec: DocumentCodec): SettlingCodec {
  const texts = new WeakMap<Network, string>();
  const settled = new WeakSet<Network>();
  /** Hosts that reading what is written of them gives again. */
  const known: Readonly<Record<Family, WeakSet<DhcpHost>>> = { ipv4: new WeakSet(), ipv6: new WeakSet() };

  const write = (network: Network): string => {
    const text = texts.get(network) ?? codec.write(network);
    texts.set(network, text);
    return text;
  };

  const note = (network: Network): Network => {
    for (const ip of network.ips) for (const host of ip.dhcp?.hosts ?? []) known[familyOf(ip)].add(host);
    settled.add(network);
    return network;
  };

  const settle: SettlingCodec['settle'] = (network, options) => {
    if (settled.has(network)) return network;
    if (options?.read === true && isPlain(network)) return note(network);
    // One host at the least stays, for a <dhcp> without any may not be written at all.
    const isRead = (host: DhcpHost, at: number, ip: Ip): boolean => at === 0 || !known[familyOf(ip)].has(host);
    const outline = withHosts(network, (ip, hosts) => hosts.filter((host, at) => isRead(host, at, ip)));
    const text = codec.write(outline);
    const { ok, ...result } = codec.read(text, '');
    const read = ok && 'value' in result ? result.value : undefined;
    if (read === undefined || codec.write(read) !== text) return network;
    const whole = withHosts(read, (_, hosts, index) => {
      const fresh = hosts[Symbol.iterator]();
      const ip = network.ips[index];
      return (ip?.dhcp?.hosts ?? []).flatMap((host, at) => (ip && isRead(host, at, ip) ? (fresh.next().value ?? []) : host));
    });
    return note(whole);
  };

  return {
    write,
    read: codec.read,
    settle,
    says: (text, network) => settled.has(network) && write(network) === text,
  };
}

function familyOf({ address }: Ip): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The network with the fixed hosts of each of its subnets replaced. */
function withHosts(network: Network, hostsOf: (ip: Ip, hosts: readonly DhcpHost[], index: number) => readonly DhcpHost[]): Network {
  const ips = network.ips.map((ip, index) => (ip.dhcp ? { ...ip, dhcp: { ...ip.dhcp, hosts: hostsOf(ip, ip.dhcp.hosts, index) } } : ip));
  return { ...network, ips };
}
