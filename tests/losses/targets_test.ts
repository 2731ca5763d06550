/** The losses of a regression, against PyTorch's. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { losses, type LossName, meanLoss } from "../../lib/losses/mod.ts";
import { defaults } from "../../lib/config/config.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { assertClose, golden, valuesOf } from "../_golden.ts";

interface Targets {
  cases: {
    shape: [number, number];
    outputs: number[];
    targets: number[];
    results: {
      loss: LossName;
      terms: number[];
      mean: number;
      gradient: number[];
    }[];
  }[];
}

const { cases } = await golden<Targets>("losses/targets");

// Some operations of numbers near 1, each half a unit roundoff off.
const TOLERANCE = {
  float32: { relative: 8 * 2 ** -23, absolute: 2 ** -23 },
  float64: { relative: 8 * 2 ** -52, absolute: 2 ** -52 },
};

for (const precision of ["float32", "float64"] as const) {
  Deno.test(`losses of targets are PyTorch's in ${precision}, value and gradient`, async () => {
    const told = new Set<string>();
    for (const { shape, outputs, targets, results } of cases) {
      for (const { loss: name, terms, mean, gradient } of results) {
        told.add(name);
        const loss = losses[name].make(defaults);
        const found = await runTraced(({ z, y }) => {
          const targets = y as unknown as tf.Tensor1D;
          const { value, grad } = tf.valueAndGrad((z: tf.Tensor) =>
            meanLoss(loss, precision)(z as tf.Tensor2D, targets)
          )(z as tf.Tensor);
          const own = loss.terms(z as tf.Tensor2D, targets, precision);
          return { value, grad, terms: own };
        }, {
          z: hostTensorOf(precision, shape, outputs),
          y: hostTensorOf("float32", shape, targets),
        });
        const close = (key: string, wanted: number[]) =>
          assertClose(
            [...valuesOf(found[key])],
            wanted,
            TOLERANCE[precision],
            `${key} of ${name}`,
          );
        close("terms", terms);
        close("value", [mean]);
        close("grad", gradient);
      }
    }
    // Every loss that says it is one of targets.
    const said = Object.entries(losses).filter(([, { make }]) =>
      make(defaults).regression
    ).map(([name]) => name);
    assertEquals([...told].sort(), said.sort());
  });
}
