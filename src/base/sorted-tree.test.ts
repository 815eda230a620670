import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedTree } from './sorted-tree.ts';

const keys = fc.string({ maxLength: 2 });
const edit = fc.oneof(fc.tuple(fc.constant('with'), keys, fc.nat()), fc.tuple(fc.constant('without'), keys));

const sorted = (map: ReadonlyMap<string, number>): readonly number[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

test('holds what a sorted map holds after any edits, and every tree on the way stays as it was', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 60 }), fc.array(fc.tuple(keys, fc.nat())), (edits, first) => {
      const map = new Map(first);
      let tree = SortedTree.of(map);
      const seen: (readonly [SortedTree<number>, readonly number[]])[] = [];
      for (const [what, key, value = 0] of edits) {
        tree = what === 'with' ? tree.with(key, value) : tree.without(key);
        if (what === 'with') map.set(key, value);
        else map.delete(key);
        seen.push([tree, sorted(map)]);
        expect([tree.get(key), tree.size]).toEqual([map.get(key), map.size]);
      }
      for (const [then, values] of seen) expect([...then.values()]).toEqual(values);
    }),
  );
});

test('a tree without what it does not have is itself', () => {
  const tree = (SortedTree.empty as SortedTree<number>).with('a', 1);
  expect(tree.without('b')).toBe(tree);
});

test('keys that come in order make no long branch', () => {
  let tree: SortedTree<number> = SortedTree.empty;
  // A list would be as deep as it is long, and end the stack.
  for (let n = 0; n < 100_000; n++) tree = tree.with(String(n).padStart(6, '0'), n);
  expect([tree.size, tree.get('077777'), [...tree.values()].length]).toEqual([100_000, 77_777, 100_000]);
});
