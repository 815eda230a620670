import { parseIp } from '../inet/index.ts';
import type { DhcpHost, DhcpLease } from '../network/dhcp.ts';
import type { Network } from '../network/network.ts';
import { checkHostName, Lines } from './dnsmasq-text.ts';
import type { Report } from './report.ts';

/** The lease time as dnsmasq writes it: `90s`, `5m`, `2h`, or `infinite` for 0. */
export function leaseTime(lease: DhcpLease): string {
  return lease.expiry === 0 ? 'infinite' : `${String(lease.expiry)}${lease.unit.charAt(0)}`;
}

/**
 * The text of dhcp-hostsfile, a line for each fixed host: `MAC,id:ID,ADDRESS,NAME,LEASE` for IPv4, `id:ID,NAME,[ADDRESS],LEASE` for IPv6,
 * with what is absent left out. dnsmasq knows a host by any of MAC and id; by its name only where it has neither.
 *
 * libvirt differs: it leaves the id of an IPv4 host out.
 */
export function dhcpHostsText(network: Network, report: Report): string {
  const lines = new Lines(report);
  for (const [i, ip] of network.ips.entries()) {
    const family = parseIp(ip.address)?.family ?? 'ipv4';
    for (const [j, host] of (ip.dhcp?.hosts ?? []).entries()) {
      const known = goodLines[family].get(host);
      if (known !== undefined) {
        lines.addGood(known);
        continue;
      }
      const path = `/network/ip[${String(i + 1)}]/dhcp/host[${String(j + 1)}]`;
      const name = host.name;
      if (name !== undefined && !checkHostName(name, `${path}/@name`, report, 'dhcp')) continue;
      const line = dhcpHostLine(host, family);
      if (lines.add(line, path)) goodLines[family].set(host, line);
    }
  }
  return lines.text();
}

/** Lines of hosts that were found good: a network of 10,000 to which one is added needs one new line. */
const goodLines: Readonly<Record<'ipv4' | 'ipv6', WeakMap<DhcpHost, string>>> = { ipv4: new WeakMap(), ipv6: new WeakMap() };

function dhcpHostLine(host: DhcpHost, family: 'ipv4' | 'ipv6'): string {
  const address = parseIp(host.ip)?.family === 'ipv6' ? `[${host.ip}]` : host.ip;
  const lease = host.lease && leaseTime(host.lease);
  const id = host.id === undefined ? undefined : `id:${host.id}`;
  const isNameFirst = family === 'ipv6' || (host.mac === undefined && id === undefined);
  const fields = isNameFirst ? [id, host.name, address, lease] : [host.mac, id, address, host.name, lease];
  return fields.filter((field) => field !== undefined && field !== '').join(',');
}

/** The text of addn-hosts: for each `<dns><host>` its address and names, with tabs between. */
export function addnHostsText(network: Network, report: Report): string {
  const lines = new Lines(report);
  for (const [i, host] of (network.dns?.hosts ?? []).entries()) {
    const path = `/network/dns/host[${String(i + 1)}]`;
    const good = host.hostnames.filter((name, j) => checkHostName(name, `${path}/hostname[${String(j + 1)}]`, report, 'addn'));
    if (good.length > 0) lines.add([host.ip, ...good].join(TAB), path);
  }
  return lines.text();
}

const TAB = '\t';
