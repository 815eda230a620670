/** What programs that use the library need of a guest's side: its `<interface>`, its port, and the merge with portgroup and network. */
export { readInterface } from './read-interface.ts';
export { writeInterface } from './write-interface.ts';
export type { GuestInterface, InterfaceDriver } from './interface.ts';
export type { InterfaceSource } from './interface-source.ts';
export type { ReadDocumentOptions } from './document.ts';
export { readPort, writePort, type NetworkPort, type PortOwner } from './port.ts';
export type { BridgePlug, DirectMode, DirectPlug, HostdevDriver, HostdevPlug, Plug } from './plug.ts';
export { plugTypeOf } from './plug-type.ts';
export { mergePort, withUuid, type MergeInput, type MergeOptions } from './merge.ts';
export { choosePortGroup } from './choose-portgroup.ts';
export type * from './effective.ts';
