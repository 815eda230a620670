export * from './forward.ts';
export * from './document.ts';
export * from './edit.ts';
export * from './explain.ts';
