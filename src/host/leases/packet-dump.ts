/**
 * dnsmasq's packet dump (`dumpfile`): a pcap file of IP packets (LINKTYPE_RAW), whose numbers are in the machine's own byte order. dnsmasq
 * writes each record in four pieces and never looks back: a full disk, a limit or a kill can leave out any of them.
 */

/** A UDP message that the server sent or received. */
export interface DumpedMessage {
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly fromPort: number;
  readonly toPort: number;
  /** Where it went: 4 or 16 bytes. */
  readonly to: Buffer;
  readonly payload: Buffer;
}

/** Bytes of the file's header, and of each record's. */
export const DUMP_HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const UDP_BYTES = 8;
const UDP = 17;
const MAGIC = 0xa1b2c3d4;
const LINKTYPE_RAW = 101;

/** The header of a file without records; dnsmasq adds to a file that has one, and refuses to start on any other. */
export function dumpHeader(isLittleEndian: boolean): Buffer {
  const header = Buffer.alloc(DUMP_HEADER_BYTES);
  const [u16, u32] = isLittleEndian
    ? [header.writeUInt16LE.bind(header), header.writeUInt32LE.bind(header)]
    : [header.writeUInt16BE.bind(header), header.writeUInt32BE.bind(header)];
  u32(MAGIC, 0);
  u16(2, 4); // version 2.4
  u16(4, 6);
  u32(0xffff, 16); // the longest packet
  u32(LINKTYPE_RAW, 20);
  return header;
}

/**
 * The messages of a dump, in order. A record is taken where its lengths and those of its IP and UDP headers say the same; what was torn is
 * passed over up to the next one. A file without the header of a dump has none.
 */
export function* dumpedMessages(dump: Buffer): Generator<DumpedMessage> {
  if (dump.length < DUMP_HEADER_BYTES) return;
  const isLittleEndian = dump.readUInt32LE(0) === MAGIC;
  if (!isLittleEndian && dump.readUInt32BE(0) !== MAGIC) return;
  const u32 = isLittleEndian ? (at: number): number => dump.readUInt32LE(at) : (at: number): number => dump.readUInt32BE(at);
  for (let at = DUMP_HEADER_BYTES; at + RECORD_BYTES + UDP_BYTES < dump.length;) {
    const length = u32(at + 8);
    const ip = at + RECORD_BYTES;
    const udp = length === u32(at + 12) && ip + length <= dump.length ? udpHeaderAt(dump, ip, length) : undefined;
    if (udp === undefined) {
      at++;
      continue;
    }
    yield {
      seconds: u32(at),
      fromPort: dump.readUInt16BE(udp),
      toPort: dump.readUInt16BE(udp + 2),
      to: dump.subarray(udp - (udp - ip === IPV6_BYTES ? 16 : 4), udp),
      payload: dump.subarray(udp + UDP_BYTES, ip + length),
    };
    at = ip + length;
  }
}

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

/** Where the UDP header of a packet of that length is; undefined where there is no such packet. dnsmasq writes no options between the two. */
function udpHeaderAt(dump: Buffer, ip: number, length: number): number | undefined {
  const first = dump[ip];
  if (first === 0x45 && length >= IPV4_BYTES + UDP_BYTES && dump.readUInt16BE(ip + 2) === length && dump[ip + 9] === UDP) {
    return dump.readUInt16BE(ip + IPV4_BYTES + 4) === length - IPV4_BYTES ? ip + IPV4_BYTES : undefined;
  }
  if (first === 0x60 && length >= IPV6_BYTES + UDP_BYTES && dump.readUInt16BE(ip + 4) === length - IPV6_BYTES && dump[ip + 6] === UDP) {
    return dump.readUInt16BE(ip + IPV6_BYTES + 4) === length - IPV6_BYTES ? ip + IPV6_BYTES : undefined;
  }
  return undefined;
}
