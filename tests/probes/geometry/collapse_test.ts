/** `geometry` and `neural-collapse` of networks whose answers are known. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { geometry } from "../../../lib/probes/geometry/geometry.ts";
import { NotApplicableError } from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { neuralCollapseProbe } from "../../../lib/probes/geometry/neural_collapse.ts";
import { assertClose } from "../../_golden.ts";
import { contextOf, tableNetwork } from "../_contexts.ts";
import { CONFIG, countsOf, P, readsA } from "../_units.ts";

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
