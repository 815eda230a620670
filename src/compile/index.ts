/** What programs that use the library need to know what networks mean on a host. */
export * from './host-state.ts';
export type * from './facts.ts';
export type { Attachment, InheritedSetting, PortRecord } from './port.ts';
export { compileGuests, compileNetwork, compileShared, type CompileGuestsInput, type CompileInput } from './compile.ts';
export { findConflicts } from './conflicts.ts';
export { allocate, type AllocateInput } from './pools.ts';
export { dnsmasqFiles, type DnsmasqFiles } from './dnsmasq-files.ts';
export { firewallBase, type FirewallBase } from './firewall-base.ts';
