/** Messages of rtnetlink(7) in the byte order of this machine (little-endian on all that Node.js 20 is built for, but s390x). */

export const RTM = { setLink: 19, getLink: 18 } as const;
const NLMSG_ERROR = 2;
const FLAGS = { request: 1, acknowledge: 4 } as const;
const NESTED = 0x8000;
const HEADER = 16;
const LINK_HEADER = 16;

/** One attribute: its number, and its bytes or the attributes inside it. */
export type Attribute = readonly [type: number, value: Buffer | readonly Attribute[]];

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** Text with its ending NUL. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'utf8');
}

/** A request about one link, by its index. */
export function linkRequest(type: number, index: number, attributes: readonly Attribute[]): Buffer {
  const body = Buffer.concat(attributes.map(encode));
  const head = Buffer.alloc(HEADER + LINK_HEADER);
  head.writeUInt32LE(head.length + body.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(FLAGS.request | (type === RTM.setLink ? FLAGS.acknowledge : 0), 6);
  head.writeInt32LE(index, HEADER + 4); // ifi_index, after family, padding and type
  return Buffer.concat([head, body]);
}

function encode([type, value]: Attribute): Buffer {
  const isNested = !Buffer.isBuffer(value);
  const body = isNested ? Buffer.concat(value.map(encode)) : value;
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + body.length, 0);
  head.writeUInt16LE(isNested ? type | NESTED : type, 2);
  return Buffer.concat([head, body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
}

/** An answer: an errno (0 for done), or the attributes of a link. */
export type Answer = { readonly errno: number } | { readonly attributes: ReadonlyMap<number, Buffer> };

/** Reads the first message of an answer; undefined when there is none. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  if (bytes.length < HEADER + 4) return undefined;
  const body = bytes.subarray(HEADER, bytes.readUInt32LE(0));
  if (bytes.readUInt16LE(4) === NLMSG_ERROR) return { errno: Math.abs(body.readInt32LE(0)) };
  return { attributes: readAttributes(body.subarray(LINK_HEADER)) };
}

/** Attributes by number; of several of one number the last. */
export function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(listAttributes(bytes));
}

export function listAttributes(bytes: Buffer): readonly (readonly [number, Buffer])[] {
  const found: (readonly [number, Buffer])[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    found.push([bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length)]);
    at += Math.ceil(length / 4) * 4;
  }
  return found;
}
