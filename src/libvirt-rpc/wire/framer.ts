import { HEADER_LENGTH, MAXIMUM_PACKET } from './packet.ts';

/** What a framer found at the front of its bytes. */
export type Frame = { readonly kind: 'packet'; readonly bytes: Buffer } | { readonly kind: 'more' } | { readonly kind: 'bad-length' };

/** Chunks held before small ones are joined. */
const CROWDED = 64;
const MORE: Frame = { kind: 'more' };
const BAD: Frame = { kind: 'bad-length' };

/**
 * Cuts a byte stream into packets. Holds exactly the bytes it was given and has not handed out: a length word alone allocates nothing,
 * so a client that announces 32 MiB and falls silent costs four bytes.
 */
export class Framer {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = 4;
  #skipping = 0;

  /** Leaves the next `count` bytes of the stream out, whether they are here already or still to come. */
  skip(count: number): void {
    this.#skipping += count;
    this.#dropSkipped();
  }

  /** Bytes held. */
  get buffered(): number {
    return this.#buffered;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#skipping > 0) this.#dropSkipped();
    if (this.#chunks.length > CROWDED) this.#mergeTail();
  }

  /** The next packet, if it is whole. After `bad-length` the stream cannot be read on. */
  next(): Frame {
    if (this.#buffered < this.#wanted) return MORE;
    if (this.#wanted === 4) {
      const length = this.#front(4).readUInt32BE(0);
      if (length < HEADER_LENGTH || length > MAXIMUM_PACKET) return BAD;
      this.#wanted = length;
      if (this.#buffered < length) return MORE;
    }
    const bytes = this.#front(this.#wanted);
    const packet = bytes.subarray(0, this.#wanted);
    const rest = bytes.subarray(this.#wanted);
    this.#buffered -= this.#wanted;
    this.#wanted = 4;
    if (rest.length === 0) this.#chunks.shift();
    else this.#chunks[0] = rest;
    return { kind: 'packet', bytes: packet };
  }

  #dropSkipped(): void {
    while (this.#skipping > 0) {
      const first = this.#chunks[0];
      if (first === undefined) return;
      const dropped = Math.min(first.length, this.#skipping);
      this.#skipping -= dropped;
      this.#buffered -= dropped;
      if (dropped === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(dropped);
    }
  }

  /** Joins the newest chunks while they are small beside their neighbour, so that a stream of single bytes stays a short list. */
  #mergeTail(): void {
    for (;;) {
      const [before, last] = this.#chunks.slice(-2);
      if (before === undefined || last === undefined || before.length > last.length) return;
      this.#chunks.splice(-2, 2, Buffer.concat([before, last]));
    }
  }

  /** Joins chunks until the first one has at least `length` bytes. */
  #front(length: number): Buffer {
    const first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length >= length) return first;
    let count = 0;
    for (let bytes = 0; bytes < length; count++) bytes += this.#chunks[count]?.length ?? length;
    const joined = Buffer.concat(this.#chunks.splice(0, count));
    this.#chunks.unshift(joined);
    return joined;
  }
}
