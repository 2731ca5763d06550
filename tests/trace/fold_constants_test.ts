/** Constants that are folded. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { nameTensor } from "../../lib/trace/backend.ts";
import { foldConstants } from "../../lib/onnx/runtime/fold.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";
import { toPrecision } from "../../lib/trace/precision.ts";
import { opsOf, runGraph, traceX } from "./_graphs.ts";
import { f32, vector } from "./_run.ts";

const foldable = () =>
  traceX((x) => {
    const numbers = toPrecision(tf.tensor1d([0, 1, 2, 3]), "float32");
    const table = tf.exp(tf.reshape(numbers, [2, 2]));
    const row = tf.sum(table, 0);
    const named = nameTensor("named", tf.sqrt(row));
    return {
      y: tf.add(nameTensor("product", tf.matMul(x, table)), named),
      constant: tf.neg(row),
    };
  }, [3, 2]);

Deno.test("foldConstants() computes what depends on constants only", async () => {
  const graph = foldable();
  const folded = await foldConstants(graph);
  // Reshaping a constant makes another at once.
  assertEquals(opsOf(graph).length, 6);
  // The named root stays, as it is to be found in the file.
  assertEquals(opsOf(folded).sort(), ["Add", "Gemm", "Sqrt"]);

  const inputs = { x: f32([3, 2], [1, -2, 0.5, 3, 0, 7]) };
  assertEquals(await runGraph(folded, inputs), await runGraph(graph, inputs));
});

Deno.test("foldConstants() keeps names", async () => {
  const folded = await foldConstants(foldable());
  assertEquals(folded.outputs.map(([name]) => name), ["y", "constant"]);
  const nodes = nodesFor(folded.outputs.map(([, value]) => value));
  assertEquals(
    nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)).sort(),
    ["named", "product", undefined],
  );
});

Deno.test("foldConstants() leaves computed what would be large", async () => {
  const graph = traceX((x) => tf.add(x, tf.exp(tf.tensor1d([1, 2, 3]))));
  assertEquals(opsOf(await foldConstants(graph, 2)), ["Exp", "Add"]);
  assertEquals(opsOf(await foldConstants(graph, 3)), ["Add"]);
});

Deno.test("foldConstants() leaves a graph without constants as it is", async () => {
  const graph = traceX(tf.exp);
  assertEquals(await foldConstants(graph), graph);
});

Deno.test("foldConstants() folds integers and flags", async () => {
  const graph = traceX((x) => {
    const index = tf.argMax(tf.tensor2d([[1, 5, 2], [7, 0, 1]]), 1);
    const flags = tf.greater(tf.neg(index), -1);
    return { y: tf.gather(x, index), flags };
  });
  const folded = await foldConstants(graph);
  assertEquals(opsOf(folded), ["Gather"]);
  const { y, flags } = await runGraph(folded, { x: vector(4, 5, 6) });
  assertEquals([[...y!.data], [...flags!.data]], [[5, 4], [0, 1]]);
});
