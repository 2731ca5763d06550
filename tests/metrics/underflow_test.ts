/** Which exponentials are below the smallest normal number, to the last digit. */

import * as tf from "@tensorflow/tfjs-core";
import { assertEquals } from "@std/assert";
import type { Rows } from "../../lib/metrics/group.ts";
import { lostExponentials } from "../../lib/metrics/underflow.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";

// The numbers of a precision next to ln 2⁻¹⁴, ln 2⁻¹²⁶ and ln 2⁻¹⁰²²: the first has
// an exponential below the smallest normal number, the second one above it. None has
// that number itself: a float's step there is many of an exponential's.
const ENDS = {
  float16: [-9.7109375, -9.703125],
  float32: [-87.3365478515625, -87.33654022216797],
  float64: [-708.3964185322642, -708.3964185322641],
} as const;

for (const precision of ["float16", "float32", "float64"] as const) {
  Deno.test(`the smallest normal number is where ${precision} underflows`, async () => {
    const dtype = precision === "float64" ? "float64" : "float32";
    const z = hostTensorOf(dtype, [1, 4], [0, ...ENDS[precision], -1]);
    const found = await runTraced(({ z }) => {
      const share: Rows["share"] = (f) =>
        tf.mean(tf.cast(f(z as tf.Tensor2D, null as never), "float32"));
      return lostExponentials(share, precision);
    }, { z });
    const underflow = toNumbers(found["exponential_underflow"]!);
    assertEquals([...underflow], [0.25]);
  });
}
