export * from './diagnostic.ts';
export * from './errors.ts';
export * from './codes.ts';
export * from './nearest.ts';
export * from './source.ts';
