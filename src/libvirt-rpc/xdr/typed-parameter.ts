import type { Codec } from './codec.ts';
import { XdrError } from './error.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

/** The value of one of libvirt's typed parameters (`virTypedParameter`). */
export type TypedValue =
  | { readonly type: 'int' | 'uint' | 'double'; readonly value: number }
  | { readonly type: 'llong' | 'ullong'; readonly value: bigint }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string };

/** A named value of a parameter list. */
export type TypedParameter = TypedValue & { readonly field: string };

/** Tags of the wire's union, in the order of `VIR_TYPED_PARAM_*` from 1. */
const tags = ['int', 'uint', 'llong', 'ullong', 'double', 'boolean', 'string'] as const satisfies readonly TypedValue['type'][];

/** A typed parameter whose name and string value have at most `maximum` bytes. */
export function typedParameter(maximum: number): Codec<TypedParameter> {
  return {
    decode: (r) => ({ field: r.string(maximum), ...decodeValue(r, maximum) }),
    encode: (w, v) => {
      w.string(v.field, maximum);
      w.i32(tags.indexOf(v.type) + 1);
      encodeValue(w, v, maximum);
    },
  };
}

function decodeValue(r: XdrReader, maximum: number): TypedValue {
  const tag = r.i32();
  const type = tags[tag - 1];
  switch (type) {
    case 'int':
      return { type, value: r.i32() };
    case 'uint':
      return { type, value: r.u32() };
    case 'llong':
      return { type, value: r.i64() };
    case 'ullong':
      return { type, value: r.u64() };
    case 'double':
      return { type, value: r.double() };
    case 'boolean':
      return { type, value: r.i32() !== 0 };
    case 'string':
      return { type, value: r.string(maximum) };
    default:
      throw new XdrError(`${tag} is no type of a typed parameter`);
  }
}

function encodeValue(w: XdrWriter, v: TypedValue, maximum: number): void {
  switch (v.type) {
    case 'int':
      return w.i32(v.value);
    case 'uint':
      return w.u32(v.value);
    case 'llong':
      return w.i64(v.value);
    case 'ullong':
      return w.u64(v.value);
    case 'double':
      return w.double(v.value);
    case 'boolean':
      return w.i32(v.value ? 1 : 0);
    case 'string':
      return w.string(v.value, maximum);
  }
}
