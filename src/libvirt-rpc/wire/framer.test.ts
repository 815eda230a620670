import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Framer } from './framer.ts';
import { MAXIMUM_PACKET } from './packet.ts';

/** A packet of `length` bytes whose bytes after the length word are all `fill`. */
function packet(length: number, fill: number): Buffer {
  const bytes = Buffer.alloc(length, fill);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

function drain(framer: Framer): Buffer[] {
  const packets: Buffer[] = [];
  for (;;) {
    const frame = framer.next();
    if (frame.kind !== 'packet') return packets;
    packets.push(frame.bytes);
  }
}

describe('framer', () => {
  test('gives back the same packets however the stream is cut', () => {
    const lengths = fc.array(fc.integer({ min: 28, max: 300 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sizes, cuts) => {
        const packets = sizes.map((size, i) => packet(size, i));
        const stream = Buffer.concat(packets);
        const framer = new Framer();
        const found: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const step = cuts[i % cuts.length] ?? 1;
          framer.push(stream.subarray(at, at + step));
          at += step;
          found.push(...drain(framer));
        }
        expect(found).toEqual(packets);
        expect(framer.buffered).toBe(0);
      }),
    );
  });

  test('a packet that comes byte by byte is whole in the end', () => {
    const framer = new Framer();
    const bytes = packet(5000, 7);
    for (const byte of bytes) framer.push(Buffer.of(byte));
    expect(drain(framer)).toEqual([bytes]);
  });

  test.each([0, 4, 27, MAXIMUM_PACKET + 1, 0xffffffff])('a length word of %i ends the stream', (length) => {
    const framer = new Framer();
    const word = Buffer.alloc(4);
    word.writeUInt32BE(length);
    framer.push(word);
    expect(framer.next().kind).toBe('bad-length');
  });

  test('the longest length is waited for and holds only what came', () => {
    const framer = new Framer();
    const word = Buffer.alloc(4);
    word.writeUInt32BE(MAXIMUM_PACKET);
    framer.push(word);
    expect(framer.next().kind).toBe('more');
    expect(framer.buffered).toBe(4);
  });

  test('skipped bytes are left out, here or still to come', () => {
    const framer = new Framer();
    framer.push(Buffer.concat([packet(28, 1), Buffer.of(9)]));
    expect(framer.next().kind).toBe('packet');
    framer.skip(3);
    framer.push(Buffer.of(9));
    framer.push(Buffer.concat([Buffer.of(9), packet(30, 2)]));
    expect(drain(framer)).toEqual([packet(30, 2)]);
  });
});
