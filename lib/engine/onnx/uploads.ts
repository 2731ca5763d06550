/**
 * A step without the operators for which ONNX Runtime copies a table to the card
 * whenever they run: in recorded work the place that such a table had in the host's
 * memory would be read again, when it is something else. What is written here
 * instead gives the same numbers to the last bit.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import {
  type Graph,
  isFloat,
  newConstant,
  type Node,
  type Spec,
  type Value,
} from "../../trace/graph.ts";
import { rewrite } from "../../trace/rewrite.ts";
import { apply, ints, reshaped } from "./loop_parts.ts";

/** A graph of the same function and names, without them as far as is known how. */
export function withoutUploads({ inputs, outputs }: Graph): Graph {
  const replace = (node: Node, operands: readonly Value[]) => {
    const made = node.op === "Concat"
      ? inEqualParts(node, operands)
      : node.op === "GatherND"
      ? oneOfEachRow(node, operands)
      : node.op === "Gather"
      ? gatheredOnce(node, operands)
      : undefined;
    return made && [made];
  };
  return { inputs, outputs: rewrite({ outputs }, new Map(), replace) };
}

// Parts that are padded to one length are put together by their number, not by a
// table of lengths; what was padded is left out by the indices.
function inEqualParts(
  { attributes, outputs: [result] }: Node,
  parts: readonly Value[],
): Value | undefined {
  const axis = attributes["axis"] as number;
  const lengths = parts.map(({ shape }) => shape.at(axis)!);
  const most = maxOf(lengths);
  if (lengths.every((length) => length === most)) return undefined;
  if (!isFloat(result!)) return undefined; // A card has no Pad of integers.
  const rank = result!.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  const spec = (x: Value, length: number): Spec => ({
    dtype: x.dtype,
    shape: x.shape.with(at, length),
  });
  const equal = parts.map((x, i) => {
    const lacking = most - lengths[i]!;
    if (lacking === 0) return x;
    const pads = Array(2 * rank).fill(0).with(rank + at, lacking);
    return apply("Pad", [x, ints(pads)], spec(x, most));
  });
  const all = apply(
    "Concat",
    equal,
    spec(result!, most * parts.length),
    { axis: at },
  );
  const kept = lengths.flatMap((length, i) =>
    Array.from({ length }, (_, j) => i * most + j)
  );
  return apply("Gather", [all, ints(kept)], result!, { axis: at });
}

// The element of each row that a number of its own names.
function oneOfEachRow(
  { attributes, outputs: [result] }: Node,
  [x, points]: readonly Value[],
): Value | undefined {
  const batch = attributes["batch_dims"] ?? 0;
  const column = [...x!.shape.slice(0, -1), 1];
  const each = batch === x!.shape.length - 1 &&
    points!.shape.join() === column.join();
  if (!each) return undefined;
  const { dtype } = x!;
  const made = apply(
    "GatherElements",
    [x!, points!],
    { dtype, shape: column },
    {
      axis: column.length - 1,
    },
  );
  return reshaped(made, result!.shape);
}

// Indices into what was gathered by indices.
function gatheredOnce(
  { attributes, outputs: [result] }: Node,
  [x, indices]: readonly Value[],
): Value | undefined {
  const inner = x!.node;
  const [from, first] = inner?.inputs ?? [];
  // Several axes of the first indices, or none, leave others for the second.
  const same = inner?.op === "Gather" && first?.shape.length === 1 &&
    inner.attributes["axis"] === (attributes["axis"] ?? 0);
  if (!same || !first?.data || !indices!.data) return undefined;
  const known = toNumbers({ data: first.data });
  const composed = Array.from(
    toNumbers({ data: indices!.data }),
    (i) => known.at(i)!,
  );
  const at = newConstant(
    "int64",
    indices!.shape,
    BigInt64Array.from(composed, BigInt),
  );
  return apply("Gather", [from!, at], result!, attributes);
}
