import type { Config } from "../config/config.ts";
import type { Evaluation } from "../engine/engine.ts";

/** Accuracy from which a network counts as having memorised, or grokked. */
export const THRESHOLD = 0.99;

/** Where in some rows an accuracy first comes to a share; −1 where it never does. */
export const firstAtLeast = (
  rows: readonly { readonly [name in Accuracy]?: number }[],
  name: Accuracy,
  share: number,
): number => rows.findIndex((row) => (row[name] ?? NaN) >= share);

type Accuracy = "train_accuracy" | "test_accuracy";

/** Why some rows have no step of memorisation. */
export const neverMemorised = ([row]: readonly object[]): string =>
  row && !("train_accuracy" in row)
    ? "its task is a regression, which has no accuracy"
    : "it never memorised (train accuracy ≥ 99 %)";

/** Rows of metrics, of which some may be missing or null. */
type MetricRows = readonly {
  readonly step: number;
  readonly [name: string]: unknown;
}[];

/**
 * The first evaluated step at which a set counts as learnt, or null: with an accuracy
 * of 99 % or more; in a regression, which has none, with the loss that its config
 * says, if it says one.
 *
 * @param config The run's, as its file has it.
 * @param rows Its metrics.
 * @param set Which rows: train (memorised) or test (grokked).
 */
export function reachedStep(
  { lossThreshold }: { readonly lossThreshold?: unknown },
  rows: MetricRows,
  set: "train" | "test",
): number | null {
  const accuracies = rows.some((row) => `${set}_accuracy` in row);
  const isThere = (row: MetricRows[number]) => {
    const [x, limit] = accuracies
      ? [row[`${set}_accuracy`], THRESHOLD]
      : [row[`${set}_loss`], lossThreshold];
    if (typeof x !== "number" || typeof limit !== "number") return false;
    return accuracies ? x >= limit : x <= limit;
  };
  return rows.find(isThere)?.step ?? null;
}

/**
 * Whether a run says when it grokked: its task has classes, or its config a loss at
 * which its rows count as learnt.
 */
export const saysGrokking = (
  { loss_threshold }: Pick<TrainResult, "loss_threshold">,
): boolean => loss_threshold !== null;

/** How a training ended; what `deno task train --json` prints. */
export interface TrainResult {
  /** The run's folder. */
  readonly run: string;
  /** The resolved config. */
  readonly config: Config;
  /** Updates made. */
  readonly steps: number;
  /** First evaluated step with train accuracy ≥ 0.99, or null; {@link reachedStep}. */
  readonly memorised_at: number | null;
  /** First evaluated step with test accuracy ≥ 0.99, or null; {@link reachedStep}. */
  readonly grokked_at: number | null;
  /**
   * Only without a test accuracy: of a regression the loss at which its rows count as
   * learnt, or null, where nothing is said of memorising and grokking; null of a task
   * that has no test rows.
   */
  readonly loss_threshold?: number | null;
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
