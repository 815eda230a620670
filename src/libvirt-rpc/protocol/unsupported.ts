// A table: longer than a file of code should be.
import { Domain } from './error-numbers.ts';

/**
 * Procedures of other families that a client can call without holding one of their objects. A network daemon has no such function and says so with the
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
      10: 'virDomainCreateXML',
      11: 'virDomainDefineXML',
      21: 'virConnectListDefinedDomains',
      22: 'virDomainLookupByID',
      23: 'virDomainLookupByName',
      24: 'virDomainLookupByUUID',
      25: 'virConnectNumOfDefinedDomains',
      37: 'virConnectListDomains',
      51: 'virConnectNumOfDomains',
      54: 'virDomainRestore',
      59: 'virConnectGetHostname',
      101: 'virNodeGetCellsFreeMemory',
      102: 'virNodeGetFreeMemory',
      105: 'virConnectDomainEventRegister',
      106: 'virConnectDomainEventDeregister',
      122: 'virNodeGetSecurityModel',
      135: 'virConnectDomainXMLFromNative',
      136: 'virConnectDomainXMLToNative',
      158: 'virConnectCompareCPU',
      162: 'virConnectBaselineCPU',
      203: 'virConnectGetSysinfo',
      227: 'virNodeGetCPUStats',
      228: 'virNodeGetMemoryStats',
      250: 'virNodeSuspendForDuration',
      273: 'virConnectListAllDomains',
      288: 'virNodeSetMemoryParameters',
      289: 'virNodeGetMemoryParameters',
      293: 'virNodeGetCPUMap',
      312: 'virConnectGetCPUModelNames',
      340: 'virNodeGetFreePages',
      342: 'virConnectGetDomainCapabilities',
      344: 'virConnectGetAllDomainStats',
      347: 'virNodeAllocPages',
      350: 'virDomainDefineXMLFlags',
      393: 'virConnectCompareHypervisorCPU',
      394: 'virConnectBaselineHypervisorCPU',
      395: 'virNodeGetSEVInfo',
    },
  ],
  [
    Domain.storage,
    {
      71: 'virConnectNumOfStoragePools',
      72: 'virConnectListStoragePools',
      73: 'virConnectNumOfDefinedStoragePools',
      74: 'virConnectListDefinedStoragePools',
      75: 'virConnectFindStoragePoolSources',
      76: 'virStoragePoolCreateXML',
      77: 'virStoragePoolDefineXML',
      84: 'virStoragePoolLookupByName',
      85: 'virStoragePoolLookupByUUID',
      96: 'virStorageVolLookupByKey',
      97: 'virStorageVolLookupByPath',
      281: 'virConnectListAllStoragePools',
      391: 'virStoragePoolLookupByTargetPath',
      403: 'virConnectGetStoragePoolCapabilities',
    },
  ],
  [
    Domain.nodeDevice,
    {
      111: 'virNodeNumOfDevices',
      112: 'virNodeListDevices',
      113: 'virNodeDeviceLookupByName',
      123: 'virNodeDeviceCreateXML',
      285: 'virConnectListAllNodeDevices',
      297: 'virNodeDeviceLookupSCSIHostByWWN',
      428: 'virNodeDeviceDefineXML',
    },
  ],
  [
    Domain.interface,
    {
      126: 'virConnectNumOfInterfaces',
      127: 'virConnectListInterfaces',
      128: 'virInterfaceLookupByName',
      129: 'virInterfaceLookupByMACString',
      131: 'virInterfaceDefineXML',
      137: 'virConnectNumOfDefinedInterfaces',
      138: 'virConnectListDefinedInterfaces',
      220: 'virInterfaceChangeBegin',
      221: 'virInterfaceChangeCommit',
      222: 'virInterfaceChangeRollback',
      284: 'virConnectListAllInterfaces',
    },
  ],
  [
    Domain.secret,
    {
      139: 'virConnectNumOfSecrets',
      140: 'virConnectListSecrets',
      141: 'virSecretLookupByUUID',
      142: 'virSecretDefineXML',
      147: 'virSecretLookupByUsage',
      287: 'virConnectListAllSecrets',
    },
  ],
  [
    Domain.nwfilter,
    {
      175: 'virNWFilterLookupByName',
      176: 'virNWFilterLookupByUUID',
      178: 'virConnectNumOfNWFilters',
      179: 'virConnectListNWFilters',
      180: 'virNWFilterDefineXML',
      286: 'virConnectListAllNWFilters',
      397: 'virNWFilterBindingLookupByPortDev',
      399: 'virNWFilterBindingCreateXML',
      401: 'virConnectListAllNWFilterBindings',
      431: 'virNWFilterDefineXMLFlags',
    },
  ],
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
