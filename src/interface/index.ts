export type * from './plug.ts';
export type * from './port.ts';
export type * from './interface.ts';
export type * from './effective.ts';
export * from './merge.ts';
export * from './merge-virtualport.ts';
export * from './floor.ts';
export * from './plug-type.ts';
export * from './choose-portgroup.ts';
