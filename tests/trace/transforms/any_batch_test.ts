import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { toNumbers } from "../../../lib/numeric/tensor.ts";
import { traceForAnyBatch } from "../../../lib/trace/transforms/any_batch.ts";
import { nameTensor, trace } from "../../../lib/trace/backend.ts";
import { scalar } from "../../../lib/trace/precision.ts";
import { assertClose } from "../../_golden.ts";
import { runGraph, traceX } from "../_graphs.ts";
import { eagerly, numbers } from "../_run.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;

const WIDTH = 6;

/** Traces a function of rows [batch, 6] at several sizes of the batch. */
const forAnyBatch = (fn: Unary) =>
  traceForAnyBatch((batch) => Promise.resolve(traceX(fn, [batch, WIDTH])));

const weights = () =>
  tf.tensor(numbers([3, 4], 2).data as Float32Array, [3, 4]);

const FREE: Record<string, [Unary, (number | string)[]]> = {
  "a product after a reshape": [
    (x) => tf.matMul(tf.reshape(x, [-1, 3]), weights()),
    ["2*batch", 4],
  ],
  "attention-like rank 4": [
    (x) => {
      const heads = tf.transpose(tf.reshape(x, [-1, 3, 2, 1]), [0, 2, 1, 3]);
      const scores = tf.softmax(tf.matMul(heads, heads, false, true));
      return tf.reshape(tf.matMul(scores, heads), [x.shape[0]!, WIDTH]);
    },
    ["batch", WIDTH],
  ],
  "means over the batch": [
    (x) => tf.sub(x, tf.mean(x, 0, true)),
    ["batch", WIDTH],
  ],
  "a sum over all": [(x) => tf.sum(x), []],
  "columns": [
    (x) => tf.concat([tf.slice(x, [0, 2], [-1, 3]), x], 1),
    ["batch", 9],
  ],
  "ones that only broadcast": [
    (x) => tf.mul(tf.add(x, tf.ones([x.shape[0]!, 1])), scalar(0.5)),
    ["batch", WIDTH],
  ],
  "one-hot rows of the largest": [
    (x) => tf.oneHot(tf.argMax(x, 1), WIDTH, 1, 0, "float32"),
    ["batch", WIDTH],
  ],
  "named values": [
    (x) => tf.exp(nameTensor("rows", tf.reshape(x, [x.shape[0]!, 2, 3]))),
    ["batch", 2, 3],
  ],
};

for (const [what, [fn, shape]] of Object.entries(FREE)) {
  Deno.test(`traceForAnyBatch() runs at any batch: ${what}`, async () => {
    const { graph, shapeOf } = await forAnyBatch(fn);
    assertEquals(shapeOf(graph.inputs[0]!), ["batch", WIDTH]);
    assertEquals(shapeOf(graph.outputs[0]![1]), shape);
    for (const batch of [1, 3, 10]) {
      const x = numbers([batch, WIDTH], batch);
      const { y } = await runGraph(graph, { x }, { shapeOf });
      const [want] = eagerly((x) => fn(x!), [x]);
      assertEquals(y!.shape, want!.shape);
      assertClose(
        toNumbers(y!),
        toNumbers(want!),
        { relative: 1e-6, absolute: 1e-6 },
        `batch ${batch}`,
      );
    }
  });
}

const BOUND: Record<string, Unary> = {
  "a number made from it": (x) => tf.div(x, tf.fill([], x.shape[0]!)),
  "ones of its length": (x) => tf.concat([x, tf.ones([x.shape[0]!, 2])], 1),
  "a mean's gradient": tf.grad((x) => tf.mean(x)),
  "an operation done at some sizes": (x) =>
    x.shape[0]! > 8000 ? tf.exp(x) : tf.neg(x),
  "an operation more at some sizes": (x) =>
    x.shape[0]! > 8000 ? tf.exp(tf.neg(x)) : tf.neg(x),
  "all rows but one": (x) => tf.slice(x, [0, 0], [x.shape[0]! - 1, -1]),
  "two lengths of one reshape": (x) =>
    tf.reshape(tf.matMul(x, x, false, true), [x.shape[0]!, 1, x.shape[0]!]),
  "a length that is no multiple": (x) =>
    tf.concat([x, tf.zeros([1, WIDTH])], 0),
};

for (const [what, fn] of Object.entries(BOUND)) {
  Deno.test(`traceForAnyBatch() refuses ${what}`, async () => {
    await assertRejects(
      () => forAnyBatch(fn),
      TypeError,
      "Cannot trace for any batch size",
    );
  });
}

Deno.test("traceForAnyBatch() refuses what swaps operands or attributes with the size", async () => {
  const functions = [
    (x: tf.Tensor, batch: number) =>
      batch > 8000 ? tf.sub(x, tf.relu(x)) : tf.sub(tf.relu(x), x),
    (x: tf.Tensor, batch: number) => tf.leakyRelu(x, 1 / batch),
  ];
  for (const f of functions) {
    await assertRejects(
      () =>
        traceForAnyBatch((batch) =>
          Promise.resolve(trace(
            ({ x }) => ({ y: f(x, batch) }),
            { x: { dtype: "float32", shape: [batch, 2] } },
          ))
        ),
      TypeError,
      "depends on the batch size",
    );
  }
});
