import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Codec } from './codec.ts';
import { double, i32, i64, list, nothing, opaque, optional, string, struct, u32, u64 } from './codec.ts';
import { XdrError } from './error.ts';
import { XdrReader } from './reader.ts';
import type { TypedParameter } from './typed-parameter.ts';
import { typedParameter } from './typed-parameter.ts';
import { XdrWriter } from './writer.ts';

function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.encode(writer, value);
  return writer.finish();
}

function decode<T>(codec: Codec<T>, bytes: Buffer): T {
  return codec.decode(new XdrReader(bytes));
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const text = string(1000);
const everything = struct({
  name: text,
  id: opaque(16),
  small: i32,
  large: u64,
  signed: i64,
  ratio: double,
  maybe: optional(text),
  list: list(struct({ key: text, count: u32 }), 16),
  parameters: list(typedParameter(1000), 16),
});

/** Any text without NUL, lone surrogates only of the kind that stands for a byte. */
const anyText = fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => s.replaceAll('\0', ''));
const anyParameter: fc.Arbitrary<TypedParameter> = fc
  .tuple(
    anyText,
    fc.oneof(
      fc.record({ type: fc.constant('int' as const), value: fc.integer({ min: -0x80000000, max: 0x7fffffff }) }),
      fc.record({ type: fc.constant('uint' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
      fc.record({ type: fc.constant('llong' as const), value: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }) }),
      fc.record({ type: fc.constant('ullong' as const), value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
      fc.record({ type: fc.constant('double' as const), value: fc.double({ noNaN: true }) }),
      fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
      fc.record({ type: fc.constant('string' as const), value: anyText }),
    ),
  )
  .map(([field, value]) => ({ field, ...value }));
const anyEverything = fc.record({
  name: anyText,
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((a) => Buffer.from(a)),
  small: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  large: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  signed: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  ratio: fc.double({ noNaN: true }),
  maybe: fc.option(anyText, { nil: undefined }),
  list: fc.array(fc.record({ key: anyText, count: fc.integer({ min: 0, max: 0xffffffff }) }), { maxLength: 16 }),
  parameters: fc.array(anyParameter, { maxLength: 16 }),
});

describe('XDR codec', () => {
  test('decodes what it encoded, for any value', () => {
    fc.assert(
      fc.property(anyEverything, (value) => {
        expect(decode(everything, encode(everything, value))).toEqual(value);
      }),
    );
  });

  test('any bytes decode to a value or an XdrError, and a value encodes again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        let value;
        try {
          value = decode(everything, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
          return;
        }
        expect(encode(everything, value).length).toBeGreaterThan(0);
      }),
    );
  });

  test.each([
    ['int', i32, -2, 'fffffffe'],
    ['unsigned hyper', u64, 11003000n, '0000000000a7e478'],
    ['hyper', i64, -1n, 'ffffffffffffffff'],
    ['empty string', text, '', '00000000'],
    ['string with padding', text, 'net1a', '00000005 6e657431 61000000'],
    ['string of two-byte letters', text, 'é', '00000002 c3a90000'],
    ['absent', optional(i32), undefined, '00000000'],
    ['present', optional(i32), 7, '00000001 00000007'],
    ['array', list(i32, 4), [1, 2], '00000002 00000001 00000002'],
    ['boolean parameter', typedParameter(9), { field: 'a', type: 'boolean', value: true }, '00000001 61000000 00000006 00000001'],
  ] as [string, Codec<unknown>, unknown, string][])('%s has the bytes of RFC 4506', (_name, codec, value, bytes) => {
    expect(encode(codec, value).toString('hex')).toBe(bytes.replaceAll(' ', ''));
    expect(decode(codec, hex(bytes))).toEqual(value);
  });

  test.each([
    ['an announced length beyond the end', text, '00000064 61'],
    ['a string without its padding', text, '00000005 6e657431 61'],
    ['a string over its maximum', string(4), '00000005 6e657431 61000000'],
    ['an array over its maximum', list(i32, 1), '00000002 00000001 00000002'],
    ['an array of four thousand million elements', list(i32, 0xffffffff), 'ffffffff'],
    ['a union tag that does not exist', typedParameter(9), '00000001 61000000 00000008 00000001'],
    ['nothing', u32, ''],
  ] as [string, Codec<unknown>, string][])('%s is refused', (_name, codec, bytes) => {
    expect(() => decode(codec, hex(bytes))).toThrow(XdrError);
  });

  test('is as lenient as libvirt: padding, trailing bytes, any non-zero marker, text after a NUL', () => {
    expect(decode(text, hex('00000002 6161ffff'))).toBe('aa');
    expect(decode(u32, hex('00000001 ffffffff'))).toBe(1);
    expect(decode(optional(i32), hex('00000063 00000005'))).toBe(5);
    expect(decode(text, hex('00000004 61006262'))).toBe('a');
    expect(decode(nothing, hex('deadbeef'))).toBeUndefined();
  });

  test('bytes that are not UTF-8 come back unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const original = Buffer.from(bytes.filter((b) => b !== 0));
        const writer = new XdrWriter();
        writer.u32(original.length);
        writer.opaque(original);
        const wire = writer.finish();
        expect(encode(text, decode(text, wire)).equals(wire)).toBe(true);
      }),
    );
  });

  test.each([
    ['an int', i32, 0x80000000],
    ['an unsigned int', u32, -1],
    ['an unsigned int of a fraction', u32, 1.5],
    ['an unsigned hyper', u64, -1n],
    ['a hyper', i64, 1n << 63n],
    ['a string', string(3), 'four'],
    ['an array', list(i32, 1), [1, 2]],
    ['an opaque', opaque(2), Buffer.alloc(3)],
  ] as [string, Codec<unknown>, unknown][])('a value that does not fit into %s is refused', (_name, codec, value) => {
    expect(() => encode(codec, value)).toThrow(XdrError);
  });
});
