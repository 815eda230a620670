import { XdrError } from './error.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

/** One XDR type: how a `T` is read and written. Both directions throw `XdrError`. */
export interface Codec<T> {
  decode(reader: XdrReader): T;
  encode(writer: XdrWriter, value: T): void;
}

/** The value type of a codec. */
export type Decoded<C> = C extends Codec<infer T> ? T : never;

export const i32: Codec<number> = { decode: (r) => r.i32(), encode: (w, v) => w.i32(v) };
export const u32: Codec<number> = { decode: (r) => r.u32(), encode: (w, v) => w.u32(v) };
export const i64: Codec<bigint> = { decode: (r) => r.i64(), encode: (w, v) => w.i64(v) };
export const u64: Codec<bigint> = { decode: (r) => r.u64(), encode: (w, v) => w.u64(v) };
export const double: Codec<number> = { decode: (r) => r.double(), encode: (w, v) => w.double(v) };

/** A procedure without arguments or result. */
export const nothing: Codec<void> = { decode: () => undefined, encode: () => undefined };

/** A counted string of at most `maximum` bytes. */
export function string(maximum: number): Codec<string> {
  return { decode: (r) => r.string(maximum), encode: (w, v) => w.string(v, maximum) };
}

/** Exactly `length` bytes. */
export function opaque(length: number): Codec<Uint8Array> {
  return {
    decode: (r) => r.opaque(length),
    encode: (w, v) => {
      if (v.length !== length) throw new XdrError(`${v.length} bytes, expected ${length}`);
      w.opaque(v);
    },
  };
}

/** XDR's optional data (`T *`): any non-zero marker means present. */
export function optional<T>(of: Codec<T>): Codec<T | undefined> {
  return {
    decode: (r) => (r.u32() === 0 ? undefined : of.decode(r)),
    encode: (w, v) => {
      w.u32(v === undefined ? 0 : 1);
      if (v !== undefined) of.encode(w, v);
    },
  };
}

/** A counted array of at most `maximum` elements. */
export function list<T>(of: Codec<T>, maximum: number): Codec<readonly T[]> {
  return {
    decode: (r) => {
      const count = r.u32();
      if (count > maximum) throw new XdrError(`${count} elements, at most ${maximum} are allowed`);
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(of.decode(r));
      return values;
    },
    encode: (w, v) => {
      if (v.length > maximum) throw new XdrError(`${v.length} elements, at most ${maximum} are allowed`);
      w.u32(v.length);
      for (const element of v) of.encode(w, element);
    },
  };
}

/** Fields one after another, in the order in which they are written down. */
export function struct<T extends Record<string, unknown>>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<Readonly<T>> {
  const entries = Object.entries(fields) as [keyof T, Codec<T[keyof T]>][];
  return {
    decode: (r) => {
      const value: Partial<T> = {};
      for (const [name, codec] of entries) value[name] = codec.decode(r);
      return value as T;
    },
    encode: (w, v) => {
      for (const [name, codec] of entries) codec.encode(w, v[name]);
    },
  };
}

/** The same wire type under another value type. */
export function mapped<W, T>(of: Codec<W>, decode: (wire: W) => T, encode: (value: T) => W): Codec<T> {
  return { decode: (r) => decode(of.decode(r)), encode: (w, v) => of.encode(w, encode(v)) };
}
