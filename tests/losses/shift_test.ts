/** A softmax sees differences of logits alone, wherever they lie. */

import { assert } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { softmax, softmaxExact } from "../../lib/losses/mod.ts";
import { toPrecision } from "../../lib/trace/precision.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";

// Whole numbers below 2¹¹ are exact in float16, and so are their differences.
const ROWS = [[3, -1, 0, 2], [0, 2, -4, 1], [-7, 5, 5, 5]];
const LABELS = [0, 2, 1];

for (const loss of [softmax, softmaxExact]) {
  for (const precision of loss.precisions) {
    Deno.test(`${loss.name} in ${precision} is the same of logits far above 0 and far below`, async () => {
      const at = async (shift: number) => {
        const { terms, gradient } = await runTraced(({ z, y }) => {
          const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
          return {
            terms: toPrecision(
              loss.terms(logits, labels, precision),
              "float64",
            ),
            gradient: toPrecision(
              loss.gradient(logits, labels, precision, 3),
              "float64",
            ),
          };
        }, {
          z: tensorOf("float64", ROWS.map((row) => row.map((x) => x + shift))),
          y: tensorOf("int64", LABELS),
        });
        return [[...valuesOf(terms)], [...valuesOf(gradient)]];
      };
      const near = await at(0);
      assert(near.flat().every(Number.isFinite), `${near}`);
      // The exact one adds and subtracts numbers of the logits' size, once each:
      // u is off by so much, and the gradient by as much of itself.
      const unit = { float16: 2 ** -10, float32: 2 ** -14, float64: 2 ** -43 };
      const off = loss === softmax ? 0 : 3 * unit[precision];
      for (const shift of [-1000, 1000]) {
        const [terms, gradient] = await at(shift);
        assertClose(terms!, near[0]!, { relative: 0, absolute: off }, "terms");
        assertClose(
          gradient!,
          near[1]!,
          { relative: off, absolute: 0 },
          "gradient",
        );
      }
    });
  }
}
