import { formatIp, parseIp, prefixToNetmask, reverseZones, type Family } from '../inet/index.ts';
import type { DnsForwarder, DnsSrv } from '../network/dns.ts';
import type { Domain } from '../network/domain.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { DnsmasqFiles } from './dnsmasq-files.ts';
import { leaseTime } from './dnsmasq-hosts.ts';
import { checkLabels, dnsmasqText, dnsmasqWord, Lines } from './dnsmasq-text.ts';
import { addressCount, servedDhcp } from './dhcp-pools.ts';
import { libvirtSays, type Report } from './report.ts';
import { isPrivate } from './private.ts';
import { addressedIps, hasFamily, type AddressedIp } from './subnets.ts';

/** What a conf is made from beside the network. */
export interface ConfContext {
  readonly bridge: string;
  readonly files: DnsmasqFiles;
  /** The dhcp-script. */
  readonly leaseScript: string;
}

/**
 * The text of a network's dnsmasq.conf: libvirt's options in libvirt's order, the document's own (`<dnsmasq:options>`) last.
 * Finds VNC008 and VNC011.
 *
 * libvirt differs: upstream servers come from a servers-file instead of a watched resolv.conf (each watch takes one of the user's 128
 * inotify instances); reverse names of a private subnet behind NAT stay here, where nobody upstream can know them; the lease limit is the
 * subnet's size, so that there is room for every fixed host, and one more host is no change of this file; and addresses are offered
 * without a ping first (docs/decisions/0013).
 */
export function dnsmasqConf(network: CompleteNetwork, context: ConfContext, report: Report): string {
  const lines = new Lines(report);
  lines.add(`# Written by virtnet for network ${network.uuid}; changes are overwritten.`);
  lines.add('strict-order');
  addResolution(network, context, lines, report);
  lines.add(`pid-file=${dnsmasqWord(context.files.pid)}`);
  lines.add('except-interface=lo');
  lines.add('bind-dynamic');
  lines.add(`interface=${dnsmasqWord(context.bridge)}`, '/network/bridge/@name');
  if (network.forward.mode === 'none') {
    lines.add('dhcp-option=3');
    lines.add('ra-param=*,0,0');
  }
  addRecords(network, lines, report);
  addTftp(network, lines);
  addDhcp(network, context, lines, report);
  if (network.dns?.enable !== false) lines.add(`addn-hosts=${dnsmasqWord(context.files.addnHosts)}`);
  if (network.mtu) lines.add(`dhcp-option=option:mtu,${String(network.mtu)}`);
  addRouterAdvertisement(network, lines);
  for (const [i, option] of network.dnsmasqOptions.entries())
    lines.add(option, `/network/dnsmasq:options/dnsmasq:option[${String(i + 1)}]/@value`);
  return lines.text();
}

/** Who answers what: upstream servers, forwarders, and the zones that are answered here alone. */
function addResolution(network: CompleteNetwork, { files }: ConfContext, lines: Lines, report: Report): void {
  const { dns, domain } = network;
  const forwarders = dns?.forwarders ?? [];
  if (dns?.enable === false) lines.add('port=0');
  for (const [i, forwarder] of forwarders.entries()) {
    const path = `/network/dns/forwarder[${String(i + 1)}]`;
    if (checkForwarded(forwarder.domain, `${path}/@domain`, report)) lines.add(`server=${forwarderValue(forwarder)}`, path);
  }
  // A forwarder for everything takes the place of the host's resolvers; an isolated network has no way to them.
  lines.add('no-resolv');
  if (network.forward.mode !== 'none' && !forwarders.some((f) => f.addr !== undefined && f.domain === undefined)) {
    lines.add(`servers-file=${dnsmasqWord(files.servers)}`);
  }
  if (domain && domain.name !== '' && checkDomain(domain, report)) {
    if (domain.localOnly) lines.add(`local=/${dnsmasqWord(domain.name)}/`);
    lines.add(`domain=${dnsmasqWord(domain.name)}`, '/network/domain/@name');
    lines.add('expand-hosts');
  }
  const plainNamesStayHere = dns?.forwardPlainNames === false;
  if (plainNamesStayHere) lines.add('domain-needed');
  for (const zone of zonesHere(network, report)) lines.add(`local=/${zone}/`);
  if (plainNamesStayHere) lines.add('local=//');
}

/** `ADDR`, `/DOMAIN/ADDR`, or `/DOMAIN/#` for the host's resolvers. */
function forwarderValue({ domain, addr }: DnsForwarder): string {
  return domain === undefined ? (addr ?? '#') : `/${domain}/${addr ?? '#'}`;
}

