import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { mergeLookUps } from "../../../lib/trace/cards/look_ups.ts";
import { sumsAsProducts } from "../../../lib/trace/cards/products.ts";
import { segmentProduct } from "../../../lib/trace/cards/segments.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { newConstant } from "../../../lib/trace/graph.ts";
import { expandSegmentSums } from "../../../lib/trace/operators/segments.ts";
import { vmap } from "../../../lib/trace/transforms/vmap.ts";
import { foldConstants } from "../../../lib/onnx/runtime/fold.ts";
import { valuesOf } from "../../_golden.ts";
import { graphOf, runGraph } from "../_graphs.ts";
import type { TensorFunction } from "../_run.ts";
import { assertSame, f64, opsOf } from "./_same.ts";

const asProducts = (fn: TensorFunction, ...inputs: HostTensor[]) => {
  const graph = graphOf(fn, inputs);
  return assertSame(graph, sumsAsProducts(graph), inputs);
};

Deno.test("sums are products with ones, whatever they run over", async () => {
  const x = f64([4, 3, 5]);
  const product = ["Gemm"];
  assertEquals(await asProducts((x) => tf.sum(x), x), product);
  assertEquals(await asProducts((x) => tf.sum(x, 2), x), product);
  assertEquals(await asProducts((x) => tf.sum(x, 0, true), x), product);
  assertEquals(await asProducts((x) => tf.sum(x, [0, 1]), x), product);
  assertEquals(await asProducts((x) => tf.sum(x, 1), x), ["MatMul"]);
  assertEquals(await asProducts((x) => tf.mean(x, -1), x), product);
  assertEquals(await asProducts((x) => tf.mean(x, 1, true), x), ["MatMul"]);
  // Of axes that do not lie side by side they stay as they are.
  assertEquals(await asProducts((x) => tf.sum(x, [0, 2]), x), ["ReduceSum"]);
  const row = f64([1, 3, 1, 5]);
  assertEquals(await asProducts((x) => tf.sum(x, [1, 3]), row), product);
});

Deno.test("long sums are sums of sums", async () => {
  const x = f64([2, 9000]);
  const twice = ["Gemm", "Gemm"];
  assertEquals(await asProducts((x) => tf.sum(x, 1), x), twice);
  assertEquals(await asProducts((x) => tf.sum(x), x), twice);
  // 4099 has no divisors.
  assertEquals(await asProducts((x) => tf.sum(x), f64([4099])), ["Gemm"]);
});

Deno.test("sums of products of long rows are products of rows", async () => {
  const [x, y] = [f64([2, 9000]), f64([2, 9000], 5)];
  const rows = ["Gemm", "MatMul"];
  assertEquals(await asProducts((x, y) => tf.sum(tf.mul(x, y), 1), x, y), rows);
  assertEquals(await asProducts((x) => tf.sum(tf.square(x)), x), rows);
  assertEquals(
    await asProducts((x) => tf.mean(tf.square(x), 1), f64([2, 100])),
    ["Gemm", "Mul"],
  );
  const [a, b] = [f64([2, 100]), f64([1, 100])];
  const sum: TensorFunction = (a, b) => tf.sum(tf.mul(a, b), 1);
  assertEquals(await asProducts(sum, a, a), ["MatMul"]);
  assertEquals(await asProducts(sum, a, b), ["Gemm", "Mul"]);
  assertEquals(await asProducts(sum, f64([9, 7]), f64([9, 7])), [
    "Gemm",
    "Mul",
  ]);
});

Deno.test("what a sum is divided by is in the product", async () => {
  const x = f64([50]);
  assertEquals(
    await asProducts((x) => tf.div(tf.sum(tf.neg(x)), 50), x),
    ["Gemm"],
  );
  assertEquals(
    await asProducts((x) => tf.div(tf.sum(tf.square(x)), 50), x),
    ["Gemm", "Mul"],
  );
});

const ids = (...values: readonly number[]) => tf.tensor1d([...values], "int32");

Deno.test("rows are looked up where they lie", async () => {
  const look = async (fn: TensorFunction, shape: readonly number[]) => {
    const graph = graphOf(fn, [f64(shape)]);
    return await assertSame(graph, mergeLookUps(graph), [f64(shape)]);
  };
  const part: TensorFunction = (x) =>
    tf.gather(tf.slice(x, [2, 0], [3, 4]), ids(2, 0, 1));
  assertEquals(await look(part, [6, 4]), ["Gather"]);
  // A row of a matrix is a table itself, and a part of that.
  const row: TensorFunction = (x) =>
    tf.gather(
      tf.slice(tf.reshape(tf.slice(x, [1, 0], [1, 8]), [4, 2]), 1, 3),
      ids(2, 0),
    );
  assertEquals(await look(row, [3, 10]), ["Gather"]);
  // Columns are no rows, and rows of 9 numbers none of 2.
  const columns: TensorFunction = (x) =>
    tf.gather(tf.slice(x, [0, 1], [3, 2]), ids(2, 0));
  assertEquals(await look(columns, [3, 4]), ["Gather", "Slice"]);
  assertEquals(await look(row, [3, 9]), ["Gather", "Slice"]);
});

