/** A node of a treap: in order by key, a heap by weight. Never changed once it is made. */
interface Node<V> {
  readonly key: string;
  readonly value: V;
  /** Drawn at random, which keeps the tree some 2 log2(n) deep whatever the order of the keys. */
  readonly weight: number;
  readonly size: number;
  readonly left: Node<V> | undefined;
  readonly right: Node<V> | undefined;
}

type Tree<V> = Node<V> | undefined;

/**
 * Values by key, in the order of the keys' UTF-16 units, as an immutable value: `with` and `without` give another tree that shares all but
 * O(log n) nodes with this one. (Aragon and Seidel, "Randomized search trees", 1989.)
 */
export class SortedTree<V> {
  readonly #root: Tree<V>;

  private constructor(root: Tree<V>) {
    this.#root = root;
  }

  static readonly empty: SortedTree<never> = new SortedTree<never>(undefined);

  /** The tree of entries with keys of their own, in any order. */
  static of<V>(entries: Iterable<readonly [string, V]>): SortedTree<V> {
    const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    return new SortedTree(built(sorted, 0, sorted.length, 1));
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: string): V | undefined {
    let at = this.#root;
    while (at !== undefined && at.key !== key) at = key < at.key ? at.left : at.right;
    return at?.value;
  }

  /** This tree with a value in place of the key's former one. */
  with(key: string, value: V): SortedTree<V> {
    return new SortedTree(put(this.#root, key, value));
  }

  /** This tree without a key; itself where it does not have it. */
  without(key: string): SortedTree<V> {
    const root = remove(this.#root, key);
    return root === this.#root ? this : new SortedTree(root);
  }

  *values(): Generator<V, undefined> {
    const path: Node<V>[] = [];
    let at = this.#root;
    for (;;) {
      for (; at !== undefined; at = at.left) path.push(at);
      const next = path.pop();
      if (next === undefined) return;
      yield next.value;
      at = next.right;
    }
  }
}

function sizeOf(tree: Tree<unknown>): number {
  return tree?.size ?? 0;
}

function node<V>(of: Pick<Node<V>, 'key' | 'value' | 'weight'>, left: Tree<V>, right: Tree<V>): Node<V> {
  return { key: of.key, value: of.value, weight: of.weight, size: sizeOf(left) + sizeOf(right) + 1, left, right };
}

/** The entries from `start` to before `end`, halved again and again. The weight of each is drawn as the greatest of its part's would be. */
function built<V>(sorted: readonly (readonly [string, V])[], start: number, end: number, limit: number): Tree<V> {
  const at = (start + end) >> 1;
  const entry = sorted[at];
  if (start === end || entry === undefined) return undefined;
  const weight = limit * Math.random() ** (1 / (end - start));
  const [key, value] = entry;
  return node({ key, value, weight }, built(sorted, start, at, weight), built(sorted, at + 1, end, weight));
}

function put<V>(tree: Tree<V>, key: string, value: V): Node<V> {
  if (tree === undefined) return node({ key, value, weight: Math.random() }, undefined, undefined);
  if (key === tree.key) return node({ key, value, weight: tree.weight }, tree.left, tree.right);
  if (key < tree.key) {
    const left = put(tree.left, key, value);
    return left.weight > tree.weight ? node(left, left.left, node(tree, left.right, tree.right)) : node(tree, left, tree.right);
  }
  const right = put(tree.right, key, value);
  return right.weight > tree.weight ? node(right, node(tree, tree.left, right.left), right.right) : node(tree, tree.left, right);
}

function remove<V>(tree: Tree<V>, key: string): Tree<V> {
  if (tree === undefined) return undefined;
  if (key === tree.key) return joined(tree.left, tree.right);
  const before = key < tree.key ? tree.left : tree.right;
  const after = remove(before, key);
  if (after === before) return tree;
  return key < tree.key ? node(tree, after, tree.right) : node(tree, tree.left, after);
}

/** One tree of two, all of whose keys are in order. */
function joined<V>(left: Tree<V>, right: Tree<V>): Tree<V> {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return left.weight > right.weight ? node(left, left.left, joined(left.right, right)) : node(right, joined(left, right.left), right.right);
}
