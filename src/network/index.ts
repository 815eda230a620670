export * from './bandwidth.ts';
export * from './bridge.ts';
export * from './check.ts';
export * from './complete.ts';
export * from './context.ts';
export * from './dhcp-host.ts';
export * from './dhcp-lease.ts';
export * from './dhcp-range.ts';
export { readDhcp, writeDhcp, type Bootp, type Dhcp } from './dhcp.ts';
export * from './dns-host.ts';
export * from './dns-srv.ts';
export * from './dns-txt.ts';
export { readDns, readForwarder, writeDns, type Dns, type DnsForwarder } from './dns.ts';
export * from './dnsmasq-options.ts';
export * from './domain.ts';
export {
  ISOLATED,
  readForward,
  writeForward,
  type Forward,
  type ForwardAddress,
  type ForwardInterface,
  type ForwardMode,
} from './forward.ts';
export { prefixOf, readIp, subnetOf, writeIp, type Ip } from './ip.ts';
export * from './libvirt-error.ts';
export { readMetadata, writeMetadata, type Metadata, type MetadataElement, type NamespaceDeclaration } from './metadata.ts';
export * from './nat.ts';
export * from './network.ts';
export * from './pci-address.ts';
export * from './portgroup.ts';
export * from './read.ts';
export { readRoute, routePrefix, writeRoute, type Route } from './route.ts';
export * from './values.ts';
export * from './virtualport.ts';
export * from './vlan.ts';
export * from './write-network.ts';
export * from './deviations.ts';
export * from './update.ts';
export * from './view.ts';
export * from './build.ts';
