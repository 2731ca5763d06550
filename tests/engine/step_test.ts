/** One step of small experiments, eagerly: slices, batches, and what is updated. */

import { assertEquals } from "@std/assert";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { leavesOf, mapTree, type Tree } from "../../lib/base/tree.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { forwardOf } from "../../lib/engine/forward.ts";
import { constant } from "../../lib/engine/state.ts";
import type { State } from "../../lib/engine/state.ts";
import { makeStep } from "../../lib/engine/step.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import type { Params } from "../../lib/optim/mod.ts";
import { hostBatches } from "../../models/batch.ts";
import { trainingMode } from "../../models/training_mode.ts";
import { assertClose } from "../_golden.ts";
import { meteredTfjs } from "./_metered.ts";

const SMALL: ConfigInput = {
  modulus: 5,
  hidden: [6],
  optimizer: "sgd",
  perpGrad: false,
  lr: 0.5,
};

const loaded = (tree: Tree<HostTensor>) =>
  mapTree<HostTensor, tf.Tensor, Tree<HostTensor>>(tree, constant) as Params;
const values = (tree: Params) =>
  Object.fromEntries(
    leavesOf<tf.Tensor>(tree).map(([path, x]) => [path, [...x.dataSync()]]),
  );

/** An experiment whose model takes so many rows at once. */
function experimentOf(config: ConfigInput, rowsAtOnce = Infinity): Experiment {
  const experiment = makeExperiment(resolveConfig({ ...SMALL, ...config }));
  return { ...experiment, model: { ...experiment.model, rowsAtOnce } };
}

/** What a step makes of the initial parameters. */
function stepOf(experiment: Experiment, { sliced = false, time = 0 } = {}) {
  tf.setBackend("cpu");
  return tf.tidy(() => {
    const batches = mapTree(
      hostBatches(experiment.split, experiment.model),
      constant,
    );
    const params = loaded(experiment.params);
    const state: State = {
      params,
      optimizer: experiment.optimizer.init(params),
    };
    const step = makeStep(experiment, sliced);
    const result = step(state, { key: [3, 4], time }, batches, true);
    return {
      params: values(result.state.params),
      loss: result.loss.dataSync()[0]!,
      metrics: Object.fromEntries(
        Object.entries(result.metrics!).map(([name, x]) =>
          [name, x.dataSync()[0]!] as const
        ),
      ),
    };
  });
}

type Stepped = ReturnType<typeof stepOf>;
// A dozen roundings of float32 numbers of about 1.
const CLOSE = { relative: 3e-6, absolute: 1e-6 };

function assertSame(one: Stepped, other: Stepped, what: string) {
  for (const [path, x] of Object.entries(one.params)) {
    assertClose(x, other.params[path]!, CLOSE, `${what}: ${path}`);
  }
  assertClose([one.loss], [other.loss], CLOSE, `${what}: loss`);
  for (const [name, x] of Object.entries(one.metrics)) {
    assertClose([x], [other.metrics[name]!], CLOSE, `${what}: ${name}`);
  }
}

Deno.test("slices are all rows, one behind the other, nearly as long", () => {
  tf.setBackend("cpu");
  tf.tidy(() => {
    const inputs = tf.tensor2d(Array.from({ length: 11 }, (_, i) => [i, -i]));
    const labels = tf.tensor1d(Array.from({ length: 11 }, (_, i) => i));
    const slices = forwardOf(experimentOf({}, 4), true)
      .slicesOf({ inputs, labels });
    assertEquals(slices.map(({ first, rows }) => [first, rows]), [
      ...[[0, 4], [4, 3], [7, 4]],
    ]);
    assertEquals(
      slices.map(({ batch }) => [...batch.labels.dataSync()]),
      [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9, 10]],
    );
    assertEquals(
      slices.flatMap(({ batch }) => batch.inputs.arraySync() as number[][]),
      inputs.arraySync(),
    );
    // Never more than eight of them, and one where nobody asks for slices.
    const count = (rowsAtOnce: number, sliced: boolean) =>
      forwardOf(experimentOf({}, rowsAtOnce), sliced)
        .slicesOf({ inputs, labels }).length;
    assertEquals([count(1, true), count(11, true), count(1, false)], [8, 1, 1]);
  });
});

