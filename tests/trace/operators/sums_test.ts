import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { toPrecision } from "../../../lib/trace/precision.ts";
import { nameTensor, trace } from "../../../lib/trace/backend.ts";
import { smallerTransposes } from "../../../lib/trace/operators/products.ts";
import {
  expandSegmentSums,
  segmentSumInPlace,
} from "../../../lib/trace/operators/segments.ts";
import { vmap } from "../../../lib/trace/transforms/vmap.ts";
import { opsOf, runGraph, traceX } from "../_graphs.ts";
import { eagerly, numbers } from "../_run.ts";

// 0 nowhere, so a sum tells where its operands went; every step is exact.
const part = (x: tf.Tensor, from: number, rows: number) =>
  tf.abs(tf.slice(x, [from, 0], [rows, 2]));
const padded = (
  x: tf.Tensor,
  above: number,
  below: number,
  fill = 0,
) => tf.pad(x, [[above, below], [0, 0]], fill);

// Functions of x [4, 2], and what they are traced to behind the two parts.
const SUMS: Record<string, [(x: tf.Tensor) => tf.Tensor, string[]]> = {
  "two parts of a whole": [
    (x) => tf.add(padded(part(x, 0, 1), 0, 3), padded(part(x, 1, 3), 1, 0)),
    ["Concat"],
  ],
  "the second part first": [
    (x) => tf.add(padded(part(x, 1, 3), 1, 0), padded(part(x, 0, 1), 0, 3)),
    ["Concat"],
  ],
  "not parts that overlap": [
    (x) => tf.add(padded(part(x, 0, 2), 0, 2), padded(part(x, 1, 3), 1, 0)),
    ["Pad", "Pad", "Add"],
  ],
  "not parts with a gap between": [
    (x) => tf.add(padded(part(x, 0, 1), 0, 3), padded(part(x, 1, 2), 2, 0)),
    ["Pad", "Pad", "Add"],
  ],
  "not parts of which the first begins later": [
    (x) => tf.add(padded(part(x, 0, 2), 1, 1), padded(part(x, 2, 2), 2, 0)),
    ["Pad", "Pad", "Add"],
  ],
  "not parts with a gap below": [
    (x) => tf.add(padded(part(x, 0, 1), 0, 3), padded(part(x, 1, 2), 1, 1)),
    ["Pad", "Pad", "Add"],
  ],
  "not parts among ones": [
    (x) => tf.add(padded(part(x, 0, 1), 0, 3), padded(part(x, 1, 3), 1, 0, 1)),
    ["Pad", "Pad", "Add"],
  ],
  "of parts laid end to end": [
    (x) => {
      const [a, b] = [part(x, 0, 1), part(x, 1, 3)];
      return tf.add(
        tf.concat([a, b]),
        tf.concat([tf.neg(a), tf.relu(tf.neg(b))]),
      );
    },
    ["Neg", "Neg", "Relu", "Add", "Add", "Concat"],
  ],
  "not of parts of other lengths": [
    (x) => {
      const [a, b] = [part(x, 0, 1), part(x, 1, 3)];
      return tf.add(tf.concat([a, b]), tf.concat([b, a]));
    },
    ["Concat", "Concat", "Add"],
  ],
};

for (const [what, [fn, ops]] of Object.entries(SUMS)) {
  Deno.test(`a traced sum is made in few passes: ${what}`, async () => {
    const graph = traceX(fn, [4, 2]);
    const made = opsOf(graph).filter((op) => op !== "Slice" && op !== "Abs");
    assertEquals(made, ops);
    const x = numbers([4, 2]);
    const [expected] = eagerly((x) => fn(x!), [x]);
    const { y } = await runGraph(graph, { x });
    assertEquals(
      Array.from(y!.data as Float32Array, Math.fround),
      Array.from(expected!.data as Float32Array, Math.fround),
    );
  });
}

