/** What the branches of a training loop's body have in common with the rest of it. */

import * as tf from "@tensorflow/tfjs-core";
import { assertEquals } from "@std/assert";
import { loopModel } from "../../lib/engine/onnx/loop_graph.ts";
import { STEP, STEP_SPEC } from "../../lib/engine/onnx/loop_parts.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { encodeModel } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trace } from "../../lib/trace/backend.ts";
import type { Graph } from "../../lib/trace/graph.ts";

const w = { dtype: "float64", shape: [3] } as const;

// Four steps from w = [4, 8, 12], every second one evaluated.
async function fourSteps(step: Graph) {
  const session = await openSession(encodeModel(loopModel([step])), {
    threads: 1,
  });
  const int = (value: number) => hostTensorOf("int64", [], [value]);
  const out = await session.run({
    count: int(4),
    first: int(0),
    every: int(2),
    "initial.0.w": hostTensorOf("float64", [3], [4, 8, 12]),
  });
  await session.close();
  return Object.fromEntries(
    Object.entries(out).map(([name, { data }]) => [name, [...data]]),
  );
}

Deno.test("a metric may be the step's number though no weight depends on it", async () => {
  const { "metrics.0": metrics, "losses.0": losses } = await fourSteps(trace(
    ({ w, [STEP]: time }) => ({
      state: { w: tf.mul(w!, 0.5) },
      loss: tf.sum(w!),
      metrics: { number: tf.add(time!, tf.scalar(7, "int32")) },
    }),
    { w, [STEP]: STEP_SPEC },
  ));
  assertEquals(losses, [24, 12, 6, 3]);
  assertEquals(metrics, [7, 0, 9, 0]);
});

Deno.test("a step may use what the order of its rows is made of", async () => {
  const { "final.0.w": last } = await fourSteps(trace(
    ({ w, [STEP]: time }) => {
      const number = tf.floorDiv(time!, tf.scalar(2, "int32"));
      const made = tf.add(number, tf.tensor1d([0, 1, 2], "int32"));
      const order = tf.mod(made, tf.scalar(3, "int32")) as tf.Tensor1D;
      const other = tf.mod(made, tf.scalar(2, "int32")) as tf.Tensor1D;
      return {
        state: { w: tf.add(tf.gather(w!, order), tf.gather(w!, other)) },
        loss: tf.sum(w!),
        epoch: { number, order },
      };
    },
    { w, [STEP]: STEP_SPEC },
  ));
  // By hand: twice rows 0 1 2 and 0 1 0, then twice rows 1 2 0 and 1 0 1.
  assertEquals(last, [80, 112, 104]);
});
