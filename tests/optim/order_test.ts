/** The order in which stages stand around an optimizer, seen in one step. */

import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { constantNorm } from "../../lib/optim/mod.ts";
import { optimizerOf } from "../../lib/experiment/experiment.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";
import { take } from "./_steps.ts";

const f64 = (values: number[]) => ({ w: tensorOf("float64", values) });
const close = (actual: ArrayLike<number>, expected: number[], what = "w") =>
  assertClose(actual, expected, { relative: 0, absolute: 1e-13 }, what);

/** The first updates of plain gradient descent with a rate of 1, negated. */
async function directions(
  config: ConfigInput,
  w: number[],
  ...gradients: number[][]
): Promise<Float64Array[]> {
  const optimizer = optimizerOf(resolveConfig({
    optimizer: "sgd",
    lr: 1,
    perpGrad: false,
    ...config,
  }));
  const { updates } = await take(optimizer, f64(w), gradients.map(f64));
  return updates.map(({ w }) => valuesOf(w).map((x) => -x));
}

Deno.test("elements are cut off before the norm is", async () => {
  const [u] = await directions({ clipValue: 2, clipNorm: 1 }, [1, 1], [3, 4]);
  // [2, 2], then scaled to 1 (PyTorch's clip_grad_norm_ adds 10⁻⁶).
  const share = 2 / (Math.hypot(2, 2) + 1e-6);
  close(u!, [share, share]);
});

Deno.test("L1 is added behind ⊥Grad, which would take it away", async () => {
  const [u] = await directions(
    { perpGrad: true, perpRenormalise: false, l1: 0.5 },
    [2, 0],
    [3, 4],
  );
  close(u!, [0.5, 4]);
});

Deno.test("⊥Grad projects what is left of the clipped gradient", async () => {
  const [u] = await directions(
    { perpGrad: true, perpRenormalise: false, clipValue: 1 },
    [1, 1],
    [3, 0.5],
  );
  // [1, 0.5] less its part along [1, 1].
  close(u!, [0.25, -0.25]);
});

Deno.test("Grokfast amplifies before anything is clipped", async () => {
  const [first] = await directions(
    { grokfast: "ema", grokfastLambda: 2, clipValue: 2 },
    [1, 1],
    [0.5, 1],
  );
  // g + 2g, cut off at 2.
  close(first!, [1.5, 2]);
});

Deno.test("constantNorm() keeps the norm before the first update, wherever weights are", async () => {
  const taken = await take(
    constantNorm(),
    f64([3, 4]),
    [[0, 1], [1, 1]].map(f64),
  );
  for (const { w } of taken.params) close([Math.hypot(...valuesOf(w))], [5]);
  // It is the state's, not that of the weights that it is given.
  const resumed = await take(constantNorm(), f64([0, 2]), [f64([0, 0])], {
    norm: hostTensorOf("float64", [], [7]),
  });
  close(valuesOf(resumed.params[0]!["w"]), [0, 7]);
});
