import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { resolveConfig } from "../../../lib/config/config.ts";
import { traceStep } from "../../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../../lib/engine/state.ts";
import { makeExperiment } from "../../../lib/experiment/experiment.ts";
import { softmax } from "../../../lib/losses/softmax.ts";
import { softmaxExact } from "../../../lib/losses/softmax_exact.ts";
import { type HostTensor, toNumbers } from "../../../lib/numeric/tensor.ts";
import {
  greatest,
  least,
  placeOfGreatest,
} from "../../../lib/trace/operators/finite_extremes.ts";
import { vmap } from "../../../lib/trace/transforms/vmap.ts";
import { graphOf, opsOf, runGraph } from "../_graphs.ts";
import { eagerly, f32, i32, traced } from "../_run.ts";

const listOf = (x: HostTensor) => [...toNumbers(x)];

const X = f32([2, 3], [3, -1, 4, 1, -5, 9]);

Deno.test("greatest() and its like are one node, and are tf.max and its like", async () => {
  const fn = (x: tf.Tensor) => [
    greatest(x, 1),
    greatest(x, 0, true),
    least(x, 1, true),
    least(x, 0),
    placeOfGreatest(x, 1),
  ];
  assertEquals(opsOf(graphOf((x) => fn(x!), [X])), [
    "ReduceMax",
    "ReduceMax",
    "ReduceMin",
    "ReduceMin",
    "ArgMax",
  ]);
  const wanted = [[4, 9], [3, -1, 9], [-1, -5], [1, -5, 4], [2, 2]];
  for (
    const found of [
      await traced((x) => fn(x!), [X]),
      eagerly((x) => fn(x!), [X]),
    ]
  ) {
    assertEquals(found.map(listOf), wanted);
    assertEquals(found.map(({ shape }) => [...shape]), [[2], [1, 3], [2, 1], [
      3,
    ], [2]]);
  }
});

Deno.test("a step of training looks for no NaN among what it takes the largest of", async () => {
  for (const loss of ["softmax", "softmax-exact", "stablemax"]) {
    const experiment = makeExperiment(
      resolveConfig({ modulus: 5, hidden: [4], loss } as never),
    );
    const ops = opsOf(traceStep(experiment, await initialState(experiment)));
    assert(!ops.includes("IsNaN"), loss);
  }
});

Deno.test("a row with a logit of NaN has a loss of NaN all the same", async () => {
  for (const loss of [softmax, softmaxExact]) {
    for (const place of [0, 1, 2]) {
      const z = f32([2, 3], [1, 2, 3, ...[5, 6, 4].with(place, NaN)]);
      const found = await traced(
        (z, y) => [
          loss.terms(z as tf.Tensor2D, y as tf.Tensor1D, "float32"),
          loss.gradient(z as tf.Tensor2D, y as tf.Tensor1D, "float32", 2),
        ],
        [z, i32([2], [0, 1])],
      );
      const [terms, gradient] = found.map(listOf) as [number[], number[]];
      assertEquals(terms.map(Number.isNaN), [false, true], loss.name);
      assert(gradient.slice(3).some(Number.isNaN), loss.name);
      assert(gradient.slice(0, 3).every(Number.isFinite), loss.name);
    }
  }
});

Deno.test("NaN is found in each of stacked runs by itself", async () => {
  const fn = (x: tf.Tensor) => [
    tf.max(x, 1),
    tf.min(x, 0),
    tf.argMax(x, 1),
    ...Object.values(tf.topk(x, 2)) as tf.Tensor[],
  ];
  const graph = graphOf((x) => fn(x!), [X]);
  const stacked = vmap(graph, 2, () => "stacked");
  const found = await runGraph(stacked, {
    x0: f32([2, 2, 3], [3, NaN, 4, 1, -5, 9, 1, 2, NaN, 0, Infinity, 8]),
  });
  assertEquals(Object.values(found).map(listOf), [
    [NaN, 9, NaN, Infinity],
    [1, NaN, 4, 0, 2, NaN],
    [1, 2, 2, 1],
    [NaN, 4, 9, 1, NaN, 2, Infinity, 8],
    [1, 2, 2, 0, 2, 1, 1, 2],
  ]);
});
