import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import { addressBytes } from '../system/address-bytes.ts';
import { readText } from '../system/small-files.ts';

/** A DNS server of this network namespace. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** After each of these waits, in milliseconds, those that are still silent are asked again: 2 s in all, and only for their sake. */
const WAITS_MS = [150, 150, 300, 500, 900] as const;

/**
 * The servers that do not read what they are sent. All are asked at once by one datagram each, what any server answers itself. Silence
 * alone proves nothing (a firewall may stop the question, a busy machine may keep the server waiting), so a server is only given when it has
 * been silent to the end and questions lie unread in its socket. Those that answer cost one round trip together.
 */
export async function findDeafServers(servers: readonly DnsServer[], proc: string): Promise<ReadonlySet<DnsServer>> {
  const silent = new Map(servers.map((server, id) => [id, server]));
  if (silent.size === 0) return new Set();
  const sockets: Partial<Record<'udp4' | 'udp6', Socket>> = {};
  let allAnswered = (): void => undefined;
  const socketFor = (type: 'udp4' | 'udp6'): Socket => {
    const socket = (sockets[type] ??= createSocket(type));
    if (socket.listenerCount('message') === 0) {
      socket.on('error', () => undefined); // nothing has been learned then
      socket.on('message', (answer, from) => {
        const id = answer.length < 2 ? -1 : answer.readUInt16BE(0);
        if (silent.get(id)?.port === from.port) silent.delete(id);
        if (silent.size === 0) allAnswered();
      });
    }
    return socket;
  };
  try {
    for (const [round, wait] of WAITS_MS.entries()) {
      for (const [id, { address, port }] of silent)
        socketFor(isIPv6(address) ? 'udp6' : 'udp4').send(versionQuestion(id), port, address, () => undefined);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        allAnswered = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      // The first question may have been read and never answered: the second one then lies in the queue.
      if (round > 0 && silent.size > 0) keepOnly(silent, unreadSockets(proc));
      if (silent.size === 0) break;
    }
  } finally {
    for (const socket of Object.values(sockets)) socket.close();
  }
  return new Set(silent.values());
}

/** `version.bind` TXT in the class CHAOS, which a server answers without asking others (RFC 4892, section 2). */
function versionQuestion(id: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(1, 4); // one question
  const labels = ['version', 'bind'].map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const TXT_CHAOS = [0, 0, 16, 0, 3]; // the root label, type 16, class 3
  return Buffer.concat([header, ...labels, Buffer.from(TXT_CHAOS)]);
}

function keepOnly(silent: Map<number, DnsServer>, unread: ReadonlySet<string>): void {
  for (const [id, server] of silent) if (!unread.has(localKey(server))) silent.delete(id);
}

/** Local addresses and ports of UDP sockets that hold unread datagrams, as the kernel prints them: `0100007F:0035`. */
function unreadSockets(proc: string): ReadonlySet<string> {
  const text = `${readText(`${proc}/net/udp`) ?? ''}\n${readText(`${proc}/net/udp6`) ?? ''}`;
  // sl  local_address rem_address st tx_queue:rx_queue ...
  const rows = text.matchAll(/^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) \S+ \S+ [0-9A-F]+:([0-9A-F]+) /gm);
  return new Set([...rows].flatMap(([, local, unread]) => (local === undefined || parseInt(unread ?? '0', 16) === 0 ? [] : [local])));
}

function localKey({ address, port }: DnsServer): string {
  const hex = (n: number, width: number): string => n.toString(16).toUpperCase().padStart(width, '0');
  const bytes = addressBytes(address);
  // Each 32-bit word as a number of the machine.
  const at = (i: number): number => bytes[endianness() === 'LE' ? i + 3 - 2 * (i % 4) : i] ?? 0;
  return `${bytes.map((_, i) => hex(at(i), 2)).join('')}:${hex(port, 4)}`;
}
