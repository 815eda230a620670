import { contains, formatSubnet, lastAddress, network as networkOf } from '../inet/subnet.ts';
import { warnAt, warnOfTwin, warnOfOverlaps } from './lint-warn.ts';
import type { ReadContext } from './context.ts';
import type { Dhcp } from './dhcp.ts';
import type { DhcpHost } from './dhcp-host.ts';
import { subnetOf, type Ip } from './ip.ts';
import type { Network } from './network.ts';
import { ipValue, parseLibvirtMac } from './values.ts';

/** Ranges that overlap, fixed hosts outside the subnet, on the bridge's own address or twice given. Linear in the number of hosts. */
export function lintDhcp(context: ReadContext, network: Network): void {
  for (const ip of network.ips) {
    if (!ip.dhcp) continue;
    lintRanges(context, ip.dhcp);
    lintHosts(context, ip, ip.dhcp.hosts);
  }
}

function lintRanges(context: ReadContext, { ranges }: Dhcp): void {
  warnOfOverlaps(
    context,
    ranges.map((range) => ({ part: range, start: ipValue(range.start).value, end: ipValue(range.end).value })),
    (other, range) => ({
      code: 'VNM069',
      message: `the ranges from ${other.start} and from ${range.start} overlap`,
      found: `${range.start} - ${range.end}`,
      hint: 'join them into one range',
    }),
  );
}

function lintHosts(context: ReadContext, ip: Ip, hosts: readonly DhcpHost[]): void {
  if (hosts.length === 0) return;
  const subnet = subnetOf(ip);
  const family = familyOf(ip.address);
  const byIp = new Map<string, DhcpHost>();
  const byMac = new Map<string, DhcpHost>();
  const byName = new Map<string, DhcpHost>();
  const inside = subnet && insideTest(subnet);
  for (const host of hosts) {
    if (familyOf(host.ip) !== family) outside(context, host, `${host.ip} is no ${family} address`, 'move it to the <ip> of its family');
    else if (inside && subnet && !inside(host.ip)) {
      outside(
        context,
        host,
        `${host.ip} is not in ${formatSubnet(networkOf(subnet))}, so it is never given out`,
        'use an address of the subnet',
      );
    } else if (host.ip === ip.address) outside(context, host, `${host.ip} is the address of the bridge itself`, 'use another address');
    twice(context, byIp, host.ip, host, 'ip');
    if (host.mac !== undefined) twice(context, byMac, parseLibvirtMac(host.mac) ?? host.mac, host, 'mac');
    if (host.name !== undefined) twice(context, byName, host.name.toLowerCase(), host, 'name');
  }
}

/** The family of an address that was read, as people write it. */
function familyOf(address: string): string {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Asks quickly whether an address is in the subnet: dotted quads by number, others through the general code. */
function insideTest(subnet: NonNullable<ReturnType<typeof subnetOf>>): (address: string) => boolean {
  const low = networkOf(subnet);
  if (subnet.family === 'ipv6') return (address) => contains(low, ipValue(address));
  const from = Number(low.value);
  const to = Number(lastAddress(subnet).value);
  return (address) => {
    let value = 0;
    let part = 0;
    for (let i = 0; i < address.length; i++) {
      const c = address.charCodeAt(i);
      if (c === 46) {
        value = value * 256 + part;
        part = 0;
      } else part = part * 10 + c - 48;
    }
    value = value * 256 + part;
    return value >= from && value <= to;
  };
}

function outside(context: ReadContext, host: DhcpHost, message: string, hint: string): void {
  warnAt(context, host, { code: 'VNM070', message, attribute: 'ip', found: host.ip, hint });
}

function twice(context: ReadContext, seen: Map<string, DhcpHost>, key: string, host: DhcpHost, attribute: 'ip' | 'mac' | 'name'): void {
  warnOfTwin(context, seen, key, host, () => ({
    code: 'VNM071',
    message: `two hosts have the same ${attribute === 'mac' ? 'MAC address' : attribute}`,
    attribute,
    found: host[attribute],
    hint: attribute === 'name' ? 'rename one of the two' : 'dnsmasq takes one host for each: change one of the two',
  }));
}