Deno.test("rows of each of a stack are looked up in its own part", async () => {
  const x = f64([2, 6, 4]);
  const single = trace(
    ({ x0, at }) => ({
      y: tf.gather(tf.slice(x0, [2, 0], [3, 4]), at as tf.Tensor1D),
    }),
    { x0: f64([6, 4]), at: { dtype: "int32", shape: [3] } },
    { indicesInRange: true },
  );
  const at = newConstant("int32", [2, 3], Int32Array.of(2, 0, 1, 1, 1, 2));
  const graph = await foldConstants(
    vmap(
      single,
      2,
      (name) => name === "x0" ? "stacked" : { value: at, stacked: true },
    ),
  );
  assertEquals(opsOf(graph), ["Gather", "Slice"]);
  assertEquals(await assertSame(graph, mergeLookUps(graph), [x]), ["Gather"]);
});

// The gradient of rows looked up in two parts of a table, one of them skewed.
const lookUps: TensorFunction = (table, rows) => {
  const [a, b] = [ids(0, 1, 1, 2, 0, 1), ids(2, 2, 2, 2, 2, 0)];
  const loss = (table: tf.Tensor) =>
    tf.sum(
      tf.mul(
        rows,
        tf.add(
          tf.gather(tf.slice(table, [0, 0], [3, 4]), a),
          tf.gather(tf.slice(table, [3, 0], [3, 4]), b),
        ),
      ),
    );
  return tf.grad(loss)(table);
};

Deno.test("sums by segment that lie end to end are one product", async () => {
  const inputs = [f64([6, 4]), f64([6, 4])];
  const graph = graphOf(lookUps, inputs, true);
  const made = expandSegmentSums(mergeLookUps(graph), segmentProduct);
  const ops = await assertSame(expandSegmentSums(graph), made, inputs);
  assertEquals(ops, ["Gather", "MatMul"]);
});

Deno.test("stacked they are one product, too", async () => {
  const single = [f64([6, 4]), f64([6, 4])];
  const graph = await foldConstants(
    vmap(graphOf(lookUps, single, true), 3, () => "stacked"),
  );
  const made = expandSegmentSums(mergeLookUps(graph), segmentProduct);
  const inputs = [f64([3, 6, 4]), f64([3, 6, 4], 9)];
  const ops = await assertSame(expandSegmentSums(graph), made, inputs);
  assertEquals(ops, ["Gather", "MatMul"]);
});

Deno.test("of segments of very different lengths pieces are summed first", async () => {
  const n = 4000;
  const places = Array.from({ length: n }, (_, i) => i % 2 ? 7 : i % 100);
  const sum: TensorFunction = (x) =>
    tf.unsortedSegmentSum(x, tf.tensor1d(places, "int32"), 120);
  const inputs = [f64([n, 40])];
  const graph = graphOf(sum, inputs, true);
  const made = expandSegmentSums(graph, segmentProduct);
  const ops = await assertSame(expandSegmentSums(graph), made, inputs);
  assertEquals(ops, ["Gather", "Gather", "MatMul", "MatMul"]);
});

Deno.test("what is not finite comes to its own segment only", async () => {
  const x = hostTensorOf("float64", [4, 1], [Infinity, 1, 2, 3]);
  const sum: TensorFunction = (x) =>
    tf.unsortedSegmentSum(x, ids(1, 1, 1, 0), 2);
  const made = expandSegmentSums(graphOf(sum, [x], true), segmentProduct);
  const { y0 } = await runGraph(made, { x0: x });
  assertEquals([...valuesOf(y0!)], [3, Infinity]);
});

// Segments 0 and 3 have no rows.
for (
  const [what, counts, ops] of [
    ["alike in length", [0, 2, 2, 0], ["Gather", "MatMul"]],
    [
      "of very different lengths",
      [0, 2, 900, 0, ...Array<number>(90).fill(2)],
      [
        "Gather",
        "Gather",
        "MatMul",
        "MatMul",
      ],
    ],
  ] as const
) {
  Deno.test(`what is not finite in a replica comes to no other: segments ${what}`, async () => {
    const places = counts.flatMap((n, id) => Array<number>(n).fill(id));
    const sum: TensorFunction = (x) =>
      tf.unsortedSegmentSum(x, ids(...places), counts.length);
    const width = 4;
    const single = graphOf(sum, [f64([places.length, width])], true);
    const graph = await foldConstants(vmap(single, 2, () => "stacked"));
    const made = expandSegmentSums(graph, segmentProduct);
    assertEquals(opsOf(made), ops);
    const numbers = new Float64Array(2 * places.length * width)
      .fill(NaN, 0, places.length * width).fill(1, places.length * width);
    const x = hostTensorOf("float64", [2, places.length, width], numbers);
    const { y0 } = await runGraph(made, { x0: x });
    const rows = valuesOf(y0!).filter((_, i) => i % width === 0);
    assertEquals([...rows.slice(counts.length)], [...counts]);
  });
}
