export * from './host-state.ts';
export * from './facts.ts';
export type * from './port.ts';
export * from './compile.ts';
export * from './conflicts.ts';
export * from './dnsmasq-files.ts';
export * from './firewall-base.ts';
export * from './device-name.ts';
