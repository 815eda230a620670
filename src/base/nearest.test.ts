import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it.each([
    ['brigde', ['bridge', 'forward'], 'bridge'],
    ['Bridge', ['bridge', 'range'], 'bridge'],
    ['acounting', ['accounting', 'engineering'], 'accounting'],
    ['nmae', ['name', 'mac'], 'name'],
    ['xyz', ['bridge', 'ip'], undefined],
    ['ip', ['mac'], undefined],
    ['', ['a'], 'a'],
  ] as const)('takes %j out of %j as %j', (word, candidates, meant) => {
    expect(nearest(word, candidates)).toBe(meant);
  });
  it('looks only at the start of very long words', () => {
    const long = 'a'.repeat(100_000);
    expect(nearest(long, ['b'.repeat(100_000), long])).toBe(long);
  });
});
