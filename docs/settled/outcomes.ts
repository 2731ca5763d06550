/**
 * What came of a run, as far as the rules of docs/settled.md ask.
 *
 * @module
 */

import type { Config } from "../../lib/config/config.ts";
import { heldFrom } from "../../lib/records/task.ts";

/** First evaluated steps; null for never. */
export interface Outcome {
  readonly seed: number;
  /** 99.5 % of the train pairs, and of the test pairs. */
  readonly train: number | null;
  readonly test: number | null;
  /** 100 % of the test pairs. */
  readonly full: number | null;
  /** 99 % of the test pairs in ten evaluations one after the other. */
  readonly held: number | null;
  /** Half of the train rows with a softmax of exactly 1. */
  readonly half: number | null;
}

/** The arms of a sweep, each with its runs by seed. */
export type Arms = Readonly<Record<string, readonly Outcome[]>>;

type Rows = Parameters<typeof heldFrom>[0];
type Name = "train_accuracy" | "test_accuracy" | "softmax_collapse";

/** The outcome of a run with these evaluations. */
export function outcomeOf(seed: number, rows: Rows): Outcome {
  const first = (name: Name, least: number) =>
    rows.find((row) => Number(row[name] ?? 0) >= least)?.step ?? null;
  return {
    seed,
    train: first("train_accuracy", 0.995),
    test: first("test_accuracy", 0.995),
    full: first("test_accuracy", 1),
    held: heldFrom(rows, "test_accuracy"),
    half: first("softmax_collapse", 0.5),
  };
}

/** The name of a run's arm: all that the sweeps vary, but the seed. */
export function armOf(
  config: Pick<
    Config,
    | "optimizer"
    | "perpGrad"
    | "loss"
    | "lossPrecision"
    | "hidden"
    | "embedding"
    | "lr"
    | "weightDecay"
    | "beta2"
  >,
): string {
  return [
    `${config.perpGrad ? "⊥" : ""}${config.optimizer}`,
    `${config.loss} ${config.lossPrecision}`,
    `${config.embedding === null ? "two-hot" : "embedding"} ${config.hidden}`,
    `lr ${config.lr} wd ${config.weightDecay} β₂ ${config.beta2}`,
  ].join(", ");
}
