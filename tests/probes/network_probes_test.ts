/**
 * The probes of a network as it stands, on networks whose answers are known:
 * `geometry`, `neural-collapse`, `margin`, `numerical-stability`, and the scaling
 * law by module.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { geometry } from "../../lib/probes/geometry/geometry.ts";
import { logitScaling } from "../../lib/probes/loss/logit_scaling.ts";
import { margin, MARGIN_QUANTILES } from "../../lib/probes/loss/margin.ts";
import { NotApplicableError, type ProbeContext } from "../../lib/probes/mod.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { neuralCollapseProbe } from "../../lib/probes/geometry/neural_collapse.ts";
import {
  growthOf,
  numericalStability,
} from "../../lib/probes/loss/numerical_stability.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";
import { assertClose } from "../_golden.ts";
import { contextOf, table, tableNetwork, waveNetwork } from "./_contexts.ts";

const P = 3;

/** The rows s·onehot(a), whatever b: class a gets the logit s². */
const readsA = (s: number): Record<string, HostTensor> => {
  const column = (j: number) => (n: number) => n === j ? s : 0;
  return {
    "layers.0.W": table(2 * P, [0, 1, 2].map(column)),
    "layers.1.W": table(P, [0, 1, 2].map(column)),
  };
};

const CONFIG: ConfigInput = {
  modulus: P,
  hidden: [P],
  trainFraction: 2 / 3,
  loss: "softmax",
};

/** How many train rows have each value. */
const countsOf = (context: ProbeContext, value: "a" | "b") => {
  const { rows } = context.task.split().train;
  const counts = [0, 0, 0];
  for (const row of rows) counts[context.modular[value][row]!]! += 1;
  return counts;
};

