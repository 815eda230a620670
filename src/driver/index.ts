export type * from './driver.ts';
export { connect } from './connect.ts';
export * from './open.ts';
