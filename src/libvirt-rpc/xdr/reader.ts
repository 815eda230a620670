import { XdrError } from './error.ts';
import { decodeText } from './text.ts';

/**
 * Reads XDR (RFC 4506) from a buffer, as leniently as libvirt does: padding bytes may be anything, bytes after the last field are
 * ignored, a string ends at its first NUL. What runs past the end is an `XdrError`; nothing is allocated before its bytes are there.
 */
export class XdrReader {
  readonly #bytes: Buffer;
  #offset: number;

  /** `start` and `end` are byte offsets into `bytes`, `end` exclusive. */
  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes.subarray(0, end);
    this.#offset = start;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** Exactly `length` bytes and their padding, as a copy. */
  opaque(length: number): Buffer {
    const start = this.#take(padded(length));
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  /** A counted string of at most `maximum` bytes. */
  string(maximum: number): string {
    const length = this.u32();
    if (length > maximum) throw new XdrError(`a string of ${length} bytes, at most ${maximum} are allowed`);
    const start = this.#take(padded(length));
    return decodeText(this.#bytes.subarray(start, start + length));
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw new XdrError(`${length} bytes expected at ${start}, ${this.remaining} left`);
    this.#offset = start + length;
    return start;
  }
}

/** XDR pads everything to a multiple of four bytes. */
function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