for (const config of [{}, { dropout: 0.5 }] as const) {
  Deno.test(`a step in slices is the step of all rows: ${JSON.stringify(config)}`, () => {
    const whole = stepOf(experimentOf(config));
    const parts = stepOf(experimentOf(config, 3), { sliced: true });
    assertSame(parts, whole, "in slices");
  });
}

Deno.test("an update is −η times the gradient, and the loss that of before it", () => {
  const experiment = experimentOf({ loss: "mse", hidden: [] });
  const { params, loss, metrics } = stepOf(experiment);
  const [W] = Object.values(
    tf.tidy(() => values(loaded(experiment.params))),
  ) as [number[]];
  const { inputs, labels } = experiment.split.train;
  const n = labels.length;
  const gradient = W.map(() => 0);
  let sum = 0;
  inputs.forEach(([a, b], i) => {
    for (let k = 0; k < 5; k++) {
      const places = [5 * a! + k, 25 + 5 * b! + k];
      const residual = W[places[0]!]! + W[places[1]!]! -
        Number(labels[i] === k);
      sum += residual ** 2 / (5 * n);
      for (const at of places) gradient[at]! += 2 * residual / (5 * n);
    }
  });
  assertClose([loss, metrics.train_loss!], [sum, sum], CLOSE, "loss");
  assertClose(
    params["layers.0.W"]!,
    W.map((w, i) => w - 0.5 * gradient[i]!),
    CLOSE,
    "weights",
  );
  assertClose(
    [metrics.gradient_norm!],
    [Math.hypot(...gradient)],
    CLOSE,
    "gradient norm",
  );
});

Deno.test("of mini-batches the update is a batch's, the metrics are all rows'", () => {
  const all = stepOf(experimentOf({}));
  const batches = [0, 1].map((time) =>
    stepOf(experimentOf({ batchSize: 5 }), { time })
  );
  for (const { metrics, loss } of batches) {
    assertClose([metrics.train_loss!], [all.loss], CLOSE, "train loss");
    const { gradient_norm } = all.metrics;
    assertClose([metrics.gradient_norm!], [gradient_norm!], CLOSE, "gradient");
    assertEquals(Math.abs(loss - all.loss) > 1e-3, true);
  }
  // The ten train rows are two batches: their losses' mean is that of all.
  const mean = (batches[0]!.loss + batches[1]!.loss) / 2;
  assertClose([mean], [all.loss], CLOSE, "mean of the batches");
});

Deno.test("dropout is measured without: metrics are those of the whole network", () => {
  const plain = stepOf(experimentOf({}));
  const dropped = stepOf(experimentOf({ dropout: 0.5 }));
  assertClose(
    [dropped.metrics.train_loss!, dropped.metrics.gradient_norm!],
    [plain.loss, plain.metrics.gradient_norm!],
    CLOSE,
    "metrics",
  );
  assertEquals(Math.abs(dropped.loss - plain.loss) > 1e-3, true);
});

Deno.test("each place of dropout has masks of its own", () => {
  tf.setBackend("cpu");
  tf.tidy(() => {
    const mode = trainingMode({ key: [3, 4], time: 0 }, { first: 0, rows: 8 });
    const of = (name: string) => [...mode.mask(name, 0.5, [8, 6]).dataSync()];
    assertEquals(of("layers.0.hook_post"), of("layers.0.hook_post"));
    assertEquals(
      of("layers.0.hook_post").join() === of("layers.1.hook_post").join(),
      false,
    );
  });
});

Deno.test("what is measured outside the step stops at the next evaluation", async () => {
  const experiment = experimentOf({ metrics: ["effective-rank"], steps: 20 });
  const engine = await meteredTfjs(experiment);
  const made: number[] = [];
  for (const count of [3, 10, 10]) {
    made.push((await engine.advance(count, 5)).losses.length);
  }
  // Up to step 3, to 5, where it is measured, and to 10.
  assertEquals([made, engine.step], [[3, 2, 5], 10]);
  await engine.close();
});
