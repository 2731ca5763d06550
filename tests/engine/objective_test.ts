/**
 * The train loss's curvature, held to dense Hessians that PyTorch made in
 * float64 (tests/golden/probes/make_hessian.py).
 */

import { assert } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import type { LossName } from "../../lib/losses/mod.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { hutchinson, lanczos, type Vector } from "../../lib/numeric/lanczos.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { type Objective, openObjective } from "../../lib/engine/objective.ts";
import { treeOf } from "../../lib/base/tree.ts";
import {
  assertClose,
  golden,
  goldenModels,
  MODEL_CONFIGS,
  type ModelName,
} from "../_golden.ts";

const { cases } = await golden<{
  cases: {
    model: ModelName;
    loss: LossName;
    value: number;
    hessian_times: number[];
    least: number;
    largest: number;
    trace: number;
    largest_preconditioned: number;
  }[];
}>("probes/hessian");
const models = await goldenModels();

/** The loss of a model of trajectories.json on all its rows, in float64. */
function objectiveOf(model: ModelName, loss: LossName): Objective {
  const { inputs, labels, shapes, init } = models[model];
  const experiment = makeExperiment(resolveConfig({
    ...MODEL_CONFIGS[model],
    loss,
    precision: "float64",
    lossPrecision: "float64",
  }));
  const rows = { inputs, labels };
  const params = Object.entries(init).map(([path, values]) =>
    [
      path,
      // The file has the shortest decimals that name a float32.
      hostTensorOf("float64", shapes[path]!, values.map(Math.fround)),
    ] as const
  );
  return openObjective({
    ...experiment,
    split: { ...experiment.split, train: rows, test: rows },
    params: treeOf(params),
  });
}

// Products of at most 40 terms through six layers there and back, and there and
// back again for the second derivative: 200 roundings of numbers of about 1.
const TOLERANCE = { relative: 200 * 2 ** -52, absolute: 200 * 2 ** -52 };

for (const golden of cases) {
  const { model, loss } = golden;
  Deno.test(`the Hessian is PyTorch's: ${loss} of ${model}`, async () => {
    const f = objectiveOf(model, loss);
    const times = (v: Vector) => f.hessianTimes(f.at, v);
    const v = f.at.map((_, i) => Math.sin(i + 1)) as Vector;
    assertClose([await f.loss(f.at)], [golden.value], TOLERANCE, "loss");
    assertClose(await times(v), golden.hessian_times, TOLERANCE, "Hv");

    // So many products that the spectrum's ends are there to the last digits.
    const stream = randomKey(0)("test");
    const all = { tolerance: 0, most: 120 };
    const { largest, least } = await lanczos(times, f.size, stream, all);
    // Orthogonalised twice, the basis is orthogonal to rounding; the eigenvalues
    // of T lie within a few ε‖H‖ per product of H's.
    const rounding = { relative: 0, absolute: 120 * 2 ** -52 * 10 };
    assertClose([largest.value], [golden.largest], rounding, "largest");
    assertClose([least.value], [golden.least], rounding, "least");

    // Stopped at a residual: an eigenvalue is as near as it says.
    const early = await lanczos(times, f.size, randomKey(1)("test"));
    assert(early.converged);
    assert(early.products < 120);
    assertClose(
      [early.largest.value],
      [golden.largest],
      { relative: 0, absolute: early.largest.residual },
      "largest within its residual",
    );
    // The least one by its own residual, small as it may be beside the largest.
    const { least: own } = early;
    assert(own.converged && own.residual <= 1e-3 * Math.abs(own.value));
    assertClose(
      [own.value],
      [golden.least],
      { relative: 0, absolute: own.residual },
      "least within its residual",
    );
    const soon = await lanczos(times, f.size, randomKey(1)("test"), {
      most: 10,
    });
    assert(!soon.least.converged && soon.least.value >= golden.least);

    const root = f.at.map((_, i) => (0.1 + (i % 7) / 7) ** -0.5);
    const scaled = async (v: Vector) =>
      (await times(v.map((x, i) => x * root[i]!) as Vector))
        .map((x, i) => x * root[i]!) as Vector;
    const preconditioned = await lanczos(scaled, f.size, stream, all);
    assertClose(
      [preconditioned.largest.value],
      [golden.largest_preconditioned],
      { relative: 0, absolute: 10 * rounding.absolute },
      "largest, preconditioned",
    );

    // The trace lies within four standard errors, of a fixed seed.
    const trace = await hutchinson(times, f.size, stream, 50);
    assert(
      Math.abs(trace.mean - golden.trace) < 4 * trace.standard_error,
      `trace ${trace.mean} ± ${trace.standard_error}, wanted ${golden.trace}`,
    );
    await f.close();
  });
}

Deno.test("the Hessian of a float32 model differs by its rounding only", async () => {
  const wide = objectiveOf("mlp", "stablemax");
  const experiment = makeExperiment(
    resolveConfig({ ...MODEL_CONFIGS.mlp, loss: "stablemax" }),
  );
  const { inputs, labels } = models.mlp;
  const rows = { inputs, labels };
  const narrow = openObjective({
    ...experiment,
    split: { ...experiment.split, train: rows, test: rows },
    params: treeOf(
      wide.parts.map(({ path, begin, end }) => [
        path,
        hostTensorOf(
          "float32",
          models.mlp.shapes[path]!,
          wide.at.subarray(begin, end),
        ),
      ]),
    ),
  });
  const v = wide.at.map((_, i) => Math.sin(i + 1)) as Vector;
  const rounding = { relative: 200 * 2 ** -23, absolute: 200 * 2 ** -23 };
  assertClose(
    await narrow.hessianTimes(narrow.at, v),
    await wide.hessianTimes(wide.at, v),
    rounding,
    "Hv",
  );
  await wide.close();
  await narrow.close();
});
