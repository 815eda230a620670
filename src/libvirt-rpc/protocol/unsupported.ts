import { Domain } from './error-numbers.ts';

/**
 * Procedures of other families that general clients try on any connection. A network daemon has no such function and says so with the
 * C function's name; all other numbers are unknown procedures, which clients take the same way.
 */
const functions: readonly (readonly [domain: number, names: Readonly<Record<number, string>>])[] = [
  [
    Domain.domain,
    {
      4: 'virConnectGetVersion',
      5: 'virConnectGetMaxVcpus',
      6: 'virNodeGetInfo',
      7: 'virConnectGetCapabilities',
      25: 'virConnectNumOfDefinedDomains',
      51: 'virConnectNumOfDomains',
      59: 'virConnectGetHostname',
      101: 'virNodeGetCellsFreeMemory',
      102: 'virNodeGetFreeMemory',
      122: 'virNodeGetSecurityModel',
      203: 'virConnectGetSysinfo',
      228: 'virNodeGetMemoryStats',
      273: 'virConnectListAllDomains',
      293: 'virNodeGetCPUMap',
      312: 'virConnectGetCPUModelNames',
      342: 'virConnectGetDomainCapabilities',
    },
  ],
  [Domain.storage, { 71: 'virConnectNumOfStoragePools', 281: 'virConnectListAllStoragePools' }],
  [Domain.nodeDevice, { 285: 'virConnectListAllNodeDevices' }],
  [Domain.interface, { 126: 'virConnectNumOfInterfaces', 284: 'virConnectListAllInterfaces' }],
  [Domain.secret, { 287: 'virConnectListAllSecrets' }],
  [Domain.nwfilter, { 286: 'virConnectListAllNWFilters', 401: 'virConnectListAllNWFilterBindings' }],
];

/** What the error reply of such a procedure names. */
export interface UnsupportedProcedure {
  readonly cFunction: string;
  readonly domain: number;
}

export const unsupportedProcedures: ReadonlyMap<number, UnsupportedProcedure> = new Map(
  functions.flatMap(([domain, names]) =>
    Object.entries(names).map(([number, cFunction]) => [Number(number), { cFunction, domain }] as const),
  ),
);
