/**
 * Sums that are made in fewer passes than one addition after the other. Nothing
 * is rounded otherwise, but for sums by segment, whose order is free.
 *
 * @module
 */

import type { GraphBuilder, Node, Value } from "../graph.ts";

/**
 * A sum of rows by segment that is written later: the one operator that is none
 * of ONNX's, so no file may hold it. Its operands are pairs, rows and the numbers
 * of their segments; see `expandSegmentSums`.
 */
export const SEGMENT_SUM = "SegmentSum";

/** The segments of such a sum. */
export interface Segments {
  /** How many there are. */
  readonly segments: number;
  /**
   * Of how many replicas they are, one behind the other, as the rows are: what is
   * not finite in one may come to no other.
   */
  readonly blocks: number;
}

/** The segments of a sum that is written later. */
export function segmentsOf({ attributes }: Pick<Node, "attributes">): Segments {
  const { segments, blocks = 1 } = attributes as unknown as
    & Pick<Segments, "segments">
    & Partial<Segments>;
  return { segments, blocks };
}

/**
 * The sum of two values of one shape, where there is a cheaper way to it than to
 * add them; undefined where there is none.
 */
export function mergedSum(
  g: GraphBuilder,
  a: Value,
  b: Value,
): Value | undefined {
  if (a.name !== undefined || b.name !== undefined) return undefined;
  return laidEndToEnd(g, a, b) ?? addedByParts(g, a, b) ??
    summedTogether(g, a, b);
}

// What is padded with zeros where the other one is not: the gradients of a
// tensor of which two parts were cut.
function laidEndToEnd(
  g: GraphBuilder,
  a: Value,
  b: Value,
): Value | undefined {
  const parts = [paddingOf(a), paddingOf(b)]
    .sort((x, y) => (x?.before ?? 0) - (y?.before ?? 0));
  const [first, second] = parts;
  if (!first || !second || first.axis !== second.axis) return undefined;
  const { axis, x, before } = first;
  const whole = before === 0 && second.before === x.shape[axis] &&
    second.before + second.x.shape[axis]! === a.shape[axis];
  if (!whole) return undefined;
  return g.emit("Concat", [x, second.x], { axis }, a);
}

// What a Pad pads with zeros along one axis.
function paddingOf({ node }: Value) {
  if (node?.op !== "Pad") return undefined;
  const [x, pads, fill] = node.inputs as [Value, Value, Value];
  if (!pads.data || !fill.data || Number(fill.data[0]) !== 0) return undefined;
  const lengths = Array.from(pads.data, Number);
  const rank = x.shape.length;
  const padded = x.shape.flatMap((_, i) =>
    lengths[i] === 0 && lengths[rank + i] === 0 ? [] : [i]
  );
  const [axis] = padded;
  if (axis === undefined || padded.length > 1) return undefined;
  return { x, axis, before: lengths[axis]! };
}

// Both laid end to end of parts of the same lengths: part by part.
function addedByParts(
  g: GraphBuilder,
  a: Value,
  b: Value,
): Value | undefined {
  const [x, y] = [a.node, b.node];
  if (x?.op !== "Concat" || y?.op !== "Concat") return undefined;
  const axis = x.attributes["axis"] as number;
  const alike = y.attributes["axis"] === axis &&
    x.inputs.length === y.inputs.length &&
    x.inputs.every((part, i) => part.shape[axis] === y.inputs[i]!.shape[axis]);
  if (!alike) return undefined;
  const sums = x.inputs.map((part, i) =>
    mergedSum(g, part, y.inputs[i]!) ??
      g.emit("Add", [part, y.inputs[i]!], {}, part)
  );
  return g.emit("Concat", sums, { axis }, a);
}

// Sums by the same segments: one sum of the rows of both.
function summedTogether(
  g: GraphBuilder,
  a: Value,
  b: Value,
): Value | undefined {
  const [x, y] = [a.node, b.node];
  if (x?.op !== SEGMENT_SUM || y?.op !== SEGMENT_SUM) return undefined;
  return g.emit(SEGMENT_SUM, [...x.inputs, ...y.inputs], x.attributes, a);
}
