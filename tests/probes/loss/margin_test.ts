/** `margin`, and `logit-scaling` by module, of networks whose answers are known. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../../lib/config/config.ts";
import { logitScaling } from "../../../lib/probes/loss/logit_scaling.ts";
import { margin, MARGIN_QUANTILES } from "../../../lib/probes/loss/margin.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { contextOf } from "../_contexts.ts";
import { CONFIG, countsOf, P, readsA } from "../_units.ts";

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
