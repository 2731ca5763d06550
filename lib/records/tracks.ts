/**
 * The tracks of the record table: what a recipe in one must not have, and what its
 * runs must show.
 *
 * @module
 */

import { type Config, definitionsOf } from "../config/config.ts";
import { configAt } from "../config/switches.ts";
import type { Standing } from "./standing.ts";
import { DELAY } from "./task.ts";

/** A track. */
export interface Track {
  /** Its heading. */
  readonly title: string;
  /** Its rule, in words. */
  readonly rule: string;
  /** Why a config must not stand in it, in words that begin with a setting. */
  refuses?(config: Config): string | undefined;
  /** Why the runs of a recipe must not; undefined where they may. */
  fails?(standing: Standing): string | undefined;
}

/** The name of a track. */
export type TrackName = "any" | "delay" | "unregularised" | "transformer";

/** Every track by its name in a recipe. */
export const tracks: Readonly<Record<TrackName, Track>> = {
  any: {
    title: "Any recipe",
    rule: "Any settings. Every entry stands here, too.",
  },
  delay: {
    title: "Grokking, with a delay",
    rule: `In more than half of the seeds the step of grokking is at least ` +
      `${DELAY} times that of memorising (99 % of the train pairs, held in the same ` +
      "way). A seed that memorises and never groks has the delay; one that never " +
      "memorises has none.",
    fails: ({ delayed, seeds }) =>
      2 * delayed > seeds
        ? undefined
        : `the delay is ${DELAY} times the step of memorising in ${delayed} of ` +
          `${seeds} seeds, more than half are needed`,
  },
  unregularised: {
    title: "No regularisation at all",
    rule: "No weight decay, no ⊥Grad, no other stage around the optimizer " +
      "(Grokfast, clipping, L1, constant norm), no label smoothing, no penalty on " +
      "the logits, no dropout, no batch norm, no mini-batches; neither at the start " +
      "nor from any step on. Loss, optimizer, rate, ε, precision, initialisation, " +
      "width and depth are free. Of what a module of one's own does, the readers are " +
      "the judges.",
    refuses: regularised,
  },
  transformer: {
    title: "Transformer",
    rule: "The model is `transformer` or `encoder`, of any depth and width.",
    refuses: ({ model }) =>
      model === "transformer" || model === "encoder"
        ? undefined
        : `model must be transformer or encoder, got ${model}`,
  },
};

/** Their names. */
export const trackNames = Object.keys(tracks) as TrackName[];

// What regularises in a config, at its start or from a switch on.
function regularised(config: Config): string | undefined {
  for (const at of [0, ...config.switches.map(({ at }) => at)]) {
    const why = regularisedIn(configAt(config, at));
    if (why !== undefined) return at === 0 ? why : `from step ${at} on ${why}`;
  }
}

// The keys that must be off, with the value that is off.
const OFF = {
  weightDecay: 0,
  labelSmoothing: 0,
  logitPenalty: 0,
  batchNorm: false,
  batchSize: null,
} as const;

function regularisedIn(config: Config): string | undefined {
  for (const [key, off] of Object.entries(OFF)) {
    const value = config[key as keyof typeof OFF];
    if (value === off) continue;
    return `${key} must be ${off}, got ${JSON.stringify(value)}`;
  }
  const { model, stages } = definitionsOf(config);
  const [stage] = stages;
  if (stage) {
    const value = config[stage.by as keyof Config];
    return `${stage.by} must be off, got ${JSON.stringify(value)}: ` +
      stage.summary;
  }
  if (model.draws?.(config) !== false) {
    const value = config.dropout;
    return "dropout must be 0, got " +
      (value === null ? "the model's own" : String(value));
  }
}
