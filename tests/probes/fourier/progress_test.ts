/** Fourier and progress measures of networks whose answers are known. */

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { fourier, progress } from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { tableNetwork, waveNetwork } from "../_contexts.ts";
import { near, p, waveLoss } from "./_waves.ts";

const ALPHAS = { 2: 3, 5: 1.5 };

Deno.test("fourier: a network of two waves has two frequencies by every rule", async () => {
  const result = await ask(fourier, await waveNetwork(p, ALPHAS));
  assertEquals(result.key_frequencies, [2, 5]);
  assertEquals(result.agreement, 1);
  assertEquals(result.rules, {
    neurons: [2, 5],
    neuron_logit_map: [2, 5],
    embedding: [2, 5],
  });
  const [layer] = result.layers;
  assertEquals(layer!.frequencies, [2, 2, 5, 5]);
  layer!.shares.forEach((share) => near(share, 1));
  assertEquals(layer!.clusters, [
    { frequency: 2, neurons: 2 },
    { frequency: 5, neurons: 2 },
  ]);
  // Four neurons of equal variance, all of it in products of a's and b's waves.
  near(layer!.product_power[1], 0.5);
  near(layer!.product_power[4], 0.5);
  layer!.linear_power.forEach((power) => near(power, 0));
  // Power goes with α²; the rest of the spectrum is empty.
  near(result.logits.product_power[1], 9 / (9 + 2.25));
  near(result.logits.product_power[4], 2.25 / (9 + 2.25));
  const map = result.neuron_logit_map!;
  near(map.cos_norms[1], 3 * Math.sqrt(p / 2));
  near(map.sin_norms[4], 1.5 * Math.sqrt(p / 2));
  near(map.power_share, 1);
  // Of ten components four have something: 3, 3, 1.5, 1.5.
  const G = 1 - 2 * (1.5 * (10 - 7 + 0.5) + 1.5 * 2.5 + 3 * 1.5 + 3 * 0.5) / 90;
  near(map.gini, G);
});

Deno.test("progress: a wave of one phase is half a wave of a + b + c", async () => {
  const residues = Array.from({ length: p }, (_, i) => i);
  const wave = (x: number) => Math.cos(2 * Math.PI * 3 * (x % p) / p + 0.4);
  const f64 = (rows: number[][]) =>
    hostTensorOf("float64", [rows.length, rows[0]!.length], rows.flat());
  // cos(w s + 0.4)·2cos(w c + 0.4), and as much again that a alone decides.
  const result = await ask(
    progress,
    await tableNetwork({
      config: { modulus: p, trainFraction: 0.5, precision: "float64" },
      hidden: f64(
        residues.flatMap((a) => residues.map((b) => [wave(a + b), wave(a)])),
      ),
      out: f64([1, 1].map((own) => residues.map((c) => 2 * own * wave(c)))),
      embedding: f64(residues.map((a) => [wave(a)])),
    }),
    { keyFrequencies: [3] },
  );
  near(result.answer_share, 0.5);
  near(result.frequencies[0]!.explained, 0.25);
  near(result.frequencies[0]!.mirrored, 0.25);
});

Deno.test("progress: a network of waves is its own restriction", async () => {
  const result = await ask(progress, await waveNetwork(p, ALPHAS));
  assertEquals(result.key_frequencies, [2, 5]);
  near(result.full.loss, waveLoss(ALPHAS));
  near(result.train!.loss, waveLoss(ALPHAS));
  near(result.restricted!.loss, waveLoss(ALPHAS));
  near(result.answer_share, 1);
  result.frequencies.forEach(({ mirrored }) => near(mirrored, 0));
  assertEquals(result.restricted!.accuracy, 1);
  near(result.excluded!.loss, Math.log(p), "nothing is left");
  near(result.trig_identity, 1);
  // √(1 − 1) of two sums that differ by rounding: ε^½ of float64.
  assertAlmostEquals(result.neuron_logit_residual!, 0, 1e-7);
  const [two, five] = result.frequencies;
  near(two!.amplitude, 3);
  near(two!.explained, 9 / (9 + 2.25));
  near(two!.restricted_loss, waveLoss({ 2: 3 }));
  near(two!.excluded_loss, waveLoss({ 5: 1.5 }));
  near(five!.excluded_loss, waveLoss({ 2: 3 }));
  near(two!.neurons_on_cos, 1);
  near(five!.neurons_on_sin, 1);
  // cos² + sin² = 1 of two waves for each of p residues.
  near(result.squared_weights!["W_E"], 2 * p);
  near(result.squared_weights!["layers.1.W"], p * (9 + 2.25));
});

