import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as fc from "fast-check";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { fourier } from "../../lib/probes/fourier/fourier.ts";
import { fourierBasis, gini } from "../../lib/probes/fourier/spectra.ts";
import { degreesOf } from "../../lib/onnx/inspect/homogeneity.ts";
import { logitScaling } from "../../lib/probes/loss/logit_scaling.ts";
import { nlm } from "../../lib/probes/loss/nlm.ts";
import { NotApplicableError, ProbeContext } from "../../lib/probes/mod.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { contextOf, table, wave } from "./_contexts.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";

for (const p of [2, 3, 8, 11, 113]) {
  Deno.test(`fourierBasis() is orthonormal for p = ${p}`, () => {
    const basis = fourierBasis(p);
    assertEquals(basis.length, p);
    for (const [i, x] of basis.entries()) {
      for (const [j, y] of basis.entries()) {
        const dot = x.reduce((sum, v, n) => sum + v * y[n]!, 0);
        assertAlmostEquals(dot, i === j ? 1 : 0, 1e-12);
      }
    }
  });
}

Deno.test("fourier finds the waves that an embedding was made of", async () => {
  const p = 11;
  // Frequencies 2 and 5; 3 is there too, below a quarter of the largest. The
  // last row is "=", which is no residue and must not count.
  const columns = [
    wave(p, 2),
    wave(p, 2, -Math.PI / 2),
    wave(p, 5, 0.7),
    (n: number) => 0.2 * wave(p, 3)(n) + 4,
  ];
  const W_E = table(p + 1, columns.map((f) => (n) => n === p ? 1e3 : f(n)));
  const context = await contextOf(
    { model: "transformer", modulus: p, dModel: 4, heads: 1, dMlp: 4 },
    { W_E },
  );
  const { embedding, rules } = await ask(fourier, context);
  assertEquals(rules.embedding, [2, 5]);
  const result = embedding!;
  // A unit wave over Z_p has squared norm p/2.
  const power = (k: number) =>
    result.cos_norms[k - 1]! ** 2 + result.sin_norms[k - 1]! ** 2;
  assertAlmostEquals(power(2), p, 1e-5);
  assertAlmostEquals(power(5), p / 2, 1e-5);
  assertAlmostEquals(power(3), 0.04 * p / 2, 1e-5);
  assertAlmostEquals(power(1), 0, 1e-10);
  assertAlmostEquals(result.constant_norm, 4 * Math.sqrt(p), 1e-4);
  assertAlmostEquals(result.power_share!, 1.5 / 1.52, 1e-6);
});

Deno.test("fourier reads both halves of an MLP's first layer", async () => {
  const p = 8; // even: the last frequency has no sine
  const first = table(2 * p, [
    (n) => n < p ? wave(p, 1)(n) : 0,
    (n) => n < p ? 0 : (-1) ** n,
  ]);
  const context = await contextOf(
    { modulus: p, hidden: [2], trainFraction: 0.5 },
    { "layers.0.W": first },
  );
  const result = await ask(fourier, context);
  const parts = result.embedding_parts;
  assertEquals(parts.map((part) => part.key_frequencies), [[1], [4]]);
  assertEquals(result.rules.embedding, [1, 4]);
  assertAlmostEquals(result.embedding!.power_share!, 1, 1e-9);
  assertEquals(result.embedding!.sin_norms.at(-1), 0);
});

Deno.test("fourier finds no few frequencies in a random embedding", async () => {
  const result = await ask(fourier, await contextOf({}));
  assertEquals(result.rules.embedding!.length, 56);
  assertEquals(result.embedding!.gini! < 0.1, true);
  assertEquals(result.rules.neurons, []);
});

Deno.test("gini() of equal numbers is 0, of a single one near 1", () => {
  assertAlmostEquals(gini([3, 3, 3, 3]), 0, 1e-12);
  assertAlmostEquals(gini([0, 0, 0, 5]), 3 / 4, 1e-12);
});

Deno.test("gini() agrees with the mean absolute difference", () => {
  // G = Σᵢⱼ|cᵢ − cⱼ| / (2N²·mean), the definition that is not sorted.
  fc.assert(fc.property(
    fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    }),
    (c) => {
      const total = c.reduce((a, b) => a + b, 0);
      const differences = c.flatMap((x) => c.map((y) => Math.abs(x - y)));
      const expected = differences.reduce((a, b) => a + b, 0) /
        (2 * c.length * total);
      assertAlmostEquals(gini(c), expected, 1e-9);
    },
  ));
});

Deno.test("logit-scaling: a bias-free MLP of L layers grows like α^L", async () => {
  for (
    const [hidden, depth] of [[[9], 2], [[12, 10], 3], [[8, 8, 8], 4]] as const
  ) {
    const context = await contextOf({ modulus: 7, hidden: [...hidden] });
    const result = await ask(logitScaling, context);
    assertAlmostEquals(result.exponent!, depth, 1e-5);
    assertEquals(result.depth, depth);
    assertEquals(result.homogeneous, true);
    const accuracies = new Set(result.rows.map((row) => row.accuracy));
    assertEquals(accuracies.size, 1); // growing weights change no prediction
    for (const { alpha, logit_scale, correlation } of result.rows) {
      assertAlmostEquals(correlation!, 1, 1e-6);
      const { logit_scale: scale } = result.rows[1]!;
      assertAlmostEquals(
        logit_scale! / scale!,
        alpha ** depth,
        1e-4 * alpha ** depth,
      );
    }
  }
});

