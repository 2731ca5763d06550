import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import {
  applyUpdates,
  type GradientTransformation,
  linearWarmup,
  perpGrad,
  scaleByLearningRate,
} from "../../lib/optim/mod.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import type { Tree } from "../../lib/base/tree.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly shapes: Record<string, number[]>;
    readonly w: Record<string, number[]>;
    readonly g: Record<string, number[]>;
    readonly results: Record<string, Record<string, number[]>>;
  }[];
}

/** Runs the first update of a transformation, in float64. */
function updateOnce(
  transformation: GradientTransformation,
  gradients: Tree<HostTensor>,
  params: Tree<HostTensor>,
): Promise<Record<string, HostTensor>> {
  return runTraced(({ g, w }) => {
    const params = w;
    const state = transformation.init(params);
    const [updates, next] = transformation.update(
      g,
      state,
      params,
    );
    return { updates, state, next };
  }, { g: gradients, w: params });
}

for (
  const { name, shapes, w, g, results } of (await golden<Golden>("perp_grad"))
    .cases
) {
  const tree = (values: Record<string, number[]>) =>
    Object.fromEntries(
      Object.entries(values).map(([path, flat]) =>
        [path, hostTensorOf("float64", shapes[path]!, flat)] as const
      ),
    );
  for (const [key, expected] of Object.entries(results)) {
    Deno.test(`perpGrad() ${key} agrees with PyTorch on ${name}`, async () => {
      const [scope, length] = key.split("/");
      const transformation = perpGrad({
        scope: scope as "tensor" | "global",
        renormalise: length === "renormalised",
      });
      const actual = await updateOnce(transformation, tree(g), tree(w));
      for (const [path, values] of Object.entries(expected)) {
        // What is left of nearly parallel vectors keeps fewer digits.
        const length = Math.hypot(...g[path]!);
        assertClose(
          valuesOf(actual[`updates.${path}`]),
          values,
          { relative: 1e-12, absolute: 1e-12 * length },
          path,
        );
      }
    });
  }
}

const params = {
  a: tensorOf("float64", [[1, -2, 0.5], [3, 0.25, -1]]),
  b: { c: tensorOf("float64", [0.5, 2]) },
};
const gradients = {
  a: tensorOf("float64", [[0.1, 0.7, -3], [2, 0, 1e-3]]),
  b: { c: tensorOf("float64", [-1, 4]) },
};
const zeros = {
  a: tensorOf("float64", [[0, 0, 0], [0, 0, 0]]),
  b: { c: tensorOf("float64", [0, 0]) },
};

Deno.test("perpGrad() leaves nothing along the weights, and the length", async () => {
  const { "updates.a": a } = await updateOnce(perpGrad(), gradients, params);
  const [g, u, w] = [valuesOf(gradients.a), valuesOf(a), valuesOf(params.a)];
  const dot = (x: Float64Array, y: Float64Array) =>
    x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  assertClose([dot(u, w)], [0], { relative: 0, absolute: 1e-13 }, "u·w");
  assertClose(
    [dot(u, u)],
    [dot(g, g)],
    { relative: 1e-13, absolute: 0 },
    "‖u‖²",
  );
});

Deno.test("perpGrad() lets the gradient of zero weights through", async () => {
  const { "updates.b.c": c } = await updateOnce(perpGrad(), gradients, zeros);
  assertEquals([...valuesOf(c)], [-1, 4]);
});

Deno.test("scaleByLearningRate() warms up from 0", async () => {
  const schedule = scaleByLearningRate(0.1, linearWarmup(4));
  const { rates } = await runTraced(({ w }) => {
    const params = w;
    let state = schedule.init(params);
    const rates: tf.Tensor[] = [];
    for (let t = 0; t < 6; t++) {
      const [updates, next] = schedule.update(
        { one: tf.onesLike(params["x"] as tf.Tensor) },
        state,
        params,
      );
      rates.push(updates["one"] as tf.Tensor);
      state = next;
    }
    return { rates: tf.concat(rates) };
  }, { w: { x: tensorOf("float64", [1]) } });
  assertClose(
    valuesOf(rates),
    [0, -0.025, -0.05, -0.075, -0.1, -0.1],
    { relative: 1e-15, absolute: 0 },
    "rates",
  );
});

Deno.test("applyUpdates() adds", async () => {
  const result = await runTraced(
    ({ g, w }) => applyUpdates(w, g),
    { g: gradients, w: params },
  );
  assertEquals([...valuesOf(result["b.c"])], [-0.5, 6]);
});
