export * from './ip.ts';
export * from './subnet.ts';
export * from './mac.ts';
