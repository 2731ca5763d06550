/**
 * Dropout.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { decay, nullable, type Setting } from "../../lib/settings/setting.ts";
import type { Mode } from "../training_mode.ts";

/** What share of the activations is dropped in training. */
export const dropoutRate: Setting<number | null> = nullable(decay(
  0,
  "<f>",
  "share of activations dropped in training (default: 0; 0.1 in the encoder)",
));

/**
 * Dropout: in training each element is 0 with probability `rate`, else
 * x/(1 − rate); in evaluation it is x.
 *
 * Source: Srivastava et al., JMLR 15 (2014); inverted scaling as in PyTorch.
 *
 * @param x [batch, …], or [batch · k, …] where the k parts of a row follow each
 * other.
 * @param rate Probability of being dropped, in [0, 1); 0 is no dropout.
 * @param name Its name in the model, no other's: each has masks of its own.
 * @param mode Of the forward pass; undefined in evaluation.
 */
export function dropout<T extends tf.Tensor>(
  x: T,
  rate: number,
  name: string,
  mode: Mode | undefined,
): T {
  if (!mode || rate === 0) return x;
  return tf.mul(x, mode.mask(name, rate, x.shape)) as T;
}
