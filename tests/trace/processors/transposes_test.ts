import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { hostTensorOf, sizeOf } from "../../../lib/numeric/tensor.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { transposesAtOnce } from "../../../lib/trace/processors/transposes.ts";
import { toPrecision } from "../../../lib/trace/precision.ts";
import { opsOf, runGraph } from "../_graphs.ts";

const AT_ONCE = ["Reshape", "Transpose", "Gather", "Transpose", "Reshape"];

// Shapes, permutations, and what they are made of.
const CASES: [string, number[], number[], readonly string[]][] = [
  ["many small matrices", [32, 4, 3], [0, 2, 1], AT_ONCE],
  ["few small matrices", [31, 4, 3], [0, 2, 1], ["Transpose"]],
  ["one axis moved behind two", [40, 2, 3, 5], [0, 2, 3, 1], AT_ONCE],
  ["two axes moved behind one", [40, 2, 3, 5], [0, 3, 1, 2], AT_ONCE],
  ["an axis of one between", [40, 1, 3, 4], [0, 3, 1, 2], AT_ONCE],
  ["two axes of many", [8, 4, 3, 5], [0, 1, 3, 2], AT_ONCE],
  ["blocks, moved whole", [40, 3, 4, 5], [0, 2, 1, 3], ["Transpose"]],
  ["all axes turned round", [40, 2, 3, 5], [0, 3, 2, 1], ["Transpose"]],
  ["what many are of goes last", [40, 4, 3], [1, 2, 0], ["Transpose"]],
  ["matrices of 512", [32, 16, 32], [0, 2, 1], AT_ONCE],
  ["larger matrices", [32, 19, 27], [0, 2, 1], ["Transpose"]],
];

const counted = (shape: number[]) => {
  const size = sizeOf(shape);
  return hostTensorOf("float32", shape, [...Array(size).keys()]);
};

// Element by element, by the definition of a permutation of axes.
function permuted(shape: number[], perm: number[]): number[] {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const to = perm.map((axis) => shape[axis]!);
  return Array.from({ length: sizeOf(shape) }, (_, place) => {
    let from = 0;
    for (let i = to.length - 1; i >= 0; i--) {
      from += (place % to[i]!) * strides[perm[i]!]!;
      place = Math.floor(place / to[i]!);
    }
    return from;
  });
}

for (const [what, shape, perm, ops] of CASES) {
  Deno.test(`transposes of ${what}: ${ops}`, async () => {
    const x = counted(shape);
    const graph = transposesAtOnce(
      trace(({ x }) => ({ y: tf.transpose(x!, perm) }), { x }),
    );
    assertEquals(opsOf(graph), [...ops]);
    const { y } = await runGraph(graph, { x });
    assertEquals(y!.shape, perm.map((axis) => shape[axis]!));
    assertEquals([...y!.data], permuted(shape, perm));
  });
}

Deno.test("in float64 a transpose is left as it is", () => {
  const graph = transposesAtOnce(
    trace(({ x }) => ({
      y: tf.transpose(toPrecision(x!, "float64"), [0, 2, 1]),
    }), { x: counted([32, 4, 3]) }),
  );
  assertEquals(opsOf(graph).filter((op) => op === "Transpose").length, 1);
});
