/** Nodes of traced graphs, and their names. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { nameTensor, trace } from "../../lib/trace/backend.ts";
import { opsOf, runGraph, traceX } from "./_graphs.ts";
import { vector } from "./_run.ts";

Deno.test("names of inputs and outputs are paths", async () => {
  const spec = { dtype: "float32", shape: [2] } as const;
  const graph = trace(
    ({ a, b }) => ({ sum: tf.add(a, b.c), both: { b: b.c, again: b.c } }),
    { a: spec, b: { c: spec } },
  );
  assertEquals(graph.inputs.map(({ name }) => name), ["a", "b.c"]);
  const results = await runGraph(graph, {
    a: vector(1, 2),
    "b.c": vector(3, 4),
  });
  assertEquals(
    Object.entries(results).map(([name, { data }]) => [name, [...data]]),
    [["sum", [4, 6]], ["both.b", [3, 4]], ["both.again", [3, 4]]],
  );
});

const MERGED: Record<string, [(x: tf.Tensor) => tf.Tensor, string[]]> = {
  "equal expressions": [
    (x) => tf.mul(tf.exp(tf.add(x, 1)), tf.exp(tf.add(x, tf.scalar(1)))),
    ["Add", "Exp", "Mul"],
  ],
  "a gradient's with the function's": [
    (x) => tf.add(tf.sin(x), tf.grad((x) => tf.cos(x))(x)),
    ["Sin", "Neg", "Add"],
  ],
  "of large constants": [
    (x) => {
      const large = tf.tensor2d(Array.from({ length: 80 }, (_, i) => i), [
        2,
        40,
      ]);
      return tf.add(tf.matMul(x, large), tf.exp(tf.matMul(x, large)));
    },
    ["Gemm", "Exp", "Add"],
  ],
  "not of other attributes": [
    (x) => tf.add(tf.leakyRelu(x, 0.1), tf.leakyRelu(x, 0.2)),
    ["LeakyRelu", "LeakyRelu", "Add"],
  ],
  "not of other axes": [
    (x) => tf.mul(tf.cumsum(x, 0), tf.cumsum(x, 1)),
    ["CumSum", "CumSum", "Mul"],
  ],
  "not of zeros of other signs": [
    (x) => tf.mul(tf.div(x, 0), tf.div(x, -0)),
    ["Div", "Div", "Mul"],
  ],
  "not of operands exchanged": [
    (x) => tf.mul(tf.sub(x, 1), tf.sub(1, x)),
    ["Sub", "Sub", "Mul"],
  ],
};

for (const [what, [fn, ops]] of Object.entries(MERGED)) {
  Deno.test(`trace() merges nodes: ${what}`, () => {
    assertEquals(opsOf(traceX(fn, [2, 2])), ops);
  });
}

Deno.test("modelOf() writes no node that no output needs", () => {
  const graph = traceX((x) => {
    nameTensor("unused", tf.exp(tf.add(x, 7)));
    return tf.sub(x, 2);
  });
  const { node, valueInfo } = modelOf(graph, { name: "test" }).graph!;
  assertEquals(node.map(({ opType }) => opType), ["Constant", "Sub"]);
  assertEquals(valueInfo, []);
});

Deno.test("nameTensor() refuses a name that is taken", () => {
  const twice = (first: string, second: string) => () =>
    traceX((x) => tf.add(nameTensor(first, x), nameTensor(second, tf.exp(x))));
  assertThrows(twice("h", "h"), RangeError, "h");
  assertThrows(twice("h", "x"), RangeError, "x");
  assertEquals(opsOf(twice("g", "h")()), ["Identity", "Exp", "Add"]);
});

Deno.test("nameTensor() keeps a value that another shape follows", () => {
  const graph = traceX((x) => {
    const named = nameTensor("pairs", tf.reshape(x, [2, 2, 1]));
    return tf.exp(tf.reshape(named, [2, 2]));
  }, [4]);
  const { node } = modelOf(graph, { name: "test" }).graph!;
  assert(node.some(({ output }) => output.includes("pairs")));
});

Deno.test("nameTensor() changes nothing when not tracing", () => {
  const tensor = tf.scalar(1);
  assertEquals(nameTensor("h", tensor), tensor);
  assertEquals(nameTensor("h", tensor), tensor);
});

Deno.test("names in a file never clash", async () => {
  // An input with the name that the first sum would get by itself.
  const graph = trace(
    ({ add_0 }) => ({ y: tf.add(tf.add(add_0, add_0), add_0) }),
    { add_0: { dtype: "float32", shape: [] } },
  );
  const session = await openSession(encodeModel(modelOf(graph, { name: "f" })));
  const { y } = await session.run({ add_0: hostTensorOf("float32", [], [2]) });
  assertEquals([...y!.data], [6]);
  await session.close();
  const same = trace(
    ({ x }) => ({ x: tf.neg(x) }),
    { x: { dtype: "float32", shape: [] } },
  );
  assertThrows(() => modelOf(same, { name: "f" }), RangeError, "x is the name");
});
