export * from './layout.ts';
export * from './node.ts';
export * from './parse.ts';
export * from './serialize.ts';
export * from './write.ts';
