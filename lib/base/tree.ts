/**
 * Trees: plain nested objects whose leaves are values of one kind.
 *
 * The path of a leaf, its keys joined by dots (`blocks.0.mlp.W_in`), is the
 * leaf's name everywhere: in checkpoints, in run files and in error messages.
 *
 * @module
 */

/** A nested object whose leaves are `Leaf`. */
export type Tree<Leaf> = { readonly [key: string]: Leaf | Tree<Leaf> };

/**
 * The tree of the same structure with another kind of leaf; the keys stay
 * known to the compiler.
 */
export type MapLeaves<T, From, To> = {
  [K in keyof T]: MapNode<T[K], From, To>;
};

/**
 * A node of {@link MapLeaves}; over a union, leaf or branch, it distributes. A branch
 * of which no key is known is a plain {@link Tree}.
 */
export type MapNode<N, From, To> = N extends From ? To
  : Tree<From> extends N ? Tree<To>
  : MapLeaves<N, From, To>;

function isBranch<Leaf>(node: Leaf | Tree<Leaf>): node is Tree<Leaf> {
  return typeof node === "object" && node !== null &&
    Object.getPrototypeOf(node) === Object.prototype &&
    // A tensor spec is a plain object too; what tells it apart is its shape.
    !("shape" in node && "dtype" in node);
}

/**
 * The leaves with their paths, depth first, in insertion order.
 *
 * @param tree The tree to walk.
 * @param prefix What every path starts with.
 */
export function leavesOf<Leaf>(
  tree: Tree<Leaf>,
  prefix = "",
): [path: string, leaf: Leaf][] {
  return Object.entries(tree).flatMap(([key, node]) =>
    isBranch(node)
      ? leavesOf(node, `${prefix}${key}.`)
      : [[prefix + key, node] as [string, Leaf]]
  );
}

/**
 * Applies `f` to each leaf and its path, keeping the structure.
 *
 * ```ts
 * import { leavesOf, mapTree } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { W_E: 12, blocks: { 0: { W_in: 8 } } };
 * const twice = mapTree(sizes, (x: number, path) => `${path}: ${2 * x}`);
 * assertEquals(twice.blocks[0].W_in, "blocks.0.W_in: 16");
 * assertEquals(leavesOf<number>(sizes).at(-1), ["blocks.0.W_in", 8]);
 * ```
 *
 * @param tree The tree to map.
 * @param f Called with each leaf and its path.
 */
export function mapTree<From, To, T extends Tree<From>>(
  tree: T & Tree<From>,
  f: (leaf: From, path: string) => To,
  prefix = "",
): MapLeaves<T, From, To> {
  return Object.fromEntries(
    Object.entries(tree as Tree<From>).map(([key, node]) => [
      key,
      isBranch(node)
        ? mapTree<From, To, Tree<From>>(node, f, `${prefix}${key}.`)
        : f(node, prefix + key),
    ]),
  ) as MapLeaves<T, From, To>;
}

/**
 * The tree whose leaves lie at the given paths: the inverse of {@link leavesOf}.
 *
 * @param leaves Paths and leaves; a path may not be the prefix of another.
 */
export function treeOf<Leaf>(
  leaves: Iterable<readonly [path: string, leaf: Leaf]>,
): Tree<Leaf> {
  type Branch = { [key: string]: Leaf | Branch };
  const root: Branch = {};
  for (const [path, leaf] of leaves) {
    const keys = path.split(".");
    const last = keys.pop()!;
    let at = root;
    for (const key of keys) at = (at[key] ??= {}) as Branch;
    at[last] = leaf;
  }
  return root;
}
