/**
 * Places in a foreign graph that every proposal of names looks for: products with
 * one-hot rows, values of so many axes, what an activation function gives.
 *
 * @module
 */

import { append } from "../../../base/extremes.ts";
import type { TaskSizes } from "../../context/orientation.ts";
import type { GraphWalk, Product } from "./graph_walk.ts";

/** The shape of a value of some rows, rows first; undefined where it has none. */
export type ShapeOf = (name: string) => Promise<readonly number[] | undefined>;

/**
 * The first of some values that has a row for each row and so many axes.
 *
 * @param names The values.
 * @param axes How many axes it may have.
 * @param shapes Their shapes.
 */
export async function withAxes(
  names: readonly string[],
  axes: readonly number[],
  shapes: ShapeOf,
): Promise<string | undefined> {
  for (const name of names) {
    const shape = await shapes(name);
    if (shape && axes.includes(shape.length)) return name;
  }
}

/** The products that make tokens' vectors out of one-hot rows. */
export function oneHotProducts(
  walk: GraphWalk,
  sizes: TaskSizes,
): Product[] {
  const { products, lookups } = walk;
  if (lookups.length > 0) return [];
  return products.filter(({ x, lengths, weight }) =>
    walk.behind(x).size === 0 && sizes.vocabulary(lengths[0]) &&
    // Side by side they are a layer's own input.
    lengths[0] !== sizes.oneHot &&
    products.some((other) => other.weight.name !== weight.name)
  );
}

const NORMS = new Set(["BatchNormalization", "LayerNormalization"]);

/**
 * What a layer gives to the next: its activation function's value, before a norm.
 *
 * @param walk The graph.
 * @param x What the next layer is given.
 * @param shapes Shapes of values.
 */
export async function activated(
  walk: GraphWalk,
  x: string,
  shapes: ShapeOf,
): Promise<string | undefined> {
  const names = walk.shapesOf(x);
  for (let at = names.at(-1)!;;) {
    const norm = walk.maker(at);
    if (!norm || !NORMS.has(norm.opType)) break;
    const inner = walk.shapesOf(norm.input[0]!);
    append(names, inner);
    at = inner.at(-1)!;
  }
  // The function's own value, not what other shapes are made of it.
  return await withAxes(names.toReversed(), [2, 3], shapes);
}
