/**
 * Which class's mean is nearest to a row.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { chunksOf } from "../../../models/size.ts";
import { maxOf } from "../../base/extremes.ts";
import { frobeniusNorm, tensorOf } from "../../numeric/matrix.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { type Matrix, part as rowsFrom } from "./products.ts";

// So many products are had at once.
const AT_ONCE = 2 ** 22;
// More than what sums of products lose of the lengths of what is multiplied.
const ROUNDING = 1e-9;

/**
 * How many rows there are whose prediction is not the class of the nearest mean; of
 * two that are equally near the first counts. All distances but a product's
 * rounding are |μ|² − 2h·μ and what is the same for all classes; the few that are so
 * alike are compared by themselves.
 *
 * @param features The rows, [rows, width].
 * @param means The classes' means, [classes, width].
 * @param present Which class each mean is of.
 * @param predicted The class that the network says of a row.
 * @param options Where products are multiplied.
 */
export async function awayFromNearest(
  features: Matrix,
  means: Matrix,
  present: readonly number[],
  predicted: (row: number) => number,
  options: SessionOptions,
): Promise<number> {
  const { rows, columns: width, data } = features;
  const { rows: C } = means;
  const distance = (i: number, c: number) => {
    let sum = 0;
    for (let j = 0; j < width; j++) {
      sum += (data[i * width + j]! - means.data[c * width + j]!) ** 2;
    }
    return sum;
  };
  const lengths = Float64Array.from(
    { length: C },
    (_, c) => frobeniusNorm(rowsFrom(means, c, c + 1)) ** 2,
  );
  const longest = maxOf(lengths);
  let away = 0;
  for (const [from, to] of chunksOf(rows, Math.ceil(AT_ONCE / C))) {
    const some = rowsFrom(features, from, to);
    const { products } = await runTraced(
      ({ h, means }) => ({
        products: tf.matMul(
          h as tf.Tensor2D,
          means as tf.Tensor2D,
          false,
          true,
        ),
      }),
      { h: tensorOf(some), means: tensorOf(means) },
      options,
    );
    const dots = products!.data as Float64Array;
    for (let i = from; i < to; i++) {
      const at = (i - from) * C;
      const own = rowsFrom(features, i, i + 1);
      const near = ROUNDING * (frobeniusNorm(own) ** 2 + longest);
      let least = Infinity;
      for (let c = 0; c < C; c++) {
        least = Math.min(least, lengths[c]! - 2 * dots[at + c]!);
      }
      let [nearest, best] = [-1, Infinity];
      for (let c = 0; c < C; c++) {
        if (lengths[c]! - 2 * dots[at + c]! > least + near) continue;
        const d = distance(i, c);
        if (d < best) [nearest, best] = [c, d];
      }
      if (present[nearest] !== predicted(i)) away++;
    }
  }
  return away;
}
