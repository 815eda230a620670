export * from './host-state.ts';
export type * from './facts.ts';
