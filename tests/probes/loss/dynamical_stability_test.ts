/**
 * `dynamical-stability`: held to dense Hessians that PyTorch made in float64
 * (tests/golden/probes/make_stability.py), to closed forms, and estimates to what is
 * exact.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { treeOf } from "../../../lib/base/tree.ts";
import { type ConfigInput, resolveConfig } from "../../../lib/config/config.ts";
import {
  openBatchObjective,
  openObjective,
} from "../../../lib/engine/objective.ts";
import { makeExperiment } from "../../../lib/experiment/experiment.ts";
import type { LossName } from "../../../lib/losses/mod.ts";
import { lanczos, type Vector } from "../../../lib/numeric/lanczos.ts";
import {
  matrixMoments,
  ratioOf,
  rootOf,
} from "../../../lib/numeric/matrix_moments.ts";
import { randomKey } from "../../../lib/numeric/random.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { NotApplicableError } from "../../../lib/probes/mod.ts";
import {
  batchCurvature,
  batchesOf,
} from "../../../lib/probes/loss/batch_curvature.ts";
import { dynamicalStability } from "../../../lib/probes/loss/dynamical_stability.ts";
import { perpCurvature } from "../../../lib/probes/loss/perp_curvature.ts";
import {
  assertClose,
  golden,
  goldenModels,
  MODEL_CONFIGS,
  type ModelName,
} from "../../_golden.ts";
import { readMetrics } from "../../../lib/runs/read.ts";
import { contextOf } from "../_contexts.ts";
import { withRun } from "./_runs.ts";

interface OfBatches {
  readonly sharpness: number;
  readonly silent: number;
  readonly squares: number;
}
const { cases } = await golden<{
  cases: {
    model: ModelName;
    loss: LossName;
    trace: number;
    frobenius: number;
    one: OfBatches;
    three: OfBatches;
    perp_tensor: number;
    perp_global: number;
  }[];
}>("probes/stability");
const models = await goldenModels();

// As in tests/engine/objective_test.ts; sums of up to 113 squares lose no more.
const TOLERANCE = { relative: 1000 * 2 ** -52, absolute: 1000 * 2 ** -52 };
// Lanczos's eigenvalues lie within a few ε‖H‖ per product of H's.
const EIGENVALUES = { relative: 0, absolute: 120 * 2 ** -52 * 50 };

const config = (model: ModelName, loss: LossName, more: ConfigInput = {}) =>
  resolveConfig({
    ...MODEL_CONFIGS[model],
    loss,
    precision: "float64",
    lossPrecision: "float64",
    ...more,
  });

function experimentOf(model: ModelName, loss: LossName) {
  const { inputs, labels, shapes, init } = models[model];
  const experiment = makeExperiment(config(model, loss));
  const rows = { inputs, labels };
  const params = Object.entries(init).map(([path, values]) =>
    [
      path,
      hostTensorOf("float64", shapes[path]!, values.map(Math.fround)),
    ] as const
  );
  return {
    ...experiment,
    split: { ...experiment.split, train: rows, test: rows },
    params: treeOf(params),
  };
}

for (const golden of cases) {
  const { model, loss } = golden;
  Deno.test(`what SGD bears is PyTorch's: ${loss} of ${model}`, async () => {
    const experiment = experimentOf(model, loss);
    const f = openObjective(experiment);
    const times = (v: Vector) => f.hessianTimes(f.at, v);
    const key = randomKey(0);
    const moments = await matrixMoments(times, f.size, key("signs"), f.size);
    assert(moments.exact);
    const found = [moments.trace, rootOf(moments.squares)];
    assertEquals(found.map((x) => x.standard_error), [0, 0]);
    assertClose(
      found.map(({ mean }) => mean),
      [golden.trace, golden.frobenius],
      TOLERANCE,
      "trace and ‖H‖_F",
    );

    const n = experiment.split.train.labels.length;
    for (
      const [size, expected] of [[1, golden.one], [3, golden.three]] as const
    ) {
      const ofBatch = openBatchObjective(experiment, size);
      const batches = size === 1 ? batchesOf(n, 1, n, key) : {
        batches: Array.from(
          { length: Math.floor(n / 3) },
          (_, i) => [3 * i, 3 * i + 1, 3 * i + 2],
        ),
        all: true,
      };
      assert(batches.all);
      // Every vector of every batch is slow: where there are few of both.
      const whole = size === 3 && model !== "transformer";
      const vectors = whole ? f.size : 1;
      const of = await batchCurvature(ofBatch, batches, vectors, key);
      assertEquals(of.silent, expected.silent);
      assertEquals(of.sharpness!.standard_error, 0);
      assertEquals(of.squares.standard_error === 0, whole);
      assertClose(
        [of.sharpness!.mean, ...whole ? [of.squares.mean] : []],
        [expected.sharpness, ...whole ? [expected.squares] : []],
        TOLERANCE,
        `batches of ${size}`,
      );
      await ofBatch.close();
    }

    for (const scope of ["tensor", "global"] as const) {
      const behind = await perpCurvature(
        config(model, loss, {
          optimizer: "sgd",
          perpGrad: true,
          perpScope: scope,
          perpRenormalise: false,
        }),
        f,
        times,
      );
      const all = { tolerance: 0, most: 120 };
      const { largest } = await lanczos(behind!, f.size, key("start"), all);
      assertClose(
        [largest.value],
        [golden[`perp_${scope}`]],
        EIGENVALUES,
        `⊥Grad ${scope}`,
      );
    }
    await f.close();
  });
}

Deno.test("perpCurvature() has the length that ⊥Grad gives back", async () => {
  const experiment = experimentOf("mlp", "softmax");
  const f = openObjective(experiment);
  const times = (v: Vector) => f.hessianTimes(f.at, v);
  const of = (more: ConfigInput) =>
    perpCurvature(
      config("mlp", "softmax", {
        optimizer: "sgd",
        perpGrad: true,
        perpScope: "global",
        ...more,
      }),
      f,
      times,
    );
  const v = f.at.map((_, i) => Math.sin(i)) as Vector;
  const plain = await (await of({ perpRenormalise: false }))!(v);
  const back = await (await of({ perpRenormalise: true }))!(v);
  // One factor of all: 1/√(1 − cos²(θ, g)).
  const g = await f.gradient(f.at);
  const dot = (a: Vector, b: Vector) => a.reduce((s, x, i) => s + x * b[i]!, 0);
  const cos2 = dot(g, f.at) ** 2 / dot(g, g) / dot(f.at, f.at);
  assertClose(
    Array.from(back),
    Array.from(plain, (x) => x / Math.sqrt(1 - cos2)),
    TOLERANCE,
    "renormalised",
  );
  // The result is across the weights.
  assertAlmostEquals(dot(plain, f.at), 0, 1e-12);
  for (
    const more of [
      { perpGrad: false },
      { perpAt: "update" },
      { optimizer: "adamw" },
    ] as ConfigInput[]
  ) assertEquals(await of(more), undefined);
  await f.close();
});

Deno.test("estimates are within their standard errors, and exact from P on", async () => {
  // A is 1, 2, …, 30 on the diagonal and ½ beside it.
  const size = 30;
  const times = (v: Vector) =>
    v.map((x, i) =>
      (i + 1) * x + 0.5 * ((v[i - 1] ?? 0) + (v[i + 1] ?? 0))
    ) as Vector;
  const [trace, squares] = [30 * 31 / 2, 30 * 31 * 61 / 6 + 29 / 2];
  const exact = await matrixMoments(times, size, randomKey(0)("v"), size);
  assertAlmostEquals(exact.trace.mean, trace, 1e-9);
  assertAlmostEquals(exact.squares.mean, squares, 1e-8);
  assertEquals(exact.trace.samples, size);
  const deviations = { trace: 0, squares: 0 };
  for (let seed = 0; seed < 200; seed++) {
    const found = await matrixMoments(times, size, randomKey(seed)("v"), 29);
    assert(!found.exact && found.trace.samples === 29);
    deviations.trace +=
      ((found.trace.mean - trace) / found.trace.standard_error) ** 2 / 200;
    deviations.squares +=
      ((found.squares.mean - squares) / found.squares.standard_error) ** 2 /
      200;
  }
  // Student's t² with 28 degrees of freedom has mean 28/26, and of 200 of them the
  // mean a standard deviation of about 0.11.
  for (const x of Object.values(deviations)) assert(x > 0.7 && x < 1.5, `${x}`);
  const root = rootOf({ mean: 4, standard_error: 0.4, samples: 9 });
  assertEquals(root, { mean: 2, standard_error: 0.1, samples: 9 });
  const ratio = ratioOf(
    { mean: 6, standard_error: 0.3, samples: 9 },
    { mean: 2, standard_error: 0.1, samples: 5 },
  );
  assertAlmostEquals(ratio.standard_error, 3 * Math.hypot(0.05, 0.05), 1e-12);
});

Deno.test("batchesOf() has all batches where there are no more", () => {
  const key = randomKey(1);
  const rows = (batches: readonly (readonly number[])[]) =>
    batches.flat().toSorted((a, b) => a - b);
  const all = batchesOf(6, 1, 6, key);
  assert(all.all);
  assertEquals(rows(all.batches), [0, 1, 2, 3, 4, 5]);
  assertEquals(batchesOf(6, 6, 50, key), {
    batches: [[0, 1, 2, 3, 4, 5]],
    all: true,
  });
  const some = batchesOf(6, 1, 5, key);
  assert(!some.all && some.batches.length === 5);
  for (const batch of batchesOf(6, 4, 20, key).batches) {
    assertEquals(new Set(batch).size, 4);
  }
});

// L = mean ‖Wᵀx − onehot‖²/C: H_i = I ⊗ 2xxᵀ/C whatever the weights, ‖x‖² = 2 of a
// two-hot row. So H_i has the eigenvalue 4/C, C times, and the gradient lies in its
// space: batch sharpness is 4/C, ‖H_i‖_F² = 16/C, Tr H = 4.
const LINEAR = {
  modulus: 5,
  hidden: [],
  loss: "mse",
  optimizer: "sgd",
  perpGrad: false,
  lr: 0.1,
  batchSize: 1,
} as const;

Deno.test("dynamical-stability of a linear model with mean squared error", async () => {
  const context = await contextOf(LINEAR);
  const result = await ask(dynamicalStability, context, {
    stabilityVectors: 50,
  });
  assertEquals(result.parameters, 50);
  assertEquals([result.batch_size, result.all_batches], [1, true]);
  assertEquals(result.batches, result.samples);
  const exact = (value: number, samples: number) => ({
    value,
    standard_error: 0,
    samples,
    times_rate: value / 10,
  });
  const near = (a: typeof result.trace | null, value: number, n: number) => {
    const expected = exact(value, n);
    assertAlmostEquals(a!.value, expected.value, 1e-9);
    assertAlmostEquals(a!.times_rate!, expected.times_rate, 1e-10);
    assertEquals([a!.standard_error, a!.samples], [0, n]);
  };
  near(result.trace, 4, 50);
  near(result.batch_sharpness, 0.8, result.samples);
  near(result.second_moment, 0.8, result.samples);
  assertAlmostEquals(
    result.largest.times_rate!,
    result.largest.value * 0.1,
    1e-12,
  );
  assert(result.largest.value < 0.8);
  assertEquals([result.perpendicular, result.notes], [null, []]);
  assertEquals(JSON.parse(JSON.stringify(result)), result);

  // Of fewer vectors and batches all is estimated, by the seed that is told.
  const of = (stabilitySeed: number) =>
    ask(dynamicalStability, context, {
      stabilityVectors: 8,
      stabilityBatches: 6,
      stabilityBatchSize: 2,
      stabilitySeed,
    });
  const [a, again, b] = [await of(3), await of(3), await of(4)];
  assertEquals(a, again);
  assert(a.frobenius.value !== b.frobenius.value && a.seed === 3);
  assert(a.trace.standard_error! > 0 && a.batches === 6 && !a.all_batches);
  const text = dynamicalStability.text(a).join("\n");
  assert(text.includes("B = 2; η = 0.1000; seed 3"), text);
  assert(text.includes("(8 vectors)") && text.includes("6 of 6 batches"), text);
});

Deno.test("dynamical-stability says what its bounds do not speak of", async () => {
  const context = await contextOf({
    ...LINEAR,
    momentum: 0.9,
    perpGrad: true,
    weightDecay: 0.1,
  });
  const few = { stabilityVectors: 2, stabilityBatches: 2 };
  const { notes, perpendicular } = await ask(dynamicalStability, context, few);
  assertEquals(notes.length, 3);
  assert(perpendicular !== null);
  await assertRejects(
    () => ask(dynamicalStability, context, { ...few, stabilityBatchSize: 99 }),
    NotApplicableError,
    "--stability-batch-size must be at most",
  );
});

// Wu & Su's bound where it is exact: rows √T·qᵢ with orthonormal qᵢ, so that a step
// on row i multiplies the part of w along qᵢ by 1 − ηT and leaves the others.
const LINE = {
  task: "orthogonal-features",
  features: 20,
  hidden: [],
  biases: false,
  loss: "squared-error",
  lossPrecision: "float32",
  optimizer: "sgd",
  perpGrad: false,
  lr: 0.1,
  batchSize: 1,
  steps: 20_000,
  evalEvery: 1000,
} as const;

for (
  const [hessianTrace, told] of [
    [19.9, "decays"],
    [20.1, "grows"],
    [25, "diverges"],
  ] as const
) {
  Deno.test(`SGD at Tr H = ${hessianTrace}, η = 0.1, ${told}`, async () => {
    await withRun(
      { ...LINE, hessianTrace, steps: told === "diverges" ? 100 : 20_000 },
      async (context, run) => {
        const result = await ask(dynamicalStability, context, {
          stabilityVectors: 20,
        });
        // The tasks' numbers are float32's.
        const near = (x: number, expected: number) =>
          assertAlmostEquals(x / expected, 1, 1e-6);
        near(result.trace.times_rate!, hessianTrace / 10);
        near(result.largest.times_rate!, hessianTrace / 200);
        near(result.frobenius.value, hessianTrace / Math.sqrt(20));
        near(result.second_moment!.times_rate!, hessianTrace / 10);
        near(result.batch_sharpness!.times_rate!, hessianTrace / 10);
        assertEquals(result.batch_size, 1);
        // Every epoch has each row once: |1 − ηT| of each, steps/20 times.
        const { steps } = run.config;
        const rows = await readMetrics(run.path);
        const [first, last] = [rows[0]!, rows.at(-1)!];
        assertEquals(last.step, steps);
        const factor = (hessianTrace / 10 - 1) ** (steps / 20);
        const grown = last.weight_norm / first.weight_norm;
        assertAlmostEquals(Math.log(grown) / Math.log(factor), 1, 1e-3);
        assertEquals(grown > 1, told !== "decays");
      },
    );
  });
}
