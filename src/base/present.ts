/** The parts of a `T` before it is known which of its optional ones there are. */
export type MaybeAbsent<T> = { readonly [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

/** The object without the keys that are undefined: optional parts are absent, never undefined. Much faster than spreads of `{}`. */
export function present<T extends object>(parts: MaybeAbsent<T>): T {
  const out: Partial<T> = {};
  for (const key in parts) {
    const value = parts[key];
    if (value !== undefined) out[key] = value as T[typeof key];
  }
  return out as T;
}
