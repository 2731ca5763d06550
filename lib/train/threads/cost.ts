/**
 * How long runs take.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { type Config, configKeys } from "../../config/config.ts";

// Keys that hardly change how long a step takes.
const FREE: ReadonlySet<keyof Config> = new Set<keyof Config>([
  "seed",
  "dataSeed",
  "steps",
  "checkpointEvery",
  "lr",
  "weightDecay",
  "beta1",
  "beta2",
  "eps",
  "momentum",
  "labelSmoothing",
  "temperature",
  "logitPenalty",
  "correctLogitScale",
  "zLoss",
  "labelNoise",
  "initScale",
  "outputScale",
  "switches",
]);

// Looked up when asked: extensions add keys.
const keys = () => configKeys.filter((key) => !FREE.has(key));

// Of the others those that change it by parts, not many times over: what is done
// with the logits and the gradient, and how often it is measured.
const MINOR: ReadonlySet<keyof Config> = new Set<keyof Config>([
  "biases",
  "init",
  "loss",
  "lossPrecision",
  "taylorOrder",
  "optimizer",
  "grokfast",
  "clipValue",
  "clipNorm",
  "perpGrad",
  "perpAt",
  "perpScope",
  "perpRenormalise",
  "l1",
  "constantNorm",
  "lrOverGradientNorm",
  "gradientNormUnit",
  "weightDecayKind",
  "warmup",
  "schedule",
  "evalEvery",
  "metrics",
  // What is computed; of how many rows the other settings say.
  "task",
  // Steps are as long as they have rows.
  "residues",
  "trainFraction",
]);

const majorKeys = () => keys().filter((key) => !MINOR.has(key));
const named = (keys: readonly (keyof Config)[], config: Config) =>
  JSON.stringify(keys.map((key) => config[key]));

// What a run needs before its first step and after its last, at least, where it is
// recorded and drawn, too.
const AROUND_MS = 1500;

/** Milliseconds a step of kinds of runs, as far as they are known. */
export class Costs {
  readonly #ms = new Map<string, number>();
  readonly #roughly = new Map<string, number>();
  readonly #around: number;

  /** @param around Milliseconds of a run before its first step and after its last. */
  constructor(around = AROUND_MS) {
    this.#around = around;
  }

  /** What of a config decides how long a step takes. */
  keyOf(config: Config): string {
    return named(keys(), config);
  }

  /** Takes in how long the steps of a whole run, or of a trial, took. */
  learn(config: Config, ms: number): void {
    if (!Number.isFinite(ms) || ms <= 0) return;
    this.#ms.set(this.keyOf(config), ms);
    this.#roughly.set(named(majorKeys(), config), ms / config.trainFraction);
  }

  /** Takes in how long the last few steps took, which is a hint only. */
  follow(config: Config, ms: number): void {
    const before = this.msPerStep(config) ?? ms;
    // A machine that stood still for a while says nothing of what is to come.
    this.learn(config, 0.95 * before + 0.05 * Math.min(ms, 3 * before));
  }

  /** Milliseconds a step; undefined where no such steps have run. */
  msPerStep(config: Config): number | undefined {
    return this.#ms.get(this.keyOf(config));
  }

  /**
   * Milliseconds of the rest of a run; where no such steps have run, as if they
   * were those of the same model on the same data.
   *
   * @param config Its config.
   * @param step Updates made.
   * @returns NaN where nothing like it has run.
   */
  left(config: Config, step = 0): number {
    const roughly = this.#roughly.get(named(majorKeys(), config)) ?? NaN;
    const ms = this.msPerStep(config) ?? roughly * config.trainFraction;
    return (config.steps - step) * ms + this.#around;
  }
}

/**
 * Milliseconds until runs are done that go side by side.
 *
 * @param left Of each, milliseconds.
 * @param lanes How many go at a time.
 */
export function wallTime(left: readonly number[], lanes: number): number {
  const sum = left.reduce((a, b) => a + b, 0);
  return maxOf([sum / lanes, ...left, 0]);
}

/** A time in words: "12 s", "25 min", "3 h 20 min". */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return "an unknown time";
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${
    String(minutes % 60).padStart(2, "0")
  } min`;
}
