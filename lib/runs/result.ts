import type { Config } from "../config/config.ts";
import type { Evaluation } from "../engine/engine.ts";

/** Accuracy from which a network counts as having memorised, or grokked. */
export const THRESHOLD = 0.99;

/** How a training ended; what `deno task train --json` prints. */
export interface TrainResult {
  /** The run's folder. */
  readonly run: string;
  /** The resolved config. */
  readonly config: Config;
  /** Updates made. */
  readonly steps: number;
  /** First evaluated step with train accuracy ≥ 0.99, or null. */
  readonly memorised_at: number | null;
  /** First evaluated step with test accuracy ≥ 0.99, or null. */
  readonly grokked_at: number | null;
  /** The step whose train loss or state was not finite, or null. */
  readonly diverged_at: number | null;
  /**
   * Where the loss was finite there: the path of a tensor of the state that was
   * not, such as `optimizer.nu.layers.0.W`; else null. Older runs say nothing.
   */
  readonly diverged_in?: string | null;
  /** The metrics after the last update. */
  readonly final: Evaluation["metrics"];
  /** Mean milliseconds a step, evaluations included, in the last sitting. */
  readonly ms_per_step: number;
  /** Seconds spent training, without the start, in the last sitting. */
  readonly seconds: number;
  /** The last checkpoint's file. */
  readonly checkpoint: string;
  /** Whether it was stopped before the last step. */
  readonly interrupted: boolean;
}
