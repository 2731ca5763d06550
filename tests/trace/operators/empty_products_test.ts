/** Sums of no terms: products along an axis of length 0 are NumPy's zeros. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DType,
  hostTensorOf,
  sizeOf,
  toTyped,
} from "../../../lib/numeric/tensor.ts";
import { graphOf, opsOf } from "../_graphs.ts";
import { withSession } from "../_run.ts";

// The shapes of two operands, and of their product.
const SHAPES: readonly (readonly [number[], number[], number[]])[] = [
  [[2, 0], [0, 3], [2, 3]],
  [[1, 0], [0, 3], [1, 3]],
  [[4, 2, 0], [4, 0, 3], [4, 2, 3]],
  [[4, 1, 0], [4, 0, 3], [4, 1, 3]],
  [[4, 2, 0], [1, 0, 3], [4, 2, 3]],
];

const turned = (shape: number[]) => [
  ...shape.slice(0, -2),
  shape.at(-1)!,
  shape.at(-2)!,
];

for (const dtype of ["float32", "float64", "int32"] satisfies DType[]) {
  for (const [a, b, shape] of SHAPES) {
    for (
      const [left, right] of [[false, false], [true, false], [false, true]]
    ) {
      const [x, y] = [left ? turned(a) : a, right ? turned(b) : b];
      const what = `${dtype} [${x}]${left ? "ᵀ" : ""} · [${y}]${
        right ? "ᵀ" : ""
      }`;
      Deno.test(`a sum of no terms is 0: ${what}`, async () => {
        const inputs = [
          hostTensorOf(dtype, x, []),
          hostTensorOf(dtype, y, []),
        ];
        const data = toTyped(dtype, new Array<number>(sizeOf(shape)).fill(0));
        const product = (a: tf.Tensor, b: tf.Tensor) =>
          tf.matMul(a, b, left, right);
        await withSession(
          (a, b) => product(a!, b!),
          inputs,
          async (run) => {
            // Twice: the second time the memory has been another's.
            for (let i = 0; i < 2; i++) {
              assertEquals(await run(inputs), [{ dtype, shape, data }]);
            }
          },
        );
        // The runtime is asked for no product of none.
        const ops = opsOf(graphOf((a, b) => product(a!, b!), inputs));
        assertEquals(ops.filter((op) => /Gemm|MatMul/.test(op)), []);
      });
    }
  }
}
