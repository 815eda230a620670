export * from './host-state.ts';
export * from './facts.ts';
