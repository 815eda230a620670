import type { Lease } from '../../driver/driver.ts';
import { parseLibvirtMac } from '../../network/values.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { LEASES_MAX } from '../protocol/limits.ts';
import type { WireLease } from '../protocol/structs.ts';
import { remoteError, rpcError } from '../remote-error.ts';
import { checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { onNetwork } from './network-of.ts';

export const leaseHandlers: Handlers<'networkGetDhcpLeases'> = {
  networkGetDhcpLeases: async (session, { network: handle, mac, needResults, flags }) => {
    checkFlags(flags, 0, 'networkGetDHCPLeases');
    const wanted = mac === undefined ? undefined : canonicalMac(mac);
    const leases = await onNetwork(handle, () => session.service.driver.leases({ uuid: handle.uuid }, wanted));
    if (needResults === 0) return { leases: [], count: leases.length };
    if (leases.length > LEASES_MAX) throw rpcError(`Number of leases is ${leases.length}, which exceeds max limit: ${LEASES_MAX}`);
    return { leases: leases.map(wireLease), count: leases.length };
  },
};

/** @throws RemoteError 44 with the text as given. */
function canonicalMac(text: string): string {
  const mac = parseLibvirtMac(text);
  if (mac === undefined) throw remoteError(Code.invalidMac, Domain.network, text);
  return mac;
}

function wireLease(lease: Lease): WireLease {
  return {
    interface: lease.interface,
    expiryTime: BigInt(lease.expiry),
    type: lease.family === 'ipv4' ? 0 : 1,
    mac: lease.mac,
    iaid: lease.iaid,
    ipAddress: lease.ip,
    prefix: lease.prefix,
    hostname: lease.hostname,
    clientId: lease.clientId,
  };
}
