/** Thresholds, ranks and degrees that metrics are made of. */

import type * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { fraction } from "../../lib/losses/measures.ts";
import { collapsed } from "../../lib/losses/softmax.ts";
import {
  collapseThreshold,
  effectiveRankOf,
  homogeneousDegree,
} from "../../lib/metrics/mod.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { assertClose, valuesOf } from "../_golden.ts";

for (const precision of ["float16", "float32", "float64"] as const) {
  Deno.test(`collapseThreshold() is where a softmax in ${precision} collapses`, async () => {
    for (const classes of [2, 5, 113]) {
      const share = async (gap: number) => {
        const z = Array.from({ length: classes }, (_, k) => k === 1 ? gap : 0);
        const { share } = await runTraced(
          ({ z }) => ({
            share: fraction(collapsed(z as tf.Tensor2D, precision)),
          }),
          { z: hostTensorOf("float64", [1, classes], z) },
        );
        return valuesOf(share)[0];
      };
      const threshold = collapseThreshold(precision, classes);
      // Float16 rounds the gap itself, near 12 to 2^-7, and the exponentials by
      // up to 2^-25 in about 2^-18.
      const away = precision === "float16" ? 0.03 : 1e-5;
      assertEquals(await share(threshold + away), 1, `${classes}, above`);
      // Below it depends on the order of the additions down to ln(2/ε).
      const least = collapseThreshold(precision, 2);
      assertEquals(await share(least - away), 0, `${classes}, below`);
    }
  });
}

Deno.test("effectiveRankOf() counts equal singular values", () => {
  for (const n of [1, 2, 7]) {
    const values = [...Array(n).fill(3), 0, 0];
    // n sums and logarithms, each rounded.
    const tolerance = { relative: 10 * n * 2 ** -52, absolute: 0 };
    assertClose([effectiveRankOf(values)], [n], tolerance, `${n}`);
  }
  // exp(H) of (3/4, 1/4) is 4/3^(3/4).
  assertClose(
    [effectiveRankOf([3, 1])],
    [4 / 3 ** 0.75],
    { relative: 10 * 2 ** -52, absolute: 0 },
    "3 and 1",
  );
  assertEquals(effectiveRankOf([0, 0]), NaN);
});

const DEGREES: [ConfigInput, number | undefined][] = [
  [{ modulus: 5, hidden: [4] }, 2],
  [{ modulus: 5, hidden: [4, 4, 4] }, 4],
  [{ modulus: 5, hidden: [4], biases: true }, undefined],
  [{ task: "parity", bits: 6, samples: 20, hidden: [4], biases: false }, 2],
  [
    { modulus: 5, model: "transformer", dModel: 8, heads: 2, dMlp: 8 },
    undefined,
  ],
];

for (const [config, degree] of DEGREES) {
  Deno.test(`homogeneousDegree() is ${degree}: ${JSON.stringify(config)}`, () => {
    const experiment = makeExperiment(resolveConfig(config));
    assertEquals(homogeneousDegree(experiment), degree);
  });
}