/** Names of letters of any alphabet; dnsmasq writes those that are not ASCII as DNS does, and takes no other characters beside them. */
const LETTERS = /^[A-Za-z0-9._\-\u{a1}-\u{10ffff}]*$/u;

/**
 * Finds a domain that dnsmasq takes for something else, or does not take (VNC008). virt-manager and Cockpit give a network its own name for a
 * domain, so it may hold whatever ASCII can print.
 */
function checkDomain({ name, localOnly }: Domain, report: Report): boolean {
  const path = '/network/domain/@name';
  const manyDomains = name === '#' || (localOnly === true && (name.startsWith('*') || name.includes('/')));
  const taken = !manyDomains && (LETTERS.test(name) || /^[ -~]*$/.test(name));
  return taken ? checkLabels(name, path, report) : reportDomain(name, path, report);
}

/** The domain of a forwarder stands between slashes as it is (VNC008); `*` and `#` are dnsmasq's own words for many domains. */
function checkForwarded(name: string | undefined, path: string, report: Report): boolean {
  if (name === undefined) return true;
  return LETTERS.test(name.replace(/[*#]/g, '')) ? checkLabels(name, path, report) : reportDomain(name, path, report);
}

function reportDomain(name: string, path: string, report: Report): false {
  report.error({
    code: 'VNC008',
    message: 'the domain name holds a character that dnsmasq does not take there',
    path,
    found: JSON.stringify(name).slice(1, -1),
    hint: 'use letters, digits, "-" and "."',
  });
  return false;
}

/** The widest private subnet that is taken for this network's own; a wider one (10.0.0.0/8) is likely shared with a site's real hosts. */
const SITE_PREFIX = { ipv4: 16, ipv6: 48 } as const;

/**
 * The reverse zones answered here: those of localPtr, and those of private subnets behind NAT but for what the document has a forwarder for.
 * Finds VNC011.
 */
function zonesHere(network: CompleteNetwork, report: Report): readonly string[] {
  const forwarded = (network.dns?.forwarders ?? []).flatMap(({ domain }) => (domain === undefined ? [] : [`.${domain.toLowerCase()}`]));
  const zones = addressedIps(network).flatMap((addressed): readonly string[] => {
    const { ip, subnet } = addressed;
    const step = subnet.family === 'ipv4' ? 8 : 4;
    if (ip.localPtr === true && subnet.prefix % step !== 0) {
      reportNoZone(addressed, step, report);
      return [];
    }
    if (ip.localPtr !== undefined) return ip.localPtr ? reverseZones(subnet) : [];
    const behindNat = network.forward.mode === 'nat' && (subnet.family === 'ipv4' || network.forward.nat?.ipv6 === true);
    if (!behindNat || !isPrivate(subnet) || subnet.prefix < SITE_PREFIX[subnet.family]) return [];
    return reverseZones(subnet).filter((zone) => !forwarded.some((domain) => `.${zone}`.endsWith(domain)));
  });
  return [...new Set(zones)];
}

function reportNoZone({ subnet, index }: AddressedIp, step: number, report: Report): void {
  const family = subnet.family === 'ipv4' ? 'IPv4' : 'IPv6';
  report.error({
    code: 'VNC011',
    message: `localPtr needs a prefix that is a multiple of ${String(step)}, and ${formatIp(subnet)} has ${String(subnet.prefix)}`,
    path: `/network/ip[${String(index)}]/@localPtr`,
    found: String(subnet.prefix),
    hint: 'widen the subnet, or leave localPtr out',
    libvirt: libvirtSays(67, `PTR domain for ${family} network with prefix ${String(subnet.prefix)} cannot be automatically created`),
  });
}

function addRecords(network: CompleteNetwork, lines: Lines, report: Report): void {
  for (const [i, txt] of (network.dns?.txts ?? []).entries()) {
    const path = `/network/dns/txt[${String(i + 1)}]/@name`;
    if (/[^\x00-\x7f]/.test(txt.name)) {
      report.error({
        code: 'VNC008',
        message: 'dnsmasq gives no TXT record a name of other letters than those of ASCII',
        path,
        found: txt.name,
        hint: "write it as DNS does, such as 'xn--tda' for 'ü'",
      });
    }
    if (!checkLabels(txt.name, path, report)) continue;
    lines.add(`txt-record=${dnsmasqWord(txt.name)},${dnsmasqText(txt.value)}`, `/network/dns/txt[${String(i + 1)}]`);
  }
  for (const [i, srv] of (network.dns?.srvs ?? []).entries()) {
    const path = `/network/dns/srv[${String(i + 1)}]`;
    const names = { service: `_${srv.service}`, protocol: `_${srv.protocol}`, domain: srv.domain ?? '', target: srv.target ?? '' };
    if (!Object.entries(names).every(([attribute, name]) => checkLabels(name, `${path}/@${attribute}`, report))) continue;
    lines.add(`srv-host=${srvValue(srv)}`, `/network/dns/srv[${String(i + 1)}]`);
  }
}

/** `_SERVICE._PROTOCOL[.DOMAIN][,TARGET[,PORT[,PRIORITY[,WEIGHT]]]]`; the target `.` means "no such service" and stands alone. */
function srvValue(srv: DnsSrv): string {
  const name = dnsmasqWord(`_${srv.service}._${srv.protocol}${srv.domain === undefined ? '' : `.${srv.domain}`}`);
  if (srv.target === undefined || srv.target === '.' || srv.target === '') return name;
  const weight = srv.weight || undefined;
  const priority = srv.priority || (weight === undefined ? undefined : 0);
  const port = srv.port ?? (priority === undefined ? undefined : 1);
  return [name, dnsmasqWord(srv.target), port, priority, weight].filter((field) => field !== undefined).join(',');
}

function addTftp(network: CompleteNetwork, lines: Lines): void {
  for (const [i, ip] of network.ips.entries()) {
    if (!ip.tftpRoot) continue;
    lines.add('enable-tftp');
    lines.add(`tftp-root=${dnsmasqWord(ip.tftpRoot)}`, `/network/ip[${String(i + 1)}]/tftp/@root`);
  }
}

/** Ranges, fixed hosts, boot file and where leases are kept, for at most one subnet of each family (the format allows no more). */
function addDhcp(network: CompleteNetwork, { files, leaseScript }: ConfContext, lines: Lines, report: Report): void {
  const pools = servedDhcp(network);
  for (const pool of pools) {
    const { subnet, index } = pool.addressed;
    const path = `/network/ip[${String(index)}]/dhcp`;
    const length = subnet.family === 'ipv4' ? prefixToNetmask(subnet.prefix) : String(subnet.prefix);
    for (const [i, range] of pool.dhcp.ranges.entries()) {
      const lease = range.lease ? `,${leaseTime(range.lease)}` : '';
      lines.add(`dhcp-range=${range.start},${range.end},${length}${lease}`, `${path}/range[${String(i + 1)}]`);
    }
    if (pool.dhcp.ranges.length === 0) {
      lines.add(`dhcp-range=${formatIp(subnet)},static${subnet.family === 'ipv6' ? `,${length}` : ''}`, path);
    }
    if (subnet.family === 'ipv4') {
      lines.add('dhcp-no-override');
      lines.add('dhcp-authoritative');
      lines.add('no-ping');
      const { bootp } = pool.dhcp;
      if (bootp) lines.add(`dhcp-boot=${dnsmasqWord(bootp.file)}${bootp.server ? `,,${bootp.server}` : ''}`, `${path}/bootp`);
    } else if (subnet.prefix < 64) {
      report.error({
        code: 'VNC005',
        message: `dnsmasq serves DHCPv6 only on prefixes of 64 and longer, and ${formatIp(subnet)} has ${String(subnet.prefix)}`,
        path,
        found: String(subnet.prefix),
        hint: 'use prefix 64',
        libvirt: libvirtSays(1, 'dnsmasq: prefix length must be at least 64'),
      });
    }
  }
  if (pools.length === 0) return;
  lines.add(`dhcp-lease-max=${String(addressCount(pools))}`);
  lines.add(`dhcp-hostsfile=${dnsmasqWord(files.hosts)}`);
  lines.add('leasefile-ro');
  lines.add(`dhcp-script=${leaseScript}`);
}

/** Routers announce the prefix: by DHCPv6's own ranges where there are some, else by a range for announcements alone. */
function addRouterAdvertisement(network: CompleteNetwork, lines: Lines): void {
  if (!hasFamily(network, 'ipv6')) return;
  if (servedDhcp(network).some(({ addressed }) => addressed.subnet.family === 'ipv6')) {
    lines.add('enable-ra');
    return;
  }
  for (const address of ipv6Addresses(network)) lines.add(`dhcp-range=${address},ra-only`);
}

function ipv6Addresses(network: CompleteNetwork): readonly string[] {
  const family: Family = 'ipv6';
  return network.ips.flatMap((ip) => {
    const address = parseIp(ip.address);
    return address?.family === family ? [formatIp(address)] : [];
  });
}
