/**
 * Taylor-softmax cross-entropy in float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { integer, type Setting } from "../settings/setting.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import {
  defineLoss,
  type Loss,
  type LossDefinition,
  pick,
  put,
} from "./loss.ts";

/**
 * The Taylor polynomial of eˣ: T(x) = Σ_{i ≤ order} xⁱ/i!, by Horner's rule. Of
 * an even order it is positive everywhere, of an odd one negative far below 0.
 *
 * @param x Any shape, any floating type.
 * @param order Its degree, 0 or more.
 */
export function taylorExp<T extends tf.Tensor>(x: T, order: number): T {
  let sum = tf.onesLike(x);
  for (let i = order; i > 0; i--) {
    sum = tf.add(tf.mul(sum, tf.mul(x, scalar(1 / i))), scalar(1));
  }
  return sum as T;
}

/**
 * Cross-entropy of the Taylor softmax, −log(T(z_y) / Σₖ T(zₖ)), with
 * T(z) = Σ_{i ≤ order} zⁱ/i! in place of eᶻ, order 2 being 1 + z + z²/2. It grows
 * like a power of z, so that no class is ever lost beside another; no maximum is
 * subtracted. Since T′ is the polynomial of one order less,
 *
 *     ∂L/∂zₖ = T′(zₖ) · (1/ΣT − 1[k = y]/T(z_y))
 *
 * Sources: de Brébisson & Vincent (arXiv 1511.05042), Section 2; Prieto et al.
 * (arXiv 2501.04697), Appendix C.1, which does not give its order.
 *
 * @param order An even number.
 * @throws {RangeError} if it is not: log T(z_y) would not be defined.
 */
export function taylorSoftmax(order = 2): Loss {
  if (!(Number.isSafeInteger(order) && order >= 2 && order % 2 === 0)) {
    throw new RangeError(
      `Cannot make a Taylor softmax of order ${order}: the order must be ` +
        "even, or the polynomial is negative somewhere",
    );
  }
  return {
    name: "taylor",
    precisions: ["float32", "float64"],

    terms(logits, labels, precision) {
      const t = taylorExp(toPrecision(logits, precision), order);
      return tf.neg(tf.log(tf.div(pick(t, labels), tf.sum(t, 1))));
    },

    gradient(logits, labels, precision, count) {
      const z = toPrecision(logits, precision);
      const [t, slope] = [taylorExp(z, order), taylorExp(z, order - 1)];
      const weight = scalar(1 / count);
      const all = tf.div(weight, tf.sum(t, 1));
      const others = tf.mul(slope, tf.expandDims(all, 1)) as tf.Tensor2D;
      const own = tf.mul(
        pick(slope, labels),
        tf.sub(all, tf.div(weight, pick(t, labels))),
      );
      return put(others, labels, own as tf.Tensor1D);
    },
  };
}

/** The Taylor softmax as a config names it. */
export const taylorDefinition: LossDefinition<
  { readonly taylorOrder: Setting<number> }
> = defineLoss({
  summary: "Taylor-softmax cross-entropy",
  settings: {
    // Beyond 20 the polynomial's rounding could leave its least values negative.
    taylorOrder: integer([1, 20], 2, "<n>", "taylor: an even order"),
  },
  check: ({ taylorOrder: order }) =>
    order % 2 === 0
      ? undefined
      : `--taylor-order must be even, got ${order}: of an odd order the ` +
        "polynomial is negative for some logits and has no logarithm there",
  precisions: ["float32", "float64"],
  make: ({ taylorOrder }) => taylorSoftmax(taylorOrder),
});
