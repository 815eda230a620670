import type { Network } from '../network/network.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import { servedDhcp } from './dhcp-pools.ts';
import { dnsmasqConf } from './dnsmasq-conf.ts';
import { dnsmasqFiles } from './dnsmasq-files.ts';
import { addnHostsText, dhcpHostsText } from './dnsmasq-hosts.ts';
import type { HostFacts, HostPaths } from './facts.ts';
import type { DnsmasqResource, Resource } from './host-state.ts';
import { libvirtHelperSays, type Report } from './report.ts';

/**
 * True when the network has a dnsmasq, as in libvirt: with an address, and something to serve (names, DHCP or TFTP). Without it there
 * is no router advertisement either.
 */
function needsDnsmasq(network: Network): boolean {
  if (network.ips.length === 0) return false;
  return network.dns?.enable !== false || servedDhcp(network).length > 0 || network.ips.some((ip) => Boolean(ip.tftpRoot));
}

/** Warns where the host keeps a dnsmasq from the files that it reads after it has given up its privileges (VNC014). */
export function checkReach(resources: readonly Resource[], closedFolder: string | undefined, report: Report): void {
  const loses = resources.some((r) => r.kind === 'dnsmasq' && (r.hosts !== '' || r.addnHosts !== '' || r.conf.includes('servers-file=')));
  if (closedFolder === undefined || !loses) return;
  report.warn({
    code: 'VNC014',
    message: `dnsmasq's user cannot enter '${closedFolder}', so fixed DHCP hosts, names and upstream servers are lost on it`,
    found: closedFolder,
    hint: `chmod o+x ${closedFolder} && virtnet repair`,
  });
}

/** Finds folders of TFTP that are not there (VNC014): dnsmasq does not start then. Told in dnsmasq's own words, which libvirt's clients look for. */
export function checkTftpRoots({ ips }: Network, folders: HostFacts['folders'], report: Report): void {
  for (const [i, { tftpRoot }] of ips.entries()) {
    if (!tftpRoot || folders?.has(tftpRoot) !== false) continue;
    const message = `dnsmasq does not start: TFTP directory ${tftpRoot} inaccessible: No such file or directory`;
    report.error({
      code: 'VNC014',
      message,
      path: `/network/ip[${String(i + 1)}]/tftp/@root`,
      found: tftpRoot,
      hint: `make the folder: mkdir -p ${tftpRoot}`,
      libvirt: libvirtHelperSays(1, message),
    });
  }
}

/** The dnsmasq of a managed network: its conf, dhcp-hostsfile and addn-hosts texts. Finds VNC005, VNC008 and VNC011. */
export function compileDnsmasq(network: CompleteNetwork, bridge: string, paths: HostPaths, report: Report): DnsmasqResource | undefined {
  if (!needsDnsmasq(network)) return undefined;
  const context = { bridge, files: dnsmasqFiles(paths, network.uuid), leaseScript: paths.leaseScript };
  return {
    kind: 'dnsmasq',
    owner: { network: network.uuid },
    bridge,
    conf: dnsmasqConf(network, context, report),
    hosts: dhcpHostsText(network, report),
    addnHosts: addnHostsText(network, report),
  };
}