Deno.test("a traced sum leaves what has a name where it is", () => {
  const graph = traceX((x) => {
    const [first, second] = [
      padded(part(x, 0, 1), 0, 3),
      padded(part(x, 1, 3), 1, 0),
    ];
    return tf.add(nameTensor("first", first), second);
  }, [4, 2]);
  assertEquals(opsOf(graph).slice(-1), ["Add"]);
});

Deno.test("traced sums by the same segments become one", async () => {
  const ids = [[0, 2, 2], [1, 2, 0]];
  const fn = (x: tf.Tensor) =>
    ids
      .map((ids) => tf.unsortedSegmentSum(x, tf.tensor1d(ids, "int32"), 3))
      .reduce((a, b) => tf.add(a, b));
  const graph = trace(
    ({ x }) => ({ y: fn(x) }),
    { x: { dtype: "float32", shape: [3, 2] } },
    { deferSegmentSums: true },
  );
  assertEquals(opsOf(graph), ["SegmentSum"]);
  // Threads that add to one row at once would lose something.
  const written = expandSegmentSums(graph);
  assertEquals(opsOf(written).includes("ScatterND"), false);
  const { y } = await runGraph(written, {
    x: {
      dtype: "float32",
      shape: [3, 2],
      data: Float32Array.of(1, 2, 4, 8, 16, 32),
    },
  });
  // Rows 0 and 2; row 0; rows 1, 2 and 1.
  assertEquals([...y!.data], [17, 34, 1, 2, 24, 48]);
});

for (const dtype of ["float32", "float64", "float16"] as const) {
  Deno.test(`one thread adds rows where they belong, ${dtype}`, async () => {
    const graph = trace(
      ({ x }) => {
        const rows = tf.reshape(toPrecision(x as tf.Tensor, dtype), [3, 2, 1]);
        const sum = tf.add(
          tf.unsortedSegmentSum(rows, tf.tensor1d([0, 2, 2], "int32"), 3),
          tf.unsortedSegmentSum(rows, tf.tensor1d([1, 2, 0], "int32"), 3),
        );
        return { y: toPrecision(sum, "float32") };
      },
      { x: { dtype: "float32", shape: [3, 2] } },
      { deferSegmentSums: true },
    );
    const alone = expandSegmentSums(graph, segmentSumInPlace);
    const scatters = opsOf(alone).filter((op) => op === "ScatterND");
    // Of float16 ONNX Runtime's kernel adds none.
    assertEquals(scatters.length, dtype === "float16" ? 0 : 2);
    const { y } = await runGraph(alone, {
      x: {
        dtype: "float32",
        shape: [3, 2],
        data: Float32Array.of(1, 2, 4, 8, 16, 32),
      },
    });
    assertEquals(y!.shape, [3, 2, 1]);
    assertEquals([...y!.data], [17, 34, 1, 2, 24, 48]);
  });
}

Deno.test("one thread leaves rows of no segment out", async () => {
  const graph = trace(
    ({ x }) => ({
      y: tf.unsortedSegmentSum(
        x as tf.Tensor,
        tf.tensor1d([1, -1, 3], "int32"),
        3,
      ),
    }),
    { x: { dtype: "float32", shape: [3, 1] } },
    { deferSegmentSums: true },
  );
  const x = {
    dtype: "float32",
    shape: [3, 1],
    data: Float32Array.of(1, 2, 4),
  } as const;
  const alone = expandSegmentSums(graph, segmentSumInPlace);
  assertEquals([...(await runGraph(alone, { x })).y!.data], [0, 1, 0]);
});

