/** Free features, trained: where gradient descent ends is where the formula is. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { ProbeContext } from "../../lib/probes/mod.ts";
import { orthogonalFrameProbe } from "../../lib/probes/geometry/orthogonal_frame.ts";
import { train } from "../../lib/train/mod.ts";
import { readMetrics } from "../../lib/runs/read.ts";

const config = {
  task: "rows",
  classCounts: [50, 20, 5, 1],
  model: "free-features",
  loss: "squared-error",
  lossPrecision: "float64",
  precision: "float64",
  optimizer: "sgd",
  momentum: 0.9,
  perpGrad: false,
  weightDecay: 2e-3,
  lr: 2,
  steps: 3000,
  evalEvery: 3000,
  threads: 1,
} as const satisfies ConfigInput;

async function trained(other: ConfigInput = {}) {
  const run = await Deno.makeTempDir();
  const { checkpoint, final } = await train({ ...config, ...other }, {
    run,
    overwrite: true,
  });
  const model = await loadProbeModel(checkpoint);
  const frame = await ask(orthogonalFrameProbe, new ProbeContext(model));
  return { run, model, frame, final };
}

Deno.test("gradient descent in float64 ends at the formula to 1e-8", async () => {
  const { model, frame, run, final } = await trained();
  frame.classes.forEach((c) => {
    const { predicted } = c;
    assertAlmostEquals(c.classifier_square, predicted!.classifier_square, 1e-8);
    assertAlmostEquals(c.mean_square, predicted!.mean_square, 1e-8);
    assertAlmostEquals(c.dot, predicted!.dot, 1e-8);
    assertAlmostEquals(c.within!, 0, 1e-8);
  });
  [6.9191, 4.3201, 2.0841, 0.8480].forEach((wanted, k) =>
    assertAlmostEquals(frame.classes[k]!.classifier_square, wanted, 5e-5)
  );
  assertAlmostEquals(frame.means_off_diagonal.largest!, 0, 1e-8);
  assertAlmostEquals(frame.classifier_off_diagonal.largest!, 0, 1e-8);
  await model.close();
  // Nothing to test: no number stands for it, neither in the rows nor at the end.
  for (const row of [...await readMetrics(run), final]) {
    assert(!("test_accuracy" in row) && !("test_loss" in row));
    assert("train_accuracy" in row);
  }
});

Deno.test("with mse of K classes the decay is 2/K of the objective's", async () => {
  const { model, frame } = await trained({
    loss: "mse",
    weightDecay: 1e-3,
    lr: 4,
  });
  frame.classes.forEach((c) =>
    assertAlmostEquals(
      c.classifier_square,
      Math.sqrt(c.rows) - 76 * 2e-3,
      1e-8,
    )
  );
  await model.close();
});

Deno.test("features with a decay of their own end at the formula of two decays", async () => {
  const { model, frame } = await trained({ featureDecay: 6e-3 });
  const w = frame.classes.map((c) => c.classifier_square);
  // λ_W = 2e-3, λ_H = 6e-3, N = 76.
  [50, 20, 5, 1].forEach((n, k) =>
    assertAlmostEquals(w[k]!, Math.sqrt(3 * n) - 76 * 6e-3, 1e-8)
  );
  await model.close();
});

Deno.test("a class dies once its decay is beyond the bound, and not before", async () => {
  // N = 4 rows, the class of one: N·λ = 1 at λ = 1/4.
  const small = { classCounts: [3, 1], lr: 0.5, steps: 20_000 };
  const beyond = await trained({ ...small, weightDecay: 0.26 });
  assertEquals(beyond.frame.classes.map((c) => c.vanished), [false, true]);
  assert(beyond.frame.classes[1]!.classifier_square < 1e-20);
  assertEquals(beyond.frame.classes[1]!.predicted!.vanishes, true);
  await beyond.model.close();
  const before = await trained({ ...small, weightDecay: 0.24 });
  const { classifier_square: square } = before.frame.classes[1]!;
  assertAlmostEquals(square, 1 - 4 * 0.24, 1e-8);
  assertEquals(before.frame.classes.map((c) => c.vanished), [false, false]);
  await before.model.close();
});

Deno.test("features held to where they start end where that gradient is 0", async () => {
  const input = {
    ...config,
    classCounts: [3, 2],
    featureDistance: 0.05,
    lr: 1,
  };
  const { model } = await trained(input);
  const start = makeExperiment(resolveConfig(input)).params as unknown as {
    H: { data: Float64Array };
  };
  const H = toNumbers(model.tensor("H"));
  const W = toNumbers(model.tensor("W"));
  const labels = [0, 0, 0, 1, 1];
  // ∂/∂h_i is W(Wᵀh_i − y_i)/N.
  labels.forEach((label, i) => {
    const z = [0, 1].map((c) =>
      H[2 * i]! * W[c]! + H[2 * i + 1]! * W[2 + c]! - Number(c === label)
    );
    [0, 1].forEach((j) => {
      const at = 2 * i + j;
      const gradient = 1 / 5 * (z[0]! * W[2 * j]! + z[1]! * W[2 * j + 1]!) +
        2e-3 * H[at]! + 0.05 * (H[at]! - start.H.data[at]!);
      assertAlmostEquals(gradient, 0, 1e-12);
    });
  });
  await model.close();
});
