/**
 * How the learning rate goes with the steps.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { steps } from "../settings/run.ts";
import {
  choice,
  decay,
  integer,
  positive,
  type Setting,
  type Values,
} from "../settings/setting.ts";
import { scalar } from "../trace/precision.ts";

/**
 * The share of the full learning rate that an update takes.
 *
 * @param count [], the number of the update: 0, 1, …
 * @returns [], 0 to 1.
 */
export type Schedule = (count: tf.Tensor) => tf.Tensor;

/**
 * min(t/warmup, 1): from 0 in the first update to the full rate.
 *
 * @param warmup Updates until the full rate, 1 or more.
 */
export function linearWarmup(warmup: number): Schedule {
  return (count) => tf.minimum(tf.div(count, scalar(warmup)), scalar(1));
}

/**
 * Half a cosine from 1 to the floor f: f + (1 − f)·½(1 + cos(πt/T)), and f from
 * there on. With f·η for its `eta_min` it is PyTorch's CosineAnnealingLR.
 *
 * Source: Loshchilov & Hutter (arXiv 1608.03983), Eq. 5.
 *
 * ```ts
 * import { hostTensorOf, runTraced } from "@groklab/groklab/onnx";
 * import { cosineDecay } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * const { rate } = await runTraced(
 *   ({ count }) => ({ rate: cosineDecay(100, 0.1)(count) }),
 *   { count: hostTensorOf("float64", [], [200]) },
 * );
 * assertEquals(rate!.data[0], 0.1);
 * ```
 *
 * @param length T, the updates that it takes, 1 or more.
 * @param floor f.
 */
export function cosineDecay(length: number, floor = 0): Schedule {
  return (count) => {
    const done = tf.minimum(tf.div(count, scalar(length)), scalar(1));
    const wave = tf.add(tf.cos(tf.mul(scalar(Math.PI), done)), scalar(1));
    return tf.add(tf.mul(scalar((1 - floor) / 2), wave), scalar(floor));
  };
}

/**
 * factor^⌊t/every⌋, as PyTorch's StepLR.
 *
 * @param every Updates between two drops, 1 or more.
 * @param factor By what each drop multiplies the rate, above 0.
 */
export function stepDecay(every: number, factor: number): Schedule {
  return (count) =>
    tf.exp(
      tf.mul(
        scalar(Math.log(factor)),
        tf.floor(tf.div(count, scalar(every))),
      ),
    );
}

/** What a schedule is made of. */
export type ScheduleSettings = {
  readonly warmup: Setting<number>;
  readonly schedule: Setting<"constant" | "cosine" | "step">;
  readonly lrFloor: Setting<number>;
  readonly lrStepEvery: Setting<number>;
  readonly lrStepFactor: Setting<number>;
  readonly steps: Setting<number>;
};

/** Warm-up, and what follows it. */
export const scheduleSettings: ScheduleSettings = {
  warmup: integer(
    [0],
    0,
    "<n>",
    "steps of linear warm-up, from a rate of 0 in the first",
  ),
  schedule: choice(
    ["constant", "cosine", "step"],
    "constant",
    "<name>",
    "the learning rate after the warm-up: constant, cosine (until the last " +
      "step) or step (drops)",
  ),
  lrFloor: decay(0, "<f>", "cosine: the share of the rate that it ends at"),
  lrStepEvery: integer([1], 1000, "<n>", "step: steps between two drops"),
  lrStepFactor: positive(
    0.1,
    "<γ>",
    "step: what a drop multiplies the rate by",
  ),
  steps,
};

/**
 * The schedule that a config describes, undefined where the rate is always the
 * same. What follows the warm-up counts from its end.
 */
export function scheduleOf(
  config: Values<ScheduleSettings>,
): Schedule | undefined {
  const { warmup, schedule, lrFloor, lrStepEvery, lrStepFactor } = config;
  const rise = warmup === 0 ? undefined : linearWarmup(warmup);
  if (schedule === "constant") return rise;
  const fall = schedule === "cosine"
    ? cosineDecay(Math.max(config.steps - warmup, 1), lrFloor)
    : stepDecay(lrStepEvery, lrStepFactor);
  if (!rise) return fall;
  return (count) => {
    const after = tf.relu(tf.sub(count, scalar(warmup)));
    return tf.mul(rise(count), fall(after));
  };
}

/** The settings that say nothing beside the schedule that is chosen. */
export function idleInSchedule(
  { schedule }: Pick<Values<ScheduleSettings>, "schedule">,
): (keyof ScheduleSettings)[] {
  return [
    ...(schedule === "cosine" ? [] : ["lrFloor"] as const),
    ...(schedule === "step" ? [] : ["lrStepEvery", "lrStepFactor"] as const),
  ];
}
