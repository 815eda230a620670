import type { Diagnostic, Result } from '../base/diagnostic.ts';
import { nearest } from '../base/nearest.ts';
import type { Network } from './network.ts';
import { networkSchema, type Schema } from './schema.ts';

/** A model with its lists and switches optional: what a person writes. */
export type Relaxed<T> = T extends readonly (infer Item)[]
  ? readonly Relaxed<Item>[]
  : T extends object
    ? { readonly [K in keyof T as Fills<T[K], K>]?: Relaxed<T[K]> } & {
        readonly [K in keyof T as Exclude<K, Fills<T[K], K>>]: Relaxed<T[K]>;
      }
    : T;
/** The fields that have a default: lists, and the few switches of `schema.ts`. */
type Fills<V, K> = undefined extends V
  ? K
  : V extends readonly unknown[]
    ? K
    : K extends 'stp' | 'delay' | 'trunk' | 'default' | 'forward' | 'mode'
      ? K
      : never;

/** The JSON view of a network. */
export type NetworkView = Relaxed<Network>;

/** A network as its JSON view: the same fields, empty lists and `forward: none` left out. `readNetworkView` undoes it. */
export function viewNetwork(network: Network): NetworkView {
  const view = prune(network) as Record<string, unknown>;
  if (network.forward.mode === 'none' && Object.keys(view['forward'] ?? {}).length === 1) delete view['forward'];
  return view as unknown as NetworkView;
}

/** The network that a value describes, with defaults filled in; or every reason why it is none. Paths are JSON pointers (RFC 6901). */
export function readNetworkView(value: unknown): Result<Network> {
  const reader = new Reader();
  const network = reader.read(value, networkSchema, '');
  return reader.diagnostics.length > 0
    ? { ok: false, diagnostics: reader.diagnostics }
    : { ok: true, value: network as Network, diagnostics: [] };
}

/** Leaves out empty lists and undefined values. */
function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined && !(Array.isArray(v) && v.length === 0))
      .map(([k, v]) => [k, prune(v)]),
  );
}

/** Reads values by the schema: checks kinds, names and bounds, and fills in defaults. */
class Reader {
  readonly diagnostics: Diagnostic[] = [];

  read(value: unknown, given: Schema, path: string): unknown {
    const schema = resolve(given);
    switch (schema.type) {
      case 'object':
        return this.#object(value, schema, path);
      case 'array':
        if (!Array.isArray(value)) return this.#wrong(value, 'a list', path);
        return value.map((item, i) => this.read(item, schema.items ?? {}, `${path}/${String(i)}`));
      case 'string':
        return this.#string(value, schema, path);
      case 'integer':
        return this.#integer(value, schema, path);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#wrong(value, 'true or false', path);
      case undefined:
        return value;
    }
  }

  #object(value: unknown, schema: Schema, path: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.#wrong(value, 'an object', path);
    const properties = schema.properties ?? {};
    const names = Object.keys(properties);
    const out: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(properties, name)) continue;
      const meant = nearest(name, names);
      this.#report('VNJ003', `unknown field "${name}"`, `${path}/${pointer(name)}`, {
        allowed: names.join(', '),
        hint: meant === undefined ? 'remove it' : `did you mean "${meant}"?`,
      });
    }
    for (const [name, property] of Object.entries(properties)) {
      const at = `${path}/${pointer(name)}`;
      const own: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      const fallback = property.default ?? resolve(property).default;
      if (own !== undefined) out[name] = this.read(own, property, at);
      else if (fallback !== undefined) out[name] = this.read(fallback, property, at);
      else if (schema.required?.includes(name)) this.#report('VNJ004', `field "${name}" is missing`, path, { hint: `add "${name}"` });
    }
    return out;
  }

  #string(value: unknown, schema: Schema, path: string): unknown {
    if (typeof value !== 'string') return this.#wrong(value, 'a text', path);
    if (schema.enum && !schema.enum.includes(value)) {
      const meant = nearest(value, schema.enum);
      this.#report('VNJ005', `"${value}" is not allowed here`, path, {
        found: value,
        allowed: schema.enum.join(', '),
        ...(meant === undefined ? {} : { hint: `did you mean "${meant}"?` }),
      });
    } else if (value.length < (schema.minLength ?? 0)) this.#report('VNJ005', 'the text is empty', path, {});
    return value;
  }

  #integer(value: unknown, schema: Schema, path: string): unknown {
    if (typeof value !== 'number' || !Number.isInteger(value)) return this.#wrong(value, 'a whole number', path);
    const { minimum = -Infinity, maximum = Infinity } = schema;
    if (value < minimum || value > maximum) {
      const allowed = schema.maximum === undefined ? `${String(minimum)} or more` : `${String(minimum)} to ${String(maximum)}`;
      this.#report('VNJ005', `${String(value)} is out of bounds`, path, { found: String(value), allowed });
    }
    return value;
  }

  #wrong(value: unknown, wanted: string, path: string): undefined {
    const found =
      value === null ? 'nothing' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : JSON.stringify(value);
    this.#report('VNJ002', `${wanted} is wanted here, not ${found}`, path, { found, allowed: wanted });
    return undefined;
  }

  #report(code: string, message: string, path: string, more: Partial<Diagnostic>): void {
    this.diagnostics.push({ code, severity: 'error', message, path: path || '/', ...more });
  }
}

function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return networkSchema.$defs?.[schema.$ref.slice('#/$defs/'.length)] ?? {};
}

function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
