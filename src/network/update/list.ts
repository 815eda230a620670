/** The list with one entry more, at the front or the end. */
export function inserted<T>(list: readonly T[], entry: T, command: 'add-first' | 'add-last'): readonly T[] {
  return command === 'add-first' ? [entry, ...list] : [...list, entry];
}

/** The list with the entry at an index replaced. */
export function replacedAt<T>(list: readonly T[], index: number, entry: T): readonly T[] {
  return list.map((old, i) => (i === index ? entry : old));
}

/** The list without the entry at an index. */
export function withoutAt<T>(list: readonly T[], index: number): readonly T[] {
  return list.filter((_, i) => i !== index);
}