Deno.test("geometry of a network of units", async () => {
  const weights = readsA(4);
  // The third unit is dead: its weights are below 0.
  (weights["layers.0.W"]!.data as Float32Array)[2 * P + 2] = -4;
  const context = await contextOf(CONFIG, weights);
  const result = await ask(geometry, context);
  const [first, second] = result.weights;
  for (const { norm, spectrum, head } of [first!, second!]) {
    assertEquals(head, null);
    assertAlmostEquals(norm, 4 * Math.sqrt(3), 1e-12);
    assertClose(
      spectrum!.singular_values,
      [4, 4, 4],
      { relative: 1e-12, absolute: 0 },
      "σ",
    );
    assertAlmostEquals(spectrum!.spectral_norm, 4, 1e-12);
    assertAlmostEquals(spectrum!.stable_rank!, 3, 1e-12);
    assertAlmostEquals(spectrum!.effective_rank!, 3, 1e-12);
  }
  assertAlmostEquals(result.weight_norm, 4 * Math.sqrt(6), 1e-12);
  // 4·onehot(a) where a < 2: columns are orthogonal, as long as they have rows.
  const [zero, one] = countsOf(context, "a") as [number, number, number];
  const [post] = result.activations;
  assertEquals(result.activations.length, 1);
  assertEquals(post!.dead, 1);
  const all = 3 * result.samples;
  assertAlmostEquals(post!.sparsity, 1 - (zero + one) / all, 1e-12);
  const sigma = [zero, one].map((n) => 4 * Math.sqrt(n))
    .sort((a, b) => b - a);
  assertClose(
    post!.spectrum.singular_values,
    [...sigma, 0],
    { relative: 1e-12, absolute: 0 },
    "σ of the activations",
  );
  const shares = sigma.map((x) => x / (sigma[0]! + sigma[1]!));
  const entropy = -shares.reduce((sum, p) => sum + p * Math.log(p), 0);
  assertAlmostEquals(post!.spectrum.effective_rank!, Math.exp(entropy), 1e-12);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("geometry has a matrix for each head, and no rank of biases", async () => {
  const context = await contextOf({
    model: "encoder",
    modulus: 5,
    dModel: 8,
    heads: 2,
    dFf: 12,
  });
  const { weights, activations } = await ask(geometry, context);
  const queries = weights.filter(({ name }) => name.endsWith("attn.W_Q"));
  assertEquals(queries.map(({ head }) => head), [0, 1]);
  assertEquals(queries.map(({ shape }) => shape), [[8, 4], [8, 4]]);
  assert(
    weights.filter(({ name }) => /\.b_|ln\d/.test(name))
      .every(({ spectrum }) => spectrum === null),
  );
  assertEquals(
    activations.map(({ name, width }) => [name, width]),
    [["blocks.0.mlp.hook_post", 12]],
  );
});

Deno.test("neural-collapse of a network that looks its class up", async () => {
  // Features are 5·onehot(class), the classifier is the identity.
  const residues = [0, 1, 2, 3, 4];
  const p = 5;
  const onehot = (c: number, s = 1) => residues.map((k) => k === c ? s : 0);
  const f64 = (rows: number[][]) =>
    hostTensorOf("float64", [rows.length, rows[0]!.length], rows.flat());
  const context = await tableNetwork({
    config: { modulus: p, trainFraction: 0.8, precision: "float64" },
    hidden: f64(
      residues.flatMap((a) => residues.map((b) => onehot((a + b) % p, 5))),
    ),
    out: f64(residues.map((c) => onehot(c))),
    embedding: f64(residues.map((a) => [a])),
  });
  const result = await ask(neuralCollapseProbe, context);
  assertEquals(result.classes, p);
  assertEquals(result.width, p);
  assertAlmostEquals(result.nc1!, 0, 1e-12);
  assertEquals(result.nc4, 0);
  // With shares π_c of the rows, μ_c − μ_G = 5(e_c − π).
  const { labels } = context.task.split().train;
  const share = residues.map((c) =>
    labels.filter((label) => label === c).length / labels.length
  );
  const means = residues.map((c) => onehot(c).map((x, k) => x - share[k]!));
  const lengths = means.map((m) => Math.hypot(...m));
  const mean = lengths.reduce((a, b) => a + b) / p;
  const spread = Math.sqrt(
    lengths.reduce((sum, x) => sum + (x - mean) ** 2, 0) / p,
  );
  assertAlmostEquals(result.nc2_means.equinorm!, spread / mean, 1e-12);
  const frobenius = Math.hypot(...means.flat());
  const distance = residues.flatMap((c) =>
    onehot(c).map((x, k) => x / Math.sqrt(p) - means[c]![k]! / frobenius)
  );
  assertAlmostEquals(result.nc3!, Math.hypot(...distance) ** 2, 1e-12);
  // The classifier's vectors are orthogonal: 1/(C − 1) from the widest angle.
  assertAlmostEquals(result.nc2_classifier.equinorm!, 0, 1e-12);
  assertAlmostEquals(result.nc2_classifier.maximal_angle!, 1 / 4, 1e-12);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("neural-collapse finds the last layer, or says that there is none", async () => {
  const transformer = await contextOf({
    model: "transformer",
    modulus: 5,
    dModel: 8,
    heads: 2,
    dMlp: 8,
    outputScale: 3,
  });
  const { width, classes } = await ask(neuralCollapseProbe, transformer);
  assertEquals([width, classes], [8, 5]);
  const biased = await contextOf({ task: "parity", bits: 6, samples: 40 });
  assertEquals((await ask(neuralCollapseProbe, biased)).width, 200);
  const linear = await contextOf({ modulus: 5, hidden: [] });
  await assertRejects(
    () => ask(neuralCollapseProbe, linear),
    NotApplicableError,
    "no last layer",
  );
});

Deno.test("margin of known logits", async () => {
  // 16 for class a: right by 16 where b = 0, else wrong by 16.
  const context = await contextOf(CONFIG, readsA(4));
  const result = await ask(margin, context);
  assertEquals(result.degree, 2);
  assertAlmostEquals(result.weight_norm, Math.sqrt(96), 1e-12);
  const right = countsOf(context, "b")[0]!;
  const { samples, positive, mean, at_quantiles, histogram, normalised } =
    result.train;
  assertEquals(positive, right / samples);
  assertAlmostEquals(mean, 16 * (2 * right / samples - 1), 1e-12);
  assertEquals(
    at_quantiles,
    MARGIN_QUANTILES.map((q) =>
      Math.floor(q * (samples - 1)) < samples - right ? -16 : 16
    ),
  );
  assertEquals(histogram[0], samples - right);
  assertEquals(histogram.at(-1), right);
  assertAlmostEquals(normalised!.at_quantiles[0]!, -16 / 96, 1e-12);
  assertEquals(result.train.samples + result.test!.samples, P * P);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
  const biased = await contextOf({ task: "parity", bits: 6, samples: 40 });
  const { degree, train } = await ask(margin, biased);
  assertEquals([degree, train.normalised], [null, null]);
});

Deno.test("numerical-stability of known logits", async () => {
  const context = await contextOf(CONFIG, readsA(4)); // logits 16, 0, 0
  const result = await ask(numericalStability, context);
  const right = countsOf(context, "b")[0]! / result.samples;
  assertEquals([result.logit_scale, result.max_logit, result.logit_gap], [
    ...[16, 16, 16],
  ]);
  const [half, single, double] = result.softmax;
  // 2e⁻¹⁶ is lost beside 1 in float16 alone, where e⁻¹⁶ is subnormal.
  assertEquals(half!.softmax_collapse, 1);
  assertEquals(half!.zero_terms, right);
  assertEquals(half!.zero_exponentials, 0);
  assertAlmostEquals(half!.exponential_underflow, 2 / 3, 1e-12);
  for (const at of [single!, double!]) {
    assertEquals(at.softmax_collapse, 0);
    assertEquals(at.zero_terms, 0);
    assertEquals(at.exponential_underflow, 0);
  }
  const bits = { float16: 10, float32: 23, float64: 52 };
  for (const at of result.softmax) {
    const threshold = Math.log(4 * 2 ** bits[at.precision]);
    assertAlmostEquals(at.threshold, threshold, 1e-12);
    assertAlmostEquals(at.logits_left, threshold - 16, 1e-12);
    assertAlmostEquals(at.weights_factor!, Math.sqrt(threshold / 16), 1e-12);
    assertEquals(at.overflow, 0);
    assertEquals(at.steps_left, null); // no run
  }
  assertEquals(result.loss_zero_terms, {
    float16: right,
    float32: 0,
    float64: 0,
  });
  assertEquals(result.attention, []);
  assertEquals(result.over_training, null);
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("numerical-stability: weights grown by the factor collapse, by less do not", async () => {
  const { softmax } = await ask(
    numericalStability,
    await contextOf(CONFIG, readsA(4)),
  );
  for (const [i, { weights_factor, threshold }] of softmax.entries()) {
    // Below τ − ln(C − 1) no term is lost, in whatever order they are added.
    const before = Math.sqrt(0.999 * (threshold - Math.log(2)) / threshold);
    for (const [more, collapse] of [[1.001, 1], [before, 0]] as const) {
      const grown = readsA(4 * weights_factor! * more);
      const found = await ask(
        numericalStability,
        await contextOf(CONFIG, grown),
      );
      assertEquals(found.softmax[i]!.softmax_collapse, collapse);
    }
  }
});

Deno.test("numerical-stability: temperature moves the threshold, large logits overflow", async () => {
  const cooled = await ask(
    numericalStability,
    await contextOf({ ...CONFIG, temperature: 2 }, readsA(4)),
  );
  assertEquals(cooled.temperature, 2);
  assertAlmostEquals(cooled.softmax[0]!.threshold, 2 * Math.log(4096), 1e-12);
  assertEquals(cooled.softmax[0]!.softmax_collapse, 0); // e⁻⁸ is not lost
  const large = await ask(
    numericalStability,
    await contextOf(CONFIG, readsA(300)), // logits 90,000
  );
  const [half, single] = large.softmax;
  assertEquals([half!.overflow, half!.softmax_collapse], [1, 0]);
  assertEquals([single!.overflow, single!.softmax_collapse], [0, 1]);
});

Deno.test("numerical-stability looks at the attention's own softmax", async () => {
  const config: ConfigInput = {
    model: "transformer",
    modulus: 5,
    dModel: 8,
    heads: 2,
    dMlp: 8,
  };
  const shape = [2, 8, 4];
  const zeros = hostTensorOf("float32", shape, Array(64).fill(0));
  const even = await contextOf(config, { "blocks.0.attn.W_Q": zeros });
  const { attention, softmax } = await ask(numericalStability, even);
  // The first position sees itself alone, and cannot collapse.
  assertEquals(
    attention.map(({ layer, head, query }) => [layer, head, query]),
    [0, 1].flatMap((head) =>
      [1, 2].map((query) => ["blocks.0.attn", head, query])
    ),
  );
  for (const { collapse } of attention) {
    assertEquals(collapse, { float16: 0, float32: 0, float64: 0 });
  }
  assertEquals(softmax[0]!.weights_factor, null); // not homogeneous
  const W_Q = even.model.weight("blocks.0.attn.W_K")!;
  const sharp = await contextOf(config, {
    "blocks.0.attn.W_Q": hostTensorOf(
      "float32",
      shape,
      [...W_Q.data].map((x) => 1e7 * Number(x)),
    ),
  });
  for (const { collapse } of (await ask(numericalStability, sharp)).attention) {
    // (Infinite in float16, the scores have no sum there.)
    assertEquals([collapse.float32, collapse.float64], [1, 1]);
  }
});

Deno.test("growthOf() is the slope of the gap, or of the scale in its place", () => {
  const rows = (of: (step: number) => object) =>
    [0, 10, 20, 40].map((step) => ({ step, ...of(step) }) as MetricsRow);
  const scales = rows((step) => ({ logit_scale: 3 + step / 2 }));
  assertAlmostEquals(growthOf(scales, 0.5)!, 0.25, 1e-12);
  const gaps = rows((step) => ({ logit_scale: 0, logit_gap: 1 - step / 4 }));
  assertAlmostEquals(growthOf(gaps, 0.5)!, -0.25, 1e-12);
  assertEquals(growthOf(scales.slice(0, 1), 1), null);
});

Deno.test("logit-scaling by module: every layer of a bias-free network is linear", async () => {
  const { groups, group_samples } = await ask(
    logitScaling,
    await contextOf({ modulus: 7, hidden: [9, 8] }),
  );
  assertEquals(group_samples, 49);
  assertEquals(groups.map(({ name }) => name), [
    ...["layers.0", "layers.1", "layers.2"],
  ]);
  for (const { degree, homogeneous, exponent, deviation } of groups) {
    assertEquals([degree, homogeneous], [1, true]);
    assertAlmostEquals(exponent!, 1, 1e-6);
    for (const away of deviation) assertAlmostEquals(away!, 0, 1e-6);
  }
});

Deno.test("logit-scaling by module: biases break the law by what they add", async () => {
  // Logits W₁ᵀ relu(W₀ᵀ x + b₀) + b₁.
  const config: ConfigInput = {
    task: "parity",
    bits: 6,
    samples: 40,
    hidden: [10],
    precision: "float64",
  };
  const context = await contextOf(config);
  const { groups } = await ask(logitScaling, context);
  const group = (name: string) => groups.find((group) => group.name === name)!;
  assertEquals(groups.map(({ name }) => name), [
    ...["layers.0", "layers.1", "all but biases", "balanced"],
  ]);
  // W₁ and b₁ are all that the logits are linear in.
  assertEquals(group("layers.1").homogeneous, true);
  assertAlmostEquals(group("layers.1").exponent!, 1, 1e-12);
  // Scaling W₀ and b₀ leaves b₁: f(α) = αf + (1 − α)b₁.
  const { data, rows } = await context.logits();
  const b = [...context.weight("layers.1.b").data].map(Number);
  const rms = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
  const added = Math.sqrt((b[0]! ** 2 + b[1]! ** 2) / 2);
  assertEquals(rows, 40);
  const { homogeneous, degree, deviation } = group("layers.0");
  assertEquals([homogeneous, degree], [false, 1]);
  [0.5, 2].forEach((alpha, i) => {
    const wanted = Math.abs(1 - alpha) * added / (alpha * rms);
    assertAlmostEquals(deviation[i]!, wanted, 1e-12);
  });
  // Biases scaled by α to the number of matrices before them: exact again.
  const balanced = group("balanced");
  assertEquals(balanced.powers, {
    "layers.0.W": 1,
    "layers.1.W": 1,
    "layers.0.b": 1,
    "layers.1.b": 2,
  });
  assertEquals([balanced.degree, balanced.homogeneous], [2, true]);
  assertAlmostEquals(balanced.exponent!, 2, 1e-12);
  for (const away of balanced.deviation) assertAlmostEquals(away!, 0, 1e-12);
  assert(group("all but biases").deviation[0]! > 1e-3);
});

Deno.test("probes of a network that is dead say so in plain JSON", async () => {
  const context = await contextOf(CONFIG, readsA(0));
  const texts = [
    { probe: geometry, result: await ask(geometry, context) },
    {
      probe: neuralCollapseProbe,
      result: await ask(neuralCollapseProbe, context),
    },
    { probe: margin, result: await ask(margin, context) },
    {
      probe: numericalStability,
      result: await ask(numericalStability, context),
    },
    { probe: logitScaling, result: await ask(logitScaling, context) },
  ];
  for (const { probe, result } of texts) {
    // What is not finite would come back as null.
    assertEquals(JSON.parse(JSON.stringify(result)), result as unknown);
    assert(probe.text(result as never).every((line) => !line.includes("NaN")));
  }
});

Deno.test("probes of a network apply to one that waves made", async () => {
  const context = await waveNetwork(7, { 1: 2, 3: 1 });
  const { train } = await ask(margin, context);
  assertEquals(train.positive, 1);
  // Two of the three frequencies of Z₇: four dimensions of features.
  const { nc4, width } = await ask(neuralCollapseProbe, context);
  assertEquals([nc4, width], [0, 4]);
});
