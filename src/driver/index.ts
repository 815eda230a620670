export type * from './driver.ts';
export * from './open.ts';
