/** `compressibility` of features and networks whose answers are known. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { nearestOfRank, singularVectors } from "../../../lib/numeric/eigen.ts";
import { type Matrix, matrixOf } from "../../../lib/numeric/matrix.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { ask, probe } from "../../../lib/probes/asking/probe_checkpoint.ts";
import type { ProbeContext } from "../../../lib/probes/context/context.ts";
import { classSeparation } from "../../../lib/probes/geometry/class_separation.ts";
import {
  areaOf,
  compressibility,
} from "../../../lib/probes/geometry/compressibility.ts";
import { countOf } from "../../../lib/probes/geometry/pruning.ts";
import { NotApplicableError } from "../../../lib/probes/mod.ts";
import { assertClose, golden } from "../../_golden.ts";
import { contextOf, table } from "../_contexts.ts";
import { CONFIG, P } from "../_units.ts";

const SHARES = Array.from({ length: 20 }, (_, i) => i / 20);

const rowsOf = (rows: readonly (readonly number[])[]): Matrix =>
  matrixOf(rows.length, rows[0]!.length, rows.flat());

// In two parts, so that rows are counted on.
const separationOf = (rows: readonly (readonly number[])[], labels: number[]) =>
  classSeparation(
    (async function* () {
      yield await { first: 0, some: rowsOf(rows.slice(0, 2)) };
      yield await { first: 2, some: rowsOf(rows.slice(2)) };
    })(),
    labels,
  );

Deno.test("classSeparation() of features that are known", async () => {
  const [x, y, none] = [[1, 0], [0, 3], [0, 0]];
  // A direction for each class, however long, and whatever the classes' sizes.
  assertEquals(
    await separationOf([x, [5, 0], y, x], [4, 4, 7, 4]),
    { r2: 1, zero_rows: 0 },
  );
  // The same means.
  assertAlmostEquals((await separationOf([x, y, x, y], [0, 0, 1, 1])).r2!, 0);
  // d_within = (0 + 1/2)/2, d_total = 1 − (3/4)² − (1/4)² = 3/8.
  assertAlmostEquals(
    (await separationOf([x, x, x, x, y], [0, 0, 0, 1, 1])).r2!,
    1 / 3,
  );
  // One direction for all says nothing, and a row of zeros has none.
  assertEquals((await separationOf([x, x, [2, 0]], [0, 1, 1])).r2, null);
  assertEquals(
    await separationOf([x, none, none, y], [0, 0, 1, 1]),
    { r2: 1, zero_rows: 2 },
  );
  assertEquals(
    await separationOf([none, none, none], [0, 1, 1]),
    { r2: null, zero_rows: 3 },
  );
});

Deno.test("countOf() of twentieths is what they are of", () => {
  for (let n = 1; n < 400; n++) {
    SHARES.forEach((share, i) =>
      assertEquals(
        countOf(share, n),
        (i * n - i * n % 20) / 20,
        `${i}/20 · ${n}`,
      )
    );
  }
});

Deno.test("areaOf() is the mean of what is kept", () => {
  assertAlmostEquals(areaOf(SHARES, SHARES.map(() => 0.3))!, 1);
  // The mean of 1 − s over [0, 0.95].
  assertAlmostEquals(areaOf(SHARES, SHARES.map((s) => 1 - s))!, 0.525);
  assertAlmostEquals(areaOf([0, 1, 3], [2, 2, 4])!, (2 + 6) / 3 / 2);
  assertEquals(areaOf([0, 1], [0, 0.5]), null);
});

Deno.test("nearestOfRank() keeps the largest singular values", async () => {
  // σ = 3, 2 along axes that are turned.
  for (const [rows, columns] of [[3, 2], [2, 3]] as const) {
    const u = Array.from({ length: rows }, (_, i) => i === 1 ? 0.6 : 0.8);
    const wide = (i: number, j: number) =>
      i > 1 || j > 1 ? 0 : 3 * u[i]! * [0.6, 0.8][j]! +
        2 * [0.6, -0.8][i]! * [-0.8, 0.6][j]!;
    const data = Array.from(
      { length: rows * columns },
      (_, at) => wide(Math.floor(at / columns), at % columns),
    );
    const vectors = await singularVectors(matrixOf(rows, columns, data));
    assertClose(
      vectors.values,
      [3, 2],
      { relative: 1e-12, absolute: 0 },
      "σ",
    );
    const near = { relative: 0, absolute: 1e-14 };
    assertClose(nearestOfRank(vectors, 2).data, data, near, "all of it");
    const one = data.map((_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      return i > 1 || j > 1 ? 0 : 3 * u[i]! * [0.6, 0.8][j]!;
    });
    assertClose(nearestOfRank(vectors, 1).data, one, near, "rank 1");
  }
});

interface Reference {
  readonly separation: readonly {
    readonly name: string;
    readonly features: number[][];
    readonly labels: number[];
    readonly r2: number;
    readonly zero_rows: number;
  }[];
  readonly perceptron: {
    readonly modulus: number;
    readonly hidden: number[];
    readonly weights: number[][][];
    readonly pruned: number[][];
    readonly lowered: number[][];
    readonly sparsity: number;
  };
}

Deno.test("NumPy says the same of class separation, pair by pair", async () => {
  const { separation } = await golden<Reference>("probes/compressibility");
  for (const { name, features, labels, r2, zero_rows } of separation) {
    const found = await separationOf(features, labels);
    assertEquals(found.zero_rows, zero_rows, name);
    // Sums of some hundred cosines in float64.
    assertClose([found.r2!], [r2], { relative: 1e-11, absolute: 0 }, name);
  }
});

const accuracies = (
  context: ProbeContext,
  predictions: readonly (readonly number[])[],
) =>
  Object.entries(context.task.split()).map(([part, of]) => {
    const { rows, labels } = of as { rows: Int32Array; labels: Int32Array };
    const accuracy = predictions.map((said) =>
      rows.filter((row, i) => said[row] === labels[i]).length / rows.length
    );
    return { part, accuracy };
  });

Deno.test("NumPy says the same of a perceptron without neurons and singular values", async () => {
  const { perceptron } = await golden<Reference>("probes/compressibility");
  const { modulus, hidden, weights, pruned, lowered, sparsity } = perceptron;
  const context = await contextOf(
    { modulus, hidden, trainFraction: 0.6, precision: "float64" },
    Object.fromEntries(weights.map((W, i) => [
      `layers.${i}.W`,
      hostTensorOf("float64", [W.length, W[0]!.length], W.flat()),
    ])),
  );
  const result = await ask(compressibility, context);
  assertEquals(result.shares, SHARES);
  assertEquals(result.neurons, 21);
  const curves = (list: typeof result.pruning) =>
    list.map(({ part, accuracy }) => ({ part, accuracy }));
  assertEquals(curves(result.pruning), accuracies(context, pruned));
  assertEquals(curves(result.spectral), accuracies(context, lowered));
  for (const { accuracy, area } of [...result.pruning, ...result.spectral]) {
    assertEquals(area, areaOf(SHARES, accuracy));
  }
  assertEquals(result.parts.map(({ rows }) => rows), [15, 10]);
  // Of the train rows only; of all rows the share is NumPy's.
  const hooks = [0, 1].map((i) => `layers.${i}.hook_post`);
  const all = await context.model.run(context.inputs(), hooks);
  const zeros = (rows: readonly number[]) =>
    hooks.flatMap((hook) => {
      const { shape: [, width], data } = all[hook]!;
      return rows.flatMap((
        row,
      ) => [
        ...(data as Float64Array).subarray(row * width!, (row + 1) * width!),
      ]);
    });
  const share = (values: number[]) =>
    values.filter((x) => x === 0).length / values.length;
  assertAlmostEquals(share(zeros([...Array(25).keys()])), sparsity);
  const { rows } = context.task.split().train;
  assertAlmostEquals(result.activation_sparsity!, share(zeros([...rows])));
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("compressibility of a network of units", async () => {
  // Class a has the logit s_a². The weakest goes first, whichever way.
  const s = [3, 4, 2];
  const unit = (j: number) => (n: number) => n === j ? s[j]! : 0;
  const context = await contextOf(CONFIG, {
    "layers.0.W": table(2 * P, [0, 1, 2].map(unit)),
    "layers.1.W": table(P, [0, 1, 2].map(unit)),
  });
  const result = await ask(compressibility, context);
  const { a } = context.modular;
  // ⌊0.35 · 3⌋ = 1, ⌊0.7 · 3⌋ = 2: unit 2, then 0; without a unit nothing is
  // larger than the first logit.
  const kept = [[0, 1, 2], [0, 1, 0], [0, 1, 0]] as const;
  const said = SHARES.map((share) => {
    const map = kept[share < 0.34 ? 0 : share < 0.67 ? 1 : 2]!;
    return [...a].map((value) => map[value]!);
  });
  const expected = accuracies(context, said);
  for (const curves of [result.pruning, result.spectral]) {
    assertEquals(
      curves.map(({ part, accuracy }) => ({ part, accuracy })),
      expected,
    );
  }
  assertEquals(result.activation_sparsity, 2 / 3);
  assertEquals(result.zero_rows, 0);
  // The classes' means of onehot(a).
  const { rows, labels } = context.task.split().train;
  const means = [0, 1, 2].map((label) => {
    const own = [...rows].filter((_, i) => labels[i] === label);
    return [0, 1, 2].map((value) =>
      own.filter((row) => a[row] === value).length / own.length
    );
  }).filter((mean) => mean.every(Number.isFinite));
  const square = (x: number[]) => x.reduce((sum, v) => sum + v * v, 0);
  const within = 1 -
    means.reduce((sum, mean) => sum + square(mean), 0) / means.length;
  const total = 1 -
    square(
      [0, 1, 2].map((j) =>
        means.reduce((sum, mean) => sum + mean[j]!, 0) / means.length
      ),
    );
  assertAlmostEquals(result.class_separation!, 1 - within / total, 1e-12);
});

Deno.test("compressibility looks at another tool's perceptron", async () => {
  const path = new URL(
    "../../golden/told/foreign_perceptron.onnx",
    import.meta.url,
  ).pathname;
  const { probes } = await probe(path, ["compressibility"], {
    modulus: 7,
    map: "auto",
  });
  const { parts, pruning, class_separation } = probes.compressibility!;
  assertEquals(parts.map(({ name, rows }) => [name, rows]), [["all", 49]]);
  assert(pruning[0]!.accuracy.at(-1)! <= 1);
  assert(class_separation! <= 1);
});

Deno.test("compressibility says what it cannot look at", async () => {
  const transformer = await contextOf({
    model: "transformer",
    modulus: 5,
    dModel: 8,
    heads: 2,
    dMlp: 8,
  });
  const linear = await contextOf({ modulus: 5, hidden: [] });
  for (
    const [context, says] of [[transformer, "has 0 of"], [
      linear,
      "has 1 of",
    ]] as const
  ) {
    await assertRejects(
      () => ask(compressibility, context),
      NotApplicableError,
      says,
    );
  }
  const wrong = await contextOf({ modulus: 5, hidden: [4] }, {
    "layers.1.W": hostTensorOf("float32", [4, 5], Array(20).fill(NaN)),
  });
  await assertRejects(
    () => ask(compressibility, wrong),
    NotApplicableError,
    "not finite",
  );
});
