import type { Diagnostic, Result } from '../base/diagnostic.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { Network } from '../network/network.ts';
import { isManaged } from '../network/network.ts';
import { forwardsOf } from '../forwards/document.ts';
import { compileAddressing } from './addressing.ts';
import { compileChecksum } from './checksum.ts';
import { complete } from './complete.ts';
import { findConflicts } from './conflicts.ts';
import { checkBridgeName } from './device-name.ts';
import { checkReach, checkTftpRoots, compileDnsmasq } from './dnsmasq.ts';
import type { HostFacts, HostPaths, PortFacts } from './facts.ts';
import { compileFirewall, hasRules } from './firewall.ts';
import { foreignTaps } from './foreign-tap.ts';
import { compileHelpers } from './helpers.ts';
import { hostState, type Resource } from './host-state.ts';
import { compileBridge } from './links.ts';
import type { PortRecord } from './port.ts';
import { compilePort } from './ports.ts';
import { Report } from './report.ts';
import { checkLimits, compileNetworkShaping } from './shaping.ts';
import { forwardsFamily } from './subnets.ts';

/** What `compileNetwork` looks at. */
export interface CompileInput {
  /** Complete: uuid, and in managed modes bridge name and MAC are filled in. */
  readonly network: Network;
  /** The guests connected to it, each with its plug. */
  readonly ports: readonly PortRecord[];
  readonly facts: HostFacts;
  /** The other running networks, with which this one must not clash. */
  readonly others?: readonly Network[];
  /**
   * It runs already, by this document: a subnet that somebody has taken since, or a pool device that went away, is then a warning, for the
   * guests that are connected must not lose their network over it.
   */
  readonly running?: boolean;
  /** What is missing of its pool is a warning: libvirt looks at no device when a network is started or edited. */
  readonly mayMissDevices?: boolean;
}

/**
 * What a running network means on this host: the resources of its own (shared ones are `compileShared`'s). Pure. The diagnostics are
 * the reasons why this host cannot carry it out (`VNC0xx`, with libvirt's error where it refuses the start as well), or warnings.
 */
export function compileNetwork({ network: given, ports, facts, others = [], ...how }: CompileInput): Result<readonly Resource[]> {
  const network = complete(given);
  const report = new Report();
  const conflicts = findConflicts(network, facts, others);
  report.add(conflicts.map((finding) => (isBearable(finding, how) ? { ...finding, severity: 'warning' } : finding)));
  const own = isManaged(network) ? compileManaged(network, ports, facts, report) : compileHosted(network, ports, facts, report);
  const taps = foreignTaps(network.uuid, ports, facts.links);
  const guests = ports.flatMap((record) => compilePort(network, record, facts, report, taps.get(record.port.uuid)));
  // A document may hold the same route twice; a host has it once.
  return report.result([...hostState([...own, ...guests]).values()]);
}

/**
 * What single guests of a running network mean on this host, beside what the network and its other guests do: for a change that is about
 * them alone.
 */
export function compileGuests({ network: given, ports, facts }: CompileGuestsInput): Result<readonly Resource[]> {
  const network = complete(given);
  const report = new Report();
  return report.result([...hostState(ports.flatMap((record) => compilePort(network, record, facts, report))).values()]);
}

/** What `compileGuests` looks at. */
export interface CompileGuestsInput extends Pick<CompileInput, 'network' | 'ports'> {
  readonly facts: PortFacts;
}

/** A bridge name that is somebody else's stays an error: the bridge could not be mended. */
function isBearable({ code }: Diagnostic, { running, mayMissDevices }: Pick<CompileInput, 'running' | 'mayMissDevices'>): boolean {
  if (running === true) return code !== 'VNC003';
  return mayMissDevices === true && (code === 'VNC004' || code === 'VNC010');
}

/** A network on a bridge of its own. */
function compileManaged(network: CompleteNetwork, ports: readonly PortRecord[], facts: HostFacts, report: Report): readonly Resource[] {
  const bridge = network.bridge?.name;
  if (bridge === undefined) throw new TypeError(`network '${network.name}' has no bridge name yet`);
  const badName = checkBridgeName(bridge);
  if (badName) {
    report.error(badName);
    return [];
  }
  const link = compileBridge(network, bridge, facts, report);
  const own = compileDocument(network, bridge, facts.paths);
  report.add(own.diagnostics);
  checkReach(own.resources, facts.closedFolder, report);
  checkTftpRoots(network, facts.folders, report);
  const shaping = compileNetworkShaping(network, bridge, ports);
  checkLimits(network.bandwidth, '/network', report);
  const checksum = compileChecksum(network, bridge, facts.capabilities);
  return [...link, ...checksum, ...own.resources, ...(shaping ? [shaping] : []), ...compileHelpers(network, bridge, facts, report)];
}

/** What a document means by itself, whatever else the host and its guests are. */
interface OwnMeaning {
  readonly paths: HostPaths;
  readonly resources: readonly Resource[];
  readonly diagnostics: readonly Diagnostic[];
}

const meanings = new WeakMap<CompleteNetwork, OwnMeaning>();

/** Compiled once for each document: networks are values and never change. A thousand networks are looked at far more often than edited. */
function compileDocument(network: CompleteNetwork, bridge: string, paths: HostPaths): OwnMeaning {
  const known = meanings.get(network);
  if (known?.paths === paths) return known;
  const report = new Report();
  report.add(forwardsOf(network).diagnostics.filter(({ severity }) => severity === 'error'));
  const firewall = compileFirewall(network, bridge);
  const addressing = compileAddressing(network, bridge, report);
  const dnsmasq = compileDnsmasq(network, bridge, paths, report);
  const resources = [...addressing, ...(firewall ? [firewall] : []), ...(dnsmasq ? [dnsmasq] : [])];
  const meaning = { paths, resources, diagnostics: report.diagnostics };
  meanings.set(network, meaning);
  return meaning;
}

/** A network on a bridge or on devices of the host: none of them is touched but for a limit on the bridge. */
function compileHosted(network: CompleteNetwork, ports: readonly PortRecord[], facts: HostFacts, report: Report): readonly Resource[] {
  const bridge = network.bridge?.name;
  if (bridge === undefined) return [];
  const limits = [compileFirewall(network, bridge), compileNetworkShaping(network, bridge, ports)].filter((r) => r !== undefined);
  checkLimits(network.bandwidth, '/network', report);
  if (limits.length === 0 || facts.links.has(bridge)) return limits;
  report.error({
    code: 'VNC004',
    message: `bridge '${bridge}' of network '${network.name}' does not exist, so its bandwidth cannot be limited`,
    path: '/network/bridge/@name',
    found: bridge,
    hint: `make it first: ip link add ${bridge} type bridge`,
  });
  return [];
}

/**
 * What the running networks (all of them) need in common: the table of packet rules while any has rules, and forwarding for each
 * family that a nat, route or open network has addresses of. Shared sysctls stay when networks stop, as in libvirt.
 */
export function compileShared(networks: readonly Network[]): readonly Resource[] {
  const forwards = (family: 'ipv4' | 'ipv6'): boolean => networks.some((network) => forwardsFamily(network, family));
  return [
    ...(networks.some(hasRules) ? [{ kind: 'firewall-base' } as const] : []),
    ...(forwards('ipv4') ? [{ kind: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' } as const] : []),
    ...(forwards('ipv6') ? [{ kind: 'sysctl', path: 'net/ipv6/conf/all/forwarding', value: '1' } as const] : []),
  ];
}
