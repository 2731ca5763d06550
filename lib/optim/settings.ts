/**
 * The settings that several optimizers read.
 *
 * @module
 */

import {
  decay,
  integer,
  notNegative,
  positive,
  type Setting,
} from "../config/setting.ts";

/** What every optimizer reads. */
export type RateSettings = {
  readonly [key in "lr" | "weightDecay" | "warmup"]: Setting<number>;
};

/** η, λ and the updates over which η grows from 0. */
export const rateSettings: RateSettings = {
  lr: positive(0.01, "<η>", "learning rate"),
  weightDecay: notNegative(0, "<λ>", "weight decay (adam and sgd: L2)"),
  warmup: integer(
    [0],
    0,
    "<n>",
    "steps of linear warm-up, from a rate of 0 in the first",
  ),
};

/** Adam's constants. */
export type AdamSettings = {
  readonly [key in "beta1" | "beta2" | "eps"]: Setting<number>;
};

/** β₁, β₂, ε. */
export const adamSettings: AdamSettings = {
  beta1: decay(0.95, "<β>", "Adam: decay of the first moment"),
  beta2: decay(0.999, "<β>", "Adam: decay of the second moment"),
  eps: notNegative(1e-8, "<ε>", "Adam: added to the denominator"),
};
