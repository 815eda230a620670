export * from '../compile/host-state.ts';
export type * from '../compile/facts.ts';
export type * from './plan.ts';
export * from './diff.ts';
export * from './compare.ts';
export * from './disturbance.ts';
