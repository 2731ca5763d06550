/** `numerical-stability` of networks whose answers are known. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../../lib/config/config.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import {
  growthOf,
  numericalStability,
} from "../../../lib/probes/loss/numerical_stability.ts";
import type { MetricsRow } from "../../../lib/runs/run_folder.ts";
import { contextOf } from "../_contexts.ts";
import { CONFIG, countsOf, readsA } from "../_units.ts";

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
