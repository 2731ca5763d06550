/**
 * What is timed, and what is aimed at.
 *
 * @module
 */

import type { ConfigInput } from "../lib/config/config.ts";

/** Other frameworks; PyTorch also with its step recorded as a CUDA graph. */
export type Peer = "torch" | "torch graph" | "jax";

/** Whom a timing belongs to. */
export type Who =
  | "groklab"
  | "groklab, evaluating every 10"
  | "groklab, loss in float32"
  | Peer;

/** Who is timed on a card, in place of whom the targets name. */
export const ON_A_CARD = [
  "groklab, evaluating every 10",
  "torch",
  "torch graph",
  "jax",
] as const satisfies Who[];

/** Whether somebody is another framework. */
export const isPeer = (who: Who): who is Peer => !who.startsWith("groklab");

/** A piece of work, its name shared with bench/peers/workloads.py. */
export interface Workload {
  /** The experiment. */
  readonly config: ConfigInput;
  /** Steps in one timing: about half a second. */
  readonly steps: number;
  /**
   * How many times as long as theirs our step may take at most; the key says
   * who is timed beside it.
   */
  readonly targets: { readonly [who in Who]?: number };
}

// How much evaluating and logging may add to a step.
const EVALUATING = { "groklab, evaluating every 10": 1.1 } as const;

/** What is timed. */
export const workloads: Readonly<Record<string, Workload>> = {
  "mlp": {
    config: {},
    steps: 40,
    targets: { torch: 0.5, jax: 0.75, ...EVALUATING },
  },
  "mlp-loss64": {
    config: { lossPrecision: "float64" },
    steps: 40,
    targets: { "groklab, loss in float32": 1.15 },
  },
  "mlp-float64": {
    config: { precision: "float64", lossPrecision: "float64" },
    steps: 20,
    targets: { torch: 1 },
  },
  "transformer": {
    config: { model: "transformer", trainFraction: 0.3 },
    steps: 15,
    targets: { torch: 0.6, jax: 0.9 },
  },
  "parity": {
    config: { task: "parity", trainFraction: 0.5 },
    steps: 300,
    targets: { torch: 0.5 },
  },
};
