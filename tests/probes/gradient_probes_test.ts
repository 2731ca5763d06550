/**
 * The probes that differentiate the loss: `nlm` and `edge-of-stability`.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { edgeOfStability } from "../../lib/probes/loss/edge_of_stability.ts";
import { edgeOf } from "../../lib/probes/loss/optimizer_edge.ts";
import {
  experimentAt,
  learningRateAt,
} from "../../lib/probes/context/experiment_at.ts";
import { NotApplicableError, ProbeContext } from "../../lib/probes/mod.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { nlm } from "../../lib/probes/loss/nlm.ts";
import { RunContext } from "../../lib/probes/run_context.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { contextOf } from "./_contexts.ts";

/** Trains a run and lends its last checkpoint. */
async function withRun(
  config: ConfigInput,
  use: (context: ProbeContext, run: RunContext) => Promise<void>,
): Promise<void> {
  await withTempDir(async (dir) => {
    await train(config, { run: dir });
    const run = await RunContext.open(dir);
    await run.last((context) => use(context, run));
  });
}

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

Deno.test("probes of the gradient say what a file lacks", async () => {
  const { model } = await contextOf({ modulus: 5, hidden: [4] });
  const bytes = model.encodeWithOutputs([]);
  const foreign = new ProbeModel(bytes, "foreign");
  foreign.graph.initializer.find(({ name }) => name === "layers.1.W")!.name =
    "other";
  const context = new ProbeContext(foreign);
  for (const probe of [nlm, edgeOfStability]) {
    await assertRejects(
      () => ask<unknown, never>(probe as never, context),
      NotApplicableError,
      "has no weight layers.1.W",
    );
  }
});

Deno.test("edge-of-stability of a linear model with mean squared error", async () => {
  // L = mean ‖Wᵀx − onehot‖²/C: H is I ⊗ 2XᵀX/(nC) whatever the weights, X the
  // two-hot rows. Of all pairs XᵀX/n is 1/p on the diagonal and 1/p² between the
  // halves: its eigenvalues are 2/p, once, 1/p, and 0.
  const p = 5;
  const config = {
    modulus: p,
    hidden: [],
    loss: "mse",
    optimizer: "sgd",
    momentum: 0.5,
    perpGrad: false,
    lr: 0.1,
    // All but one of the pairs.
    trainFraction: 24 / 25,
  } as const;
  const context = await contextOf(config);
  const { split } = experimentAt(context);
  // Of the one that lacks, by hand: XᵀX of the 24.
  const gram = Array.from({ length: 2 * p }, () => Array(2 * p).fill(0));
  for (const [a, b] of split.train.inputs as [number, number][]) {
    for (const i of [a, p + b]) {
      for (const j of [a, p + b]) gram[i]![j] += 2 / (24 * p);
    }
  }
  const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
  const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(gram));
  const result = await ask(edgeOfStability, context, { traceSamples: 50 });
  assertEquals(result.parameters, 2 * p * p);
  const { hessian, trace, edge, preconditioned } = result;
  assertAlmostEquals(hessian.largest.value, Math.max(...realEigenvalues), 1e-9);
  assertAlmostEquals(hessian.largest.value, 4 / p ** 2, 0.02); // of all 25
  assertAlmostEquals(hessian.least.value, 0, 1e-9);
  const exact = p * realEigenvalues.reduce((a, b) => a + b, 0);
  assert(Math.abs(trace.mean - exact) < 4 * trace.standard_error);
  assertEquals(preconditioned, null);
  assertEquals(result.two_over_rate, 20);
  assertEquals(edge.formula, "2(1 + μ)/η");
  assertAlmostEquals(edge.threshold!, 30, 1e-12);
  assertAlmostEquals(edge.ratio!, hessian.largest.value / 30, 1e-12);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("edge-of-stability preconditions by Adam's second moment", async () => {
  await withRun(
    {
      modulus: 5,
      hidden: [],
      loss: "mse",
      optimizer: "adam",
      perpGrad: false,
      steps: 30,
      warmup: 40,
      beta1: 0.8,
      beta2: 0.9,
      eps: 0.1,
    },
    async (context, run) => {
      const { hessian, preconditioned, edge, learning_rate, notes } = await ask(
        edgeOfStability,
        context,
      );
      // The rate still rises: update number 30 of 40.
      assertAlmostEquals(learning_rate, 0.01 * 30 / 40, 1e-12);
      assertAlmostEquals(edge.threshold!, 18 / learning_rate!, 1e-9);
      assertEquals(notes, []);
      // P by hand.
      const path = join(run.path, "optimizer", "step-00000030.onnx");
      const { tensors } = decodeTensors(await Deno.readFile(path), path);
      const [, nu] = Object.entries(tensors)
        .find(([key]) => key.endsWith("nu.layers.0.W"))!;
      const scale = toNumbers(nu).map((v) =>
        1 / Math.sqrt(Math.sqrt(v / (1 - 0.9 ** 30)) + 0.1)
      );
      // H = I ⊗ 2XᵀX/(nC), of weights [10, 5].
      const { split } = experimentAt(context);
      const n = split.train.inputs.length;
      const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
      const H = Matrix.zeros(50, 50);
      for (const [a, b] of split.train.inputs as [number, number][]) {
        for (const i of [a, 5 + b]) {
          for (const j of [a, 5 + b]) {
            for (let k = 0; k < 5; k++) {
              const [r, c] = [5 * i + k, 5 * j + k];
              H.set(r, c, H.get(r, c) + 2 / (5 * n));
            }
          }
        }
      }
      const top = (M: InstanceType<typeof Matrix>) =>
        Math.max(...new EigenvalueDecomposition(M).realEigenvalues);
      assertAlmostEquals(hessian.largest.value, top(H), 1e-6);
      const D = Matrix.diag([...scale]);
      assertAlmostEquals(
        preconditioned!.largest.value,
        top(D.mmul(H).mmul(D)),
        1e-6,
      );
      assertEquals(preconditioned!.left_out, 0);
      assertAlmostEquals(
        edge.ratio!,
        preconditioned!.largest.value / edge.threshold!,
        1e-12,
      );
    },
  );
});

Deno.test("edge-of-stability says what Adam's Hessian takes", async () => {
  const result = await ask(
    edgeOfStability,
    await contextOf({ modulus: 5, hidden: [4] }),
    { traceSamples: 2, lanczosProducts: 5 },
  );
  assertEquals(result.preconditioned, null);
  assertEquals(result.edge.ratio, null);
  assertEquals(result.hessian.products, 5);
  assertEquals(result.notes.length, 2);
  assert(result.notes[0]!.includes("second moment"));
  assert(result.notes[1]!.includes("⊥Grad"));
  assert(edgeOfStability.text(result).some((line) => line.includes("2/η")));
});

Deno.test("edgeOf() knows no edge of what has none", () => {
  const of = (config: ConfigInput) => edgeOf(resolveConfig(config), 0.1);
  assertEquals(of({ optimizer: "lion" }).threshold, null);
  assertEquals(
    of({ optimizer: "sgd", lrOverGradientNorm: true }).threshold,
    null,
  );
  assertEquals(of({ optimizer: "sgd" }).threshold, 20);
  assertAlmostEquals(of({ optimizer: "adamw", beta1: 0.9 }).threshold!, 380);
});

Deno.test("learningRateAt() is the schedule's", async () => {
  const config = resolveConfig({ schedule: "cosine", steps: 100, lr: 0.3 });
  assertAlmostEquals(await learningRateAt(config, 50), 0.15, 1e-12);
  assertEquals(await learningRateAt(resolveConfig({ lr: 0.3 }), 50), 0.3);
});
