/** `nlm`: the part of the gradient that only scales the weights. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { hostTensorOf, toNumbers } from "../../../lib/numeric/tensor.ts";
import { experimentAt } from "../../../lib/probes/context/experiment_at.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { nlm } from "../../../lib/probes/loss/nlm.ts";
import { readMetrics } from "../../../lib/runs/read.ts";
import { contextOf } from "../_contexts.ts";
import { withRun } from "./_runs.ts";

Deno.test("nlm of a homogeneous network follows Euler's identity", async () => {
  // f(αθ) = α³f(θ), so that θ·∇L = 3·mean ∂ℓ/∂z·z, and each layer has a third.
  const context = await contextOf({
    modulus: 7,
    hidden: [9, 8],
    loss: "softmax",
    trainFraction: 0.5,
  });
  const { float64, samples } = await ask(nlm, context);
  const { model, split } = experimentAt(context);
  assertEquals(model.input, "tokens");
  const { logits } = await context.model.run({
    tokens: hostTensorOf("int64", [samples, 2], split.train.inputs.flat()),
  });
  const z = toNumbers(logits!);
  // Mean loss and its slope where all logits are multiplied by c.
  const at = (c: number) => {
    let [loss, slope] = [0, 0];
    split.train.labels.forEach((y, i) => {
      const row = [...z.subarray(7 * i, 7 * i + 7)];
      const e = row.map((x) => Math.exp(c * x));
      const sum = e.reduce((a, b) => a + b, 0);
      loss += (Math.log(sum) - c * row[y]!) / samples;
      slope += (row.reduce((s, x, k) => s + x * e[k]! / sum, 0) - row[y]!) /
        samples;
    });
    return { loss, slope };
  };
  const near = 1e-6; // The logits are those of a float32 model.
  assertAlmostEquals(float64.loss!, at(1).loss, near);
  const { weight_norm, gradient_norm, cos, tensors } = float64;
  assertAlmostEquals(
    cos! * weight_norm * gradient_norm,
    -3 * at(1).slope,
    near,
  );
  assertEquals(float64.share_along_weights, Math.abs(cos!));
  for (const { weight_norm, gradient_norm, cos } of tensors) {
    assertAlmostEquals(cos! * weight_norm * gradient_norm, -at(1).slope, near);
  }
  const removed = tensors.map(({ weight_norm }) => at(1).slope / weight_norm);
  assertAlmostEquals(
    float64.share_along_tensors!,
    Math.hypot(...removed) / gradient_norm,
    near,
  );
  // θ(1 + s/‖θ‖) has logits (1 + s/‖θ‖)³ times as large.
  assertEquals(float64.steps.map(({ direction }) => direction), [
    ...["gradient", "gradient", "update"],
  ]);
  for (const step of float64.steps) {
    const c = (1 + step.relative_length) ** 3;
    assertAlmostEquals(step.loss_after_nlm!, at(c).loss, near);
    assertAlmostEquals(step.length, step.relative_length * weight_norm, 1e-12);
  }
  // A short step along the gradient gains its length times its slope.
  const [shortest] = float64.steps;
  assertAlmostEquals(
    (float64.loss! - shortest!.loss_after!) / shortest!.length,
    gradient_norm,
    1e-3 * gradient_norm,
  );
});

Deno.test("nlm measures what training measures, and the run's own update", async () => {
  await withRun(
    { modulus: 7, hidden: [12], steps: 60, metrics: ["all"] },
    async (context, run) => {
      const { trained, float64 } = await ask(nlm, context);
      const last = (await readMetrics(run.path)).at(-1)!;
      const near = (x: number, y: unknown, what: string) =>
        assertAlmostEquals(x, y as number, 1e-5 * Math.abs(y as number), what);
      near(trained.loss!, last.train_loss, "loss");
      near(trained.cos!, last.cos_weight_neg_gradient, "cos");
      near(trained.weight_norm, last.weight_norm, "weight norm");
      for (const { name, cos } of trained.tensors) {
        near(cos!, last[`cos_weight_neg_gradient.${name}`], name);
      }
      const update = trained.steps.at(-1)!;
      assertEquals(update.direction, "update");
      near(update.length, last["update_norm"], "length");
      near(update.loss_after!, last["train_loss_after_update"], "update");
      near(update.loss_after_nlm!, last["train_loss_after_nlm"], "nlm");
      assertEquals(trained.precision, "float32");
      assertEquals(float64.precision, "float64");
      near(float64.cos!, trained.cos, "cos in float64");
    },
  );
});

Deno.test("nlm where nothing moves: no angle, no steps", async () => {
  const zero = (rows: number, columns: number) =>
    hostTensorOf("float32", [rows, columns], Array(rows * columns).fill(0));
  const context = await contextOf(
    { modulus: 3, hidden: [2], trainFraction: 0.5 },
    { "layers.0.W": zero(6, 2), "layers.1.W": zero(2, 3) },
  );
  const result = await ask(nlm, context);
  assertEquals(result.trained.cos, null);
  assertEquals(result.trained.share_along_tensors, null);
  assertEquals(result.trained.steps, []);
  assertAlmostEquals(result.float64.loss!, Math.log(3), 1e-12);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
  assert(nlm.text(result).length > 0);
});

Deno.test("nlm takes the first step of an optimizer that has none behind it", async () => {
  const context = await contextOf({
    modulus: 5,
    hidden: [6],
    optimizer: "sgd",
    perpGrad: false,
    lr: 0.5,
  });
  const { float64 } = await ask(nlm, context);
  const update = float64.steps.at(-1)!;
  assertEquals(update.direction, "update");
  assertAlmostEquals(update.length, 0.5 * float64.gradient_norm, 1e-12);
});
