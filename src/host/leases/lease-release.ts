import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { formatIp, lastAddress, type Subnet } from '../../inet/index.ts';
import { addressBytes } from '../system/address-bytes.ts';
import type { LogRecord } from './leases.ts';

/** Where a network's DHCP server listens. */
export interface LeaseServer {
  readonly bridge: string;
  /** The bridge's own address in the subnet that an address lies in; undefined for an address of no subnet. */
  readonly addressFor: (ip: string) => Subnet | undefined;
}

/**
 * Gives leases back in the name of clients that have gone, as these should have done themselves: DHCPRELEASE of RFC 2131, Release of RFC
 * 8415. The server listens on the bridge, so the messages go out there, to all who listen, and come back to the server: DHCPv4 by the
 * subnet's broadcast address, DHCPv6 by the servers' multicast group. Nobody answers; what is lost on the way expires.
 */
export async function releaseLeases(leases: readonly LogRecord[], server: LeaseServer): Promise<void> {
  for (const lease of leases) {
    const own = server.addressFor(lease.ip);
    if (own === undefined) continue;
    if (lease.family === 'ipv4') await send('udp4', dhcpRelease(lease, own), DHCP_SERVER, formatIp(lastAddress(own)));
    else if (lease.serverDuid !== undefined)
      await send('udp6', dhcp6Release(lease, lease.serverDuid), DHCP6_SERVER, `${ALL_SERVERS}%${server.bridge}`);
  }
}

/** Notes in a network's log that leases have ended, for a server that does not run: it asks the log when it starts. */
export function endLeases(log: string, leases: readonly LogRecord[]): void {
  for (const { ip, iaid } of leases) appendFileSync(log, `\ndel 0 ${iaid ?? '-'} * ${ip} * * * * * .\n`);
}

const DHCP_SERVER = 67;
const DHCP6_SERVER = 547;
const ALL_SERVERS = 'ff02::1:2';

async function send(type: 'udp4' | 'udp6', message: Buffer, port: number, to: string): Promise<void> {
  const socket: Socket = createSocket(type);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, resolve);
    });
    if (type === 'udp4') socket.setBroadcast(true);
    await promisify(socket.send.bind(socket) as (...args: [Buffer, number, string, (error: Error | null) => void]) => void)(
      message,
      port,
      to,
    );
  } finally {
    socket.close();
  }
}

/** DHCPRELEASE (RFC 2131, table 5): who gives back what to whom. */
function dhcpRelease({ ip, mac, clientId }: LogRecord, server: Subnet): Buffer {
  const hardware = bytesOf(mac ?? '');
  const header = Buffer.alloc(236);
  header.set([1, 1, hardware.length, 0]); // a request, over Ethernet
  randomBytes(4).copy(header, 4);
  header.set(addressBytes(ip), 12); // ciaddr
  header.set(hardware, 28); // chaddr
  const MAGIC = [99, 130, 83, 99];
  const RELEASE = [53, 1, 7];
  const serverId = [54, 4, ...addressBytes(formatIp(server))];
  const client = bytesOf(clientId ?? '');
  const id = client.length === 0 ? [] : [61, client.length, ...client];
  return Buffer.concat([header, Buffer.from([...MAGIC, ...RELEASE, ...serverId, ...id, 255])]);
}

/** Release (RFC 8415, section 18.2.7). A temporary address (`T` before its association) is an IA_TA, which has no times. */
function dhcp6Release({ ip, iaid = '', clientId = '' }: LogRecord, serverDuid: string): Buffer {
  const isTemporary = iaid.startsWith('T');
  const association = Buffer.alloc(4);
  association.writeUInt32BE(Number(iaid.replace(/^T/, '')) >>> 0);
  const address = option(5, Buffer.from([...addressBytes(ip), ...new Array<number>(8).fill(0)]));
  const times = Buffer.alloc(isTemporary ? 0 : 8);
  return Buffer.concat([
    Buffer.from([8]),
    randomBytes(3),
    option(1, Buffer.from(bytesOf(clientId))),
    option(2, Buffer.from(bytesOf(serverDuid))),
    option(isTemporary ? 4 : 3, Buffer.concat([association, times, address])),
    option(8, Buffer.alloc(2)), // elapsed time
  ]);
}

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** The bytes of `52:54:00:...`; none for what is no such text. */
function bytesOf(text: string): readonly number[] {
  return /^[0-9a-f]{1,2}(:[0-9a-f]{1,2})*$/i.test(text) ? text.split(':').map((byte) => parseInt(byte, 16)) : [];
}
