export * from '../compile/host-state.ts';
export * from '../compile/facts.ts';
export * from './plan.ts';
