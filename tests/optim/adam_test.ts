/** Adam where its steps are known in closed form. */

import { scaleByAdam } from "../../lib/optim/mod.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";
import { take } from "./_steps.ts";

const cases = (["float32", "float64"] as const).flatMap((dtype) =>
  [0.9, 0].map((beta1) => [dtype, beta1] as const)
);

for (const [dtype, beta1] of cases) {
  Deno.test(`of a gradient that stays the same every step of Adam with β₁ ${beta1} is its sign, to the last digits of ${dtype}`, async () => {
    // m̂ = g and v̂ = g² from the first update on, whatever β₁ and β₂.
    const values = [3, -0.25, 1e-3, -700];
    const g = { w: tensorOf(dtype, values) };
    const adam = scaleByAdam({ beta1, beta2: 0.999, eps: 0 });
    const { updates } = await take(adam, g, Array(5).fill(g));
    // Eight roundings; of 1 − 0.999ᵗ in a plain difference, a thousand times that.
    const epsilon = dtype === "float32" ? 2 ** -24 : 2 ** -53;
    for (const [t, { w }] of updates.entries()) {
      assertClose(
        valuesOf(w),
        values.map(Math.sign),
        { relative: 0, absolute: 8 * epsilon },
        `update ${t}`,
      );
    }
  });
}

Deno.test("Adam's ε is added to the root of the corrected second moment", async () => {
  const values = [3, -0.25, 1e-3];
  const g = { w: tensorOf("float64", values) };
  const adam = scaleByAdam({ beta1: 0.5, beta2: 0.9, eps: 0.125 });
  const { updates } = await take(adam, g, Array(4).fill(g));
  for (const { w } of updates) {
    assertClose(
      valuesOf(w),
      values.map((x) => x / (Math.abs(x) + 0.125)),
      { relative: 16 * 2 ** -53, absolute: 0 },
      "g/(|g| + ε)",
    );
  }
});
