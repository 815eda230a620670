export * from './node.ts';
export * from './parse.ts';
export * from './write.ts';
export * from './layout.ts';