Deno.test("of ids that nobody knows each replica has its own", async () => {
  const single = trace(
    ({ x, ids }) => ({
      y: tf.unsortedSegmentSum(x as tf.Tensor, ids as tf.Tensor1D, 3),
    }),
    {
      x: { dtype: "float32", shape: [3, 1] },
      ids: { dtype: "int32", shape: [3] },
    },
    { deferSegmentSums: true },
  );
  const graph = expandSegmentSums(vmap(single, 2, () => "stacked"));
  const { y } = await runGraph(graph, {
    x: {
      dtype: "float32",
      shape: [2, 3, 1],
      data: Float32Array.of(NaN, Infinity, NaN, 1, 2, 4),
    },
    ids: {
      dtype: "int32",
      shape: [2, 3],
      data: Int32Array.of(0, 1, 2, 2, -1, 2),
    },
  });
  assertEquals([...y!.data].slice(3), [0, 0, 5]);
});

// x [inner, m], y [inner, n], and what xᵀ·y is made of for a processor.
for (
  const [inner, m, n, ops] of [
    [10, 5, 4, ["Transpose", "Gemm", "Transpose"]],
    [10, 5, 5, ["Gemm"]],
    [9, 5, 4, ["Gemm"]],
  ] as const
) {
  Deno.test(`xᵀ·y of ${[inner, m, n]} transposes the smaller one: ${ops}`, async () => {
    const whole = (shape: number[]) => {
      const { dtype, data } = numbers(shape);
      return {
        dtype,
        shape,
        data: Float32Array.from(data as Float32Array, (v) => Math.round(8 * v)),
      };
    };
    const [x, y] = [whole([inner, m]), whole([inner, n])];
    const graph = smallerTransposes(trace(({ x, y }) => ({
      z: tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, true),
    }), { x, y }));
    assertEquals(opsOf(graph), [...ops]);
    const { z } = await runGraph(graph, { x, y });
    const at = (i: number, j: number) =>
      Array.from(
        { length: inner },
        (_, k) => x.data[k * m + i]! * y.data[k * n + j]!,
      )
        .reduce((a, b) => a + b);
    assertEquals(
      [...z!.data],
      Array.from({ length: m * n }, (_, k) => at(Math.floor(k / n), k % n)),
    );
  });
}

const SQUARES: Record<string, [(x: tf.Tensor) => tf.Tensor, string[]]> = {
  "all squares": [(x) => tf.sum(tf.square(x)), ["ReduceSumSquare"]],
  "a length": [(x) => tf.sqrt(tf.sum(tf.square(x))), [
    "ReduceSumSquare",
    "Sqrt",
  ]],
  "products of a tensor with itself": [
    (x) => tf.sum(tf.mul(x, x)),
    ["ReduceSumSquare"],
  ],
  "not along one axis": [
    (x) => tf.sum(tf.square(x), 0),
    ["Mul", "ReduceSum"],
  ],
  "not squares with a name": [
    (x) => tf.sum(nameTensor("squares", tf.square(x))),
    ["Mul", "ReduceSum"],
  ],
};

for (const [what, [fn, ops]] of Object.entries(SQUARES)) {
  Deno.test(`a traced sum of squares is one pass: ${what}`, () => {
    assertEquals(opsOf(traceX(fn, [2, 3])), ops);
  });
}

for (
  const [columns, ops] of [
    [128, ["Gemm"]],
    [129, ["Transpose", "Gemm"]],
  ] as const
) {
  Deno.test(`xᵀ·y of ${columns} columns: ${ops.join(", then ")}`, async () => {
    const fn = (x: tf.Tensor, y: tf.Tensor) =>
      tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, true);
    const [x, y] = [numbers([5, 3]), numbers([5, columns], 2)];
    const graph = trace(({ x, y }) => ({ z: fn(x, y) }), { x, y });
    assertEquals(opsOf(graph), [...ops]);
    const { z } = await runGraph(graph, { x, y });
    const [expected] = eagerly((x, y) => fn(x!, y!), [x, y]);
    // Five products of up to 2.25 each, rounded and added in another order.
    const tolerance = 5 * 5 * 2.25 * 2 ** -24;
    z!.data.forEach((value: number | bigint, i: number) => {
      const off = Math.abs(Number(value) - Number(expected!.data[i]));
      assertEquals(off <= tolerance, true, `${i}: ${off}`);
    });
  });
}
