import { formatIp } from '../inet/index.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { FirewalldFact, HostFacts } from './facts.ts';
import type { Resource } from './host-state.ts';
import { libvirtSays, type Report } from './report.ts';
import { addressedIps } from './subnets.ts';

/**
 * What other services of the host are told of a bridge: its firewalld zone, its domain for systemd-resolved. Where the service is
 * absent a part that the document asks for is skipped with VNC006. libvirt differs: it refuses the start.
 */
export function compileHelpers(network: CompleteNetwork, bridge: string, facts: HostFacts, report: Report): readonly Resource[] {
  return [...zone(network, bridge, facts, report), ...registration(network, bridge, facts, report)];
}

function zone(network: CompleteNetwork, bridge: string, facts: HostFacts, report: Report): readonly Resource[] {
  const { firewalld } = facts.capabilities;
  const name = network.bridge?.zone ?? '';
  const zone = firewalld === undefined || name !== '' ? name : defaultZone(network, firewalld);
  if (zone === '') return [];
  if (firewalld !== undefined) return [{ kind: 'zone', owner: { network: network.uuid }, dev: bridge, zone }];
  report.warn({
    code: 'VNC006',
    message: `firewalld does not run here, so zone '${name}' has no effect`,
    path: '/network/bridge/@zone',
    hint: 'start firewalld, or leave zone out',
    libvirt: libvirtSays(1, `zone ${name} requested for network ${network.name} but firewalld is not active`),
  });
  return [];
}

/**
 * Where a bridge goes whose document names no zone, as libvirt 11.3 does it: into libvirt's own zones, which its packages bring. firewalld's default
 * zone would refuse DHCP. An open network is left to the host's own rules. Without those zones libvirt refuses the start (where firewalld writes
 * nftables); here the bridge stays where firewalld puts it, and VNC013 tells what is dropped.
 * @returns '' for none.
 */
function defaultZone({ forward: { mode } }: CompleteNetwork, { zones, policies }: FirewalldFact): string {
  if (mode === 'open') return '';
  if (mode === 'route' && zones.includes('libvirt-routed') && policies.includes('libvirt-routed-out')) return 'libvirt-routed';
  return zones.includes('libvirt') ? 'libvirt' : '';
}

function registration(network: CompleteNetwork, bridge: string, facts: HostFacts, report: Report): readonly Resource[] {
  const { domain } = network;
  if (!domain?.register || domain.name === '') return [];
  const server = addressedIps(network)[0];
  if (facts.capabilities.resolved && server) {
    return [{ kind: 'resolved', owner: { network: network.uuid }, dev: bridge, domain: domain.name, server: formatIp(server.subnet) }];
  }
  report.warn({
    code: 'VNC006',
    message: server
      ? `systemd-resolved does not run here, so the host does not resolve names of '${domain.name}'`
      : `the bridge has no address, so nobody can ask it for names of '${domain.name}'`,
    path: '/network/domain/@register',
    hint: server ? 'start systemd-resolved, or leave register out' : 'give the network an <ip>',
    libvirt: libvirtSays(55, 'failed to register name server: systemd-resolved is not available'),
  });
  return [];
}
