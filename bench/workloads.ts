/**
 * What is timed, and what is aimed at.
 *
 * @module
 */

import type { ConfigInput } from "../lib/config/config.ts";

/**
 * Other frameworks, and the form in which they do the work: as their users write it,
 * compiled, with one-hot rows looked up, recorded as a CUDA graph.
 */
export const PEERS = {
  "torch": { script: "torch", forms: [] },
  "torch looked up": { script: "torch", forms: ["looked-up"] },
  "torch compile": { script: "torch", forms: ["compile"] },
  "torch compile looked up": {
    script: "torch",
    forms: ["compile", "looked-up"],
  },
  "torch graph": { script: "torch", forms: ["graph"] },
  "jax": { script: "jax", forms: [] },
  "jax looked up": { script: "jax", forms: ["looked-up"] },
} as const satisfies Record<
  string,
  { readonly script: string; readonly forms: readonly string[] }
>;

/** One of them. */
export type Peer = keyof typeof PEERS;

/** Whom a timing belongs to. */
export type Who =
  | "groklab"
  | "groklab, evaluating every 10"
  | "groklab, loss in float32"
  | Peer;

/** Who is timed on a card, in place of whom a workload names. */
export const ON_A_CARD = [
  "groklab, evaluating every 10",
  "torch",
  "torch graph",
  "jax",
] as const satisfies Who[];

/** Whether somebody is another framework. */
export const isPeer = (who: Who): who is Peer => !who.startsWith("groklab");

/** A piece of work. */
export interface Workload {
  /** The experiment. */
  readonly config: ConfigInput;
  /** Steps in one timing: about half a second. */
  readonly steps: number;
  /** Threads, where it is not for the caller to say: what sweeps train has one. */
  readonly threads?: number;
  /** How far a peer's first losses may be from ours, relative to them. */
  readonly rounding: number;
  /** Who is timed beside it. */
  readonly beside: readonly Who[];
  /**
   * How many times as long as theirs our step may take at most; the key says
   * whose, `best` being the fastest peer's.
   */
  readonly targets: { readonly [who in Who | "best"]?: number };
  /** How many times the floor it may take at most. */
  readonly floor?: number;
}

const EVERY_FORM = [
  "torch",
  "torch looked up",
  "torch compile",
  "torch compile looked up",
  "jax",
  "jax looked up",
] as const satisfies Peer[];

// Inputs that are numbers are not looked up.
const OF_NUMBERS = ["torch", "torch compile", "jax"] as const satisfies Peer[];

// How much evaluating and logging may add to a step.
const EVALUATING = { "groklab, evaluating every 10": 1.1 } as const;

/** What is timed. */
export const workloads: Readonly<Record<string, Workload>> = {
  "mlp": {
    config: {},
    steps: 40,
    rounding: 1e-4,
    beside: ["groklab, evaluating every 10", ...EVERY_FORM],
    targets: { best: 0.9, ...EVALUATING },
    floor: 1.5,
  },
  "mlp-loss64": {
    config: { lossPrecision: "float64" },
    steps: 40,
    rounding: 1e-4,
    beside: ["groklab, loss in float32"],
    targets: { "groklab, loss in float32": 1.15 },
  },
  "mlp-float64": {
    config: { precision: "float64", lossPrecision: "float64" },
    steps: 20,
    rounding: 1e-8,
    beside: ["torch", "jax", "jax looked up"],
    targets: { torch: 1 },
  },
  "mod-31": {
    config: { modulus: 31, trainFraction: 0.8 },
    steps: 150,
    threads: 1,
    rounding: 1e-4,
    beside: EVERY_FORM,
    targets: { best: 0.75 },
  },
  "mod-59": {
    config: { modulus: 59, trainFraction: 0.5 },
    steps: 60,
    threads: 1,
    rounding: 1e-4,
    beside: EVERY_FORM,
    targets: { best: 0.75 },
  },
  "transformer": {
    config: { model: "transformer", trainFraction: 0.3 },
    steps: 15,
    rounding: 1e-4,
    beside: EVERY_FORM,
    targets: { best: 0.75 },
    floor: 2,
  },
  // Its first gradients are so small that Adam makes much of their rounding.
  "parity": {
    config: { task: "parity", trainFraction: 0.5 },
    steps: 300,
    rounding: 1e-3,
    beside: OF_NUMBERS,
    targets: { torch: 0.5 },
  },
};