Deno.test("progress: one key of two explains its own part", async () => {
  const context = await waveNetwork(p, ALPHAS);
  const result = await ask(progress, context, { keyFrequencies: [5] });
  near(result.trig_identity, 2.25 / (9 + 2.25));
  near(result.restricted!.loss, waveLoss({ 5: 1.5 }));
  near(result.excluded!.loss, waveLoss({ 2: 3 }));
  near(result.neuron_logit_residual, Math.sqrt(9 / (9 + 2.25)));
  await assertRejects(
    () => ask(progress, context, { keyFrequencies: [6] }),
    RangeError,
    "1..5",
  );
});

Deno.test("subtraction is addition of the negative", async () => {
  const context = await waveNetwork(
    p,
    ALPHAS,
    { task: "subtract" },
    (a, b) => a - b + p,
  );
  const result = await ask(progress, context);
  near(result.full.loss, waveLoss(ALPHAS));
  near(result.restricted!.loss, waveLoss(ALPHAS));
  near(result.trig_identity, 1);
});

Deno.test("progress: a memorising network is spread over all frequencies", async () => {
  // M at the label where a + b is trained on; the train rows are those with
  // a < 5, so of each answer 5 pairs of 11.
  const M = 8;
  const seen = 5;
  const rows = Array.from({ length: p * p }, (_, i) => {
    const [a, b] = [Math.floor(i / p), i % p];
    return Array.from(
      { length: p },
      (_, c) => a < seen && (a + b) % p === c ? M : 0,
    );
  });
  const identity = Array.from(
    { length: p * p },
    (_, i) => i % (p + 1) === 0 ? 1 : 0,
  );
  const context = await tableNetwork({
    config: { modulus: p, trainFraction: 0.5, precision: "float64" },
    hidden: hostTensorOf("float64", [p * p, p], rows.flat()),
    out: hostTensorOf("float64", [p, p], identity),
    embedding: hostTensorOf("float64", [p, 1], Array(p).fill(1)),
  });
  const all = [1, 2, 3, 4, 5];
  const result = await ask(progress, context, { keyFrequencies: all });
  // The mean by answer is M·5/11 at the label: a delta, of which each frequency has
  // 2/p of the amplitude.
  const mean = M * seen / p;
  for (const row of result.frequencies) near(row.amplitude, 2 * mean / p);
  // A row's variance is M²(1 − 1/p) for 5 of 11 pairs.
  const variance = M ** 2 * (1 - 1 / p) * seen * p;
  const explained = (2 * mean / p) ** 2 * p ** 3 / 2;
  near(result.frequencies[0]!.explained, explained / variance);
  near(result.trig_identity, 5 * explained / variance);
  near(result.trig_identity, seen / p, "which is the share of the pairs");
  // All frequencies and the class means: the mean by answer itself.
  near(
    result.restricted!.loss,
    Math.log(Math.exp(mean) + p - 1) - mean,
  );
  assertEquals((await ask(fourier, context)).rules.neurons, []);
});

Deno.test("a network that is the same everywhere varies nowhere", async () => {
  const zeros = (...shape: number[]) =>
    hostTensorOf(
      "float64",
      shape,
      new Float64Array(shape.reduce((a, b) => a * b)),
    );
  const context = await tableNetwork({
    config: { modulus: p, trainFraction: 0.5, precision: "float64" },
    hidden: zeros(p * p, 3),
    out: zeros(3, p),
    embedding: zeros(p, 2),
  });
  const spectra = await ask(fourier, context);
  assertEquals(spectra.embedding!.gini, null);
  assertEquals(spectra.layers[0]!.silent, 3);
  assertEquals(spectra.key_frequencies, []);
  const result = await ask(progress, context);
  near(result.restricted!.loss, Math.log(p));
  assertEquals(result.trig_identity, null);
  for (const found of [spectra, result]) {
    assertEquals(JSON.parse(JSON.stringify(found)), found);
  }
});
