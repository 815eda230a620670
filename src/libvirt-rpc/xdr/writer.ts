import { XdrError } from './error.ts';
import { encodeText } from './text.ts';

/** Writes XDR (RFC 4506) into a buffer that grows as needed. `reserve` bytes are left zero at the front for a header. */
export class XdrWriter {
  #bytes: Buffer;
  #length: number;

  constructor(reserve = 0) {
    this.#bytes = Buffer.alloc(Math.max(256, reserve));
    this.#length = reserve;
  }

  u32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new XdrError(`${value} is no unsigned int`);
    const at = this.#grow(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  i32(value: number): void {
    if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) throw new XdrError(`${value} is no int`);
    const at = this.#grow(4);
    this.#bytes.writeInt32BE(value, at);
  }

  u64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new XdrError(`${value} is no unsigned hyper`);
    const at = this.#grow(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new XdrError(`${value} is no hyper`);
    const at = this.#grow(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  double(value: number): void {
    const at = this.#grow(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  /** Exactly these bytes and their padding. */
  opaque(value: Uint8Array): void {
    const start = this.#grow(Math.ceil(value.length / 4) * 4);
    this.#bytes.set(value, start);
  }

  /** A counted string of at most `maximum` bytes. */
  string(value: string, maximum: number): void {
    const bytes = encodeText(value);
    if (bytes.length > maximum) throw new XdrError(`a string of ${bytes.length} bytes, at most ${maximum} are allowed`);
    this.u32(bytes.length);
    this.opaque(bytes);
  }

  /** Everything written so far, header space included. The writer is not used again. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for `length` zero bytes and gives their offset. */
  #grow(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length = needed;
    return start;
  }
}
