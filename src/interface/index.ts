export type * from './plug.ts';
export type * from './port.ts';
export type * from './interface.ts';
export type * from './effective.ts';