Deno.test("logit-scaling: biases and attention break homogeneity", async () => {
  const cases: [ConfigInput, number][] = [
    [{ modulus: 7, hidden: [12, 10], biases: true }, 3],
    [{ modulus: 7, model: "transformer", dModel: 8, heads: 2, dMlp: 8 }, 6],
    [{ task: "parity", bits: 8, samples: 50, hidden: [6] }, 2],
  ];
  for (const [config, depth] of cases) {
    const result = await ask(logitScaling, await contextOf(config));
    assertEquals(result.homogeneous, false);
    assertEquals(result.depth, depth);
    assertEquals(result.exponent! < depth, true);
  }
});

Deno.test("logit-scaling measures accuracy, loss and collapse of known logits", async () => {
  // One hidden unit per pair that sees it alone would be large; instead the
  // logits depend on a only: row a of W₀ is a unit, b is ignored, so class a
  // gets the logit 16·α² and every other 0.
  const p = 3;
  const unit = (n: number, j: number) => n === j ? 4 : 0;
  const first = table(2 * p, [0, 1, 2].map((j) => (n) => unit(n, j)));
  const second = table(p, [0, 1, 2].map((j) => (n) => unit(n, j)));
  const context = await contextOf(
    { modulus: p, hidden: [p], trainFraction: 0.5, loss: "softmax" },
    { "layers.0.W": first, "layers.1.W": second },
  );
  const { rows, exponent } = await ask(logitScaling, context);
  assertAlmostEquals(exponent!, 2, 1e-6);
  for (const { alpha, accuracy, loss, softmax_collapse, logit_rms } of rows) {
    const z = 16 * alpha ** 2;
    assertAlmostEquals(accuracy, 1 / 3, 1e-12); // right where b = 0
    assertAlmostEquals(logit_rms, z / Math.sqrt(3), 1e-6 * z);
    const log = Math.log(1 + 2 * Math.exp(-z));
    assertAlmostEquals(loss, log + 2 / 3 * z, 1e-9 * z);
    // 2e^−z is lost beside 1 below half of its last place.
    const lost = (bits: number) => 2 * Math.exp(-z) < 2 ** -(bits + 1) ? 1 : 0;
    assertEquals(softmax_collapse, {
      float16: lost(10),
      float32: lost(23),
      float64: lost(52),
    });
  }
});

Deno.test("weights that are not finite are said to be, by every probe of them", async () => {
  const W = table(10, [() => NaN, () => 1, () => 1, () => 1]);
  const context = await contextOf(
    { modulus: 5, hidden: [4] },
    { "layers.0.W": W },
  );
  const asked = [() => ask(logitScaling, context), () => ask(nlm, context)];
  for (const ask of asked) {
    await assertRejects(ask, NotApplicableError, "not finite");
  }
});

Deno.test("degreesOf() a LayerNorm is that of its scale and bias", () => {
  const graph = (bias: string[]) => ({
    input: [{ name: "x" }],
    initializer: ["W", "scale", "bias"].map((name) => ({ name })),
    node: [
      { opType: "MatMul", input: ["x", "W"], output: ["y"] },
      {
        opType: "LayerNormalization",
        input: ["y", "scale", ...bias],
        output: ["z"],
      },
    ],
  });
  const degree = (weights: string[], ...bias: string[]) =>
    degreesOf(graph(bias), weights).get("z");
  const constant = { lowest: 0, highest: 0 };
  // Its ε keeps it from being exactly constant in W.
  assertEquals(degree(["W"]), { ...constant, homogeneous: false });
  assertEquals(degree(["scale"]), { lowest: 1, highest: 1, homogeneous: true });
  assertEquals(degree(["bias"], "bias"), {
    ...{ lowest: 0, highest: 1 },
    homogeneous: false,
  });
  assertEquals(degree([]), { ...constant, homogeneous: true });
});

Deno.test("degreesOf() leaves out what is behind an unknown operator", async () => {
  const { model } = await contextOf({ modulus: 5, hidden: [4] });
  const relu = model.graph.node.find((node) => node.opType === "Relu")!;
  relu.opType = "Mystery";
  const degrees = degreesOf(model.graph, model.weightNames);
  assertEquals(degrees.get("logits"), undefined);
  assertEquals(degrees.get("layers.0.hook_pre")?.highest, 1);
});

Deno.test("probes say what a checkpoint lacks", async () => {
  const parity = await contextOf({ task: "parity", bits: 6, samples: 20 });
  await assertRejects(() => ask(fourier, parity), NotApplicableError, "parity");
  const { model, params } = makeExperiment(resolveConfig({ modulus: 5 }));
  const writer = await checkpointWriter(model, params);
  const foreign = new ProbeContext(
    new ProbeModel(
      writer.encode(Object.fromEntries(leavesOf(params)), {}),
      "x",
    ),
  );
  await assertRejects(
    () => ask(fourier, foreign),
    NotApplicableError,
    "which task",
  );
  await assertRejects(
    () => ask(logitScaling, foreign),
    NotApplicableError,
  );
});
