import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { fig3 } from "../../../lib/figures/paper/fig3.ts";
import { stableMaxTerms } from "../../../lib/losses/stablemax.ts";
import { constructed, testClaims } from "../_claims.ts";

testClaims("fig3", {});

Deno.test("fig3 draws the s(x) that the loss computes", () => {
  const { panels } = fig3.chart(constructed("fig3", {}, 0));
  for (const { points } of panels.map(({ series }) => series[0]!)) {
    const x = points.map(({ x }) => x);
    const { s } = stableMaxTerms(tf.tensor1d(x));
    // The loss is float32 here, the figure float64.
    const relative = Array.from(
      s.dataSync(),
      (value, i) => Math.abs(value / points[i]!.y - 1),
    );
    assertEquals(relative.filter((error) => error > 4 * 2 ** -23), []);
  }
});
