import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { foldConstants } from "../../../lib/onnx/runtime/fold.ts";
import { rewritten } from "../../../lib/trace/cards/rewritings.ts";
import { scalar } from "../../../lib/trace/precision.ts";
import { graphOf } from "../_graphs.ts";
import type { TensorFunction } from "../_run.ts";
import { assertSame, f64, opsOf } from "./_same.ts";

const made = (fn: TensorFunction, ...shapes: number[][]) => {
  const inputs = shapes.map((shape, i) => f64(shape, i));
  const graph = graphOf(fn, inputs);
  return assertSame(graph, rewritten(graph), inputs);
};

Deno.test("products transpose what was transposed before them", async () => {
  const [x, y] = [f64([6, 2]), f64([6, 200])];
  // Above 128 columns the graph has a Transpose of its own.
  const graph = graphOf((x, y) => tf.matMul(x, y, true), [x, y]);
  assertEquals(opsOf(graph), ["Gemm", "Transpose"]);
  assertEquals(
    await assertSame(graph, rewritten(graph), [x, y]),
    ["Gemm"],
  );
});

Deno.test("an element of each row is looked up among all", async () => {
  const pick: TensorFunction = (x) =>
    tf.gather(x, tf.tensor1d([2, 0, 4], "int32"), 1, 1);
  const inputs = [f64([3, 5])];
  const graph = await foldConstants(graphOf(pick, inputs));
  assertEquals(opsOf(graph), ["GatherND"]);
  const made = rewritten(graph);
  assertEquals(await assertSame(graph, made, inputs), ["Gather"]);
});

Deno.test("unequal parts are put in one after the other", async () => {
  const join: TensorFunction = (...parts) => tf.concat(parts, 0);
  const two = ["Pad", "ScatterND"];
  assertEquals(await made(join, [3, 2, 2], [1, 2, 2]), two);
  assertEquals(await made(join, [1], [4], [2]), [...two, "ScatterND"]);
  const last: TensorFunction = (...parts) => tf.concat(parts, -1);
  assertEquals(await made(last, [1, 3], [1, 2]), two);
  // Equal parts need no table, and columns lie nowhere side by side.
  assertEquals(await made(join, [2, 2], [2, 2]), ["Concat"]);
  assertEquals(await made(last, [2, 3], [2, 2]), ["Concat"]);
  assertEquals(await made(join, [1], [2], [3], [4], [5]), ["Concat"]);
});

Deno.test("numbers are multiplied before what they multiply", async () => {
  const n = () => scalar(3);
  assertEquals(
    await made((x, y) => tf.mul(n(), tf.mul(tf.sum(y), x)), [4], [2]),
    ["Mul", "Mul", "ReduceSum"],
  );
  const numbers = rewritten(
    graphOf((x, y) => tf.mul(n(), tf.mul(tf.reshape(y, []), x)), [
      f64([4]),
      f64([1]),
    ]),
  ).outputs[0]![1].node!.inputs.map(({ shape }) => shape.length);
  assertEquals(numbers, [0, 1]);
  // What is needed in between stays: numbers before it were one more operation.
  const twice: TensorFunction = (x, y) => {
    const product = tf.mul(tf.reshape(y, []), x);
    return tf.add(product, tf.cos(tf.mul(n(), product)));
  };
  assertEquals(await made(twice, [4], [1]), ["Add", "Cos", "Mul", "Mul"]);
  const graph = rewritten(graphOf(twice, [f64([4]), f64([1])]));
  const cos = graph.outputs[0]![1].node!.inputs[1]!;
  assertEquals(
    cos.node!.inputs[0]!.node!.inputs.map(({ shape }) => shape.length),
    [0, 1],
  );
});
