/**
 * The `stability-gap` probe: how far a first task falls while a second is learnt.
 *
 * @module
 */

import { percent, table } from "../../base/terminal.ts";
import type { Config } from "../../config/config.ts";
import { configAt, firstStep } from "../../config/switches.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { RunProbe } from "../probe.ts";
import {
  type ContinualMeasures,
  continualMeasures,
  gapOf,
  WINDOWS,
} from "./continual.ts";

export * from "./continual.ts";

/** From which share of its accuracy before a task counts as back. */
const BACK = 0.95;

/** What it came to on some rows. */
export interface GapMeasures extends ContinualMeasures {
  /** Accuracy on the first task when the second begins, in [0, 1]. */
  readonly before: number;
  /** The step at which the first task's accuracy is lowest behind that. */
  readonly lowest_at: number;
  /** The first step from there on with 95 % of `before`, or null. */
  readonly back_at: number | null;
}

/** The result. */
export interface StabilityGapResult {
  /** The update from which on the second task is trained. */
  readonly switch_at: number;
  /** Steps between evaluations; the paper has 1. Windows are of evaluations. */
  readonly evaluated_every: number;
  /** Share of the first task's train rows that is replayed with the second. */
  readonly replay: number;
  /** On the test rows of both tasks, as in the paper. */
  readonly test: GapMeasures;
  /** On their train rows: what was memorised counts as well. */
  readonly train: GapMeasures;
}

/**
 * ACC, FORG, min-ACC, WC-ACC, WF^Δ and WP^Δ (Δ = 10, 100 evaluations) of a run that
 * learns two tasks, one after the other, out of its metrics.jsonl.
 *
 * Source: De Lange et al. (arXiv 2205.13452), Section 3: {@link continualMeasures}.
 */
export const stabilityGap: RunProbe<
  "stability-gap",
  StabilityGapResult,
  Record<never, never>
> = {
  of: "run",
  name: "stability-gap",
  describe: "How far a first task falls while a second one is learnt",
  needs: "a run that learns two tasks, evaluated at every step",

  async compute(run) {
    if (!run.recorded) {
      throw new NotApplicableError(
        `${run.path} does not say what was learnt when`,
      );
    }
    const found = stabilityGapOf(run.config, await run.metrics());
    if (typeof found !== "string") return found;
    throw new NotApplicableError(
      `Of ${run.path} nothing can be said: ${found}`,
    );
  },

  text({ switch_at, evaluated_every, replay, train, test }) {
    const row = (name: string, of: (x: GapMeasures) => string) => [
      name,
      of(test),
      of(train),
    ];
    return [
      `second task from step ${switch_at}, ${percent(replay)} of the first ` +
      `one's train rows replayed; evaluated every ${evaluated_every} steps`,
      ...table([
        ["", "test rows", "train rows"],
        row("first task before", ({ before }) => percent(before)),
        row("min-ACC", ({ min_acc }) => percent(min_acc)),
        row("lowest at step", ({ lowest_at }) => `${lowest_at}`),
        row("back at step", ({ back_at }) => `${back_at ?? "never"}`),
        row("WC-ACC", ({ wc_acc }) => percent(wc_acc)),
        row("ACC", ({ acc }) => percent(acc)),
        row("FORG", ({ forg }) => percent(forg)),
        ...WINDOWS.flatMap((window) => [
          row(`WF${window}`, ({ wf }) => percent(wf[window]!)),
          row(`WP${window}`, ({ wp }) => percent(wp[window]!)),
        ]),
      ]),
    ];
  },
};

/**
 * The measures of a run's metrics, or why there are none, in words.
 *
 * @param config The run's config, with its switches.
 * @param rows Its metrics.
 */
export function stabilityGapOf(
  config: Config,
  rows: readonly MetricsRow[],
): StabilityGapResult | string {
  const at = switchStep(config);
  if (at === undefined) return "it does not learn a second task on the way";
  const end = rows.findIndex(({ step }) => step === at);
  if (end < 0) {
    return `there is no evaluation at the switch, step ${at}: --eval-every ` +
      "must divide it";
  }
  if (end === rows.length - 1) return `it has not come behind step ${at} yet`;
  const measures = (part: string): GapMeasures => {
    const accuracies = [1, 2].map((i) =>
      rows.map((row) => row[`task${i}_${part}_accuracy`]!)
    );
    const [first] = accuracies as [number[], number[]];
    const { lowest, back } = gapOf(first, end, BACK);
    return {
      before: first[end]!,
      lowest_at: rows[lowest]!.step,
      back_at: back === null ? null : rows[back]!.step,
      ...continualMeasures({ accuracies, begins: [0, end], ends: [end] }),
    };
  };
  return {
    switch_at: at,
    evaluated_every: config.evalEvery,
    replay: configAt(config, at).replay ?? 0,
    test: measures("test"),
    train: measures("train"),
  };
}

/** The step from which on the second task is trained; undefined where none is. */
export function switchStep(config: Config): number | undefined {
  if (config.currentTask === 2) {
    return config.from === null ? undefined : firstStep(config);
  }
  return config.switches.find(({ at }) =>
    configAt(config, at).currentTask === 2
  )?.at;
}
