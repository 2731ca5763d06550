/** `edge-of-stability`, and what probes of the gradient need. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../../lib/config/config.ts";
import { toNumbers } from "../../../lib/numeric/tensor.ts";
import { decodeTensors } from "../../../lib/onnx/file/read_tensors.ts";
import { edgeOfStability } from "../../../lib/probes/loss/edge_of_stability.ts";
import { edgeOf } from "../../../lib/probes/loss/optimizer_edge.ts";
import {
  experimentAt,
  learningRateAt,
} from "../../../lib/probes/context/experiment_at.ts";
import { NotApplicableError, ProbeContext } from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { nlm } from "../../../lib/probes/loss/nlm.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { contextOf } from "../_contexts.ts";
import { withRun } from "./_runs.ts";

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
