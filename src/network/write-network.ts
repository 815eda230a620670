import { XmlWriter } from '../xml/write.ts';
import { isEmptyBandwidth, writeBandwidth } from './bandwidth.ts';
import { writeBridge } from './bridge.ts';
import { writeDns } from './dns.ts';
import { DNSMASQ_NAMESPACE, writeDnsmasqOptions } from './dnsmasq-options.ts';
import { writeDomain } from './domain.ts';
import { writeForward } from './forward.ts';
import { writeIp } from './ip.ts';
import { writeMetadata } from './metadata.ts';
import { isManaged, type Network } from './network.ts';
import { writePortGroup } from './portgroup.ts';
import { writeRoute } from './route.ts';
import { writeVirtualPort } from './virtualport.ts';
import { writeVlan } from './vlan.ts';

/** Which of libvirt's two forms is written. */
export interface WriteNetworkOptions {
  /** The form of a running network: with connections, and with the ports that NAT uses. */
  readonly live?: boolean;
  /** NAT's usual ports are shown where the document names none: a network gets them when it starts. Default: `live`. */
  readonly natPorts?: boolean;
}

/** Writes a network byte for byte as `virsh net-dumpxml` does. */
export function writeNetwork(network: Network, options: WriteNetworkOptions = {}): string {
  const live = options.live === true;
  const writer = new XmlWriter();
  const attributes = [
    ['xmlns:dnsmasq', network.dnsmasqOptions.length > 0 ? DNSMASQ_NAMESPACE : undefined],
    ['connections', live ? network.connections || undefined : undefined],
    ['ipv6', network.ipv6 === true ? 'yes' : undefined],
    ['trustGuestRxFilters', network.trustGuestRxFilters],
  ] as const;
  writer.element('network', attributes, () => {
    writeContent(writer, network, live, options.natPorts ?? live);
  });
  return writer.toString();
}

function writeContent(writer: XmlWriter, network: Network, live: boolean, natPorts: boolean): void {
  writer.text('name', network.name);
  if (network.uuid !== undefined) writer.text('uuid', network.uuid);
  if (network.title !== undefined) writer.text('title', network.title);
  if (network.description !== undefined) writer.text('description', network.description);
  if (network.metadata.length > 0 || (network.emptyMetadata === true && !live)) {
    writeMetadata(writer, { elements: network.metadata, declarations: network.metadataDeclarations ?? [] });
  }
  writeForward(writer, network.forward, { live, natPorts: natPorts && translates(network) });
  const managed = isManaged(network);
  if (network.bridge || managed) writeBridge(writer, network.bridge ?? { stp: true, delay: 0 }, managed);
  if (network.mtu) writer.empty('mtu', [['size', network.mtu]]);
  if (network.mac !== undefined) writer.empty('mac', [['address', network.mac]]);
  if (network.domain) writeDomain(writer, network.domain);
  if (network.dns) writeDns(writer, network.dns);
  if (network.vlan) writeVlan(writer, network.vlan);
  if (network.bandwidth && !(live && isEmptyBandwidth(network.bandwidth))) writeBandwidth(writer, network.bandwidth);
  if (network.portIsolated !== undefined) writer.empty('port', [['isolated', network.portIsolated]]);
  for (const ip of network.ips) writeIp(writer, ip);
  for (const route of network.routes) writeRoute(writer, route);
  if (network.virtualport) writeVirtualPort(writer, network.virtualport);
  for (const group of network.portgroups) writePortGroup(writer, group);
  writeDnsmasqOptions(writer, network.dnsmasqOptions);
}

/** True when the firewall translates addresses: NAT of an IPv4 subnet, or of an IPv6 one that asks for it. */
function translates({ forward, ips }: Network): boolean {
  return forward.mode === 'nat' && ips.some((ip) => !ip.address.includes(':') || forward.nat?.ipv6 === true);
}
