/**
 * A run in words: what was done, how it ended, which command repeats it.
 *
 * @module
 */

import {
  type Config,
  configKeys,
  defaults,
  definitionsOf,
  flagOf,
  idleKeys,
  totalOf,
} from "../../config/config.ts";
import { unknownKeys } from "../../config/stand_ins.ts";
import { modulesIn } from "../../config/used.ts";
import { trainSize } from "../../data/dataset.ts";
import { quoted, sharedLine } from "../../base/shell.ts";
import { percent, short } from "../../base/terminal.ts";
import {
  type Group,
  hasNoTest,
  isRegression,
  reached,
  type ReportRun,
  shownValue,
} from "../runs.ts";

const count = (n: number) => n.toLocaleString("en");

/** The experiment of a run in one sentence. */
export function sentence(run: ReportRun): string {
  const { config } = run;
  const { task, model } = definitionsOf(config);
  const total = totalOf(config);
  const { loss, lossPrecision, optimizer, perpGrad, weightDecay } = config;
  const decay = "weightDecay" in definitionsOf(config).optimizer.settings &&
    weightDecay > 0;
  return `${model.describe(config)} on ${task.describe(config)}` +
    (total === undefined
      ? ""
      : `, ${percent(config.trainFraction)} of the rows (${
        count(trainSize(config.trainFraction, total))
      } of ${count(total)})`) +
    `, ${lossWords(loss)} in ${lossPrecision}` +
    `, ${perpGrad ? "⊥" : ""}${optimizer} at learning rate ${config.lr}` +
    (decay ? ` with weight decay ${weightDecay}` : "") +
    `, ${count(config.steps)} steps: ${outcome(run)}.`;
}

const LOSSES: Readonly<Record<string, string>> = {
  mse: "mean squared error",
  l1: "mean absolute error",
  "squared-error": "half the squared error",
};

const lossWords = (loss: string) => LOSSES[loss] ?? `${loss} cross-entropy`;

/** How a run ended, or stands. */
export function outcome(run: ReportRun): string {
  const { rows, summary, config } = run;
  const last = rows.at(-1);
  if (!last) return "no evaluation yet";
  const [memorised, grokked] = [reached(run, "train"), reached(run, "test")];
  const diverged = summary?.diverged_at ?? null;
  const state = diverged !== null
    ? `diverged at step ${diverged}; before, `
    : summary && !summary.interrupted
    ? ""
    : last.step < config.steps
    ? `at step ${count(last.step)} so far, `
    : "";
  if (isRegression(run) && typeof config.lossThreshold !== "number") {
    return `${state}its loss is ${short(last.train_loss)} of the train rows, ` +
      `${short(last.test_loss)} of the test rows`;
  }
  if (hasNoTest(run)) {
    return state +
      (memorised === null
        ? "it did not memorise"
        : `it memorised at step ${count(memorised)}`) +
      ", and has no test rows";
  }
  const measure = last.test_accuracy === undefined
    ? `test loss ${short(last.test_loss)}`
    : `test accuracy ${percent(last.test_accuracy)}`;
  return state +
    (memorised === null
      ? "it did not memorise"
      : `it memorised at step ${count(memorised)}`) +
    (grokked === null
      ? ` and did not grok (${measure})`
      : ` and grokked at step ${count(grokked)}`);
}

/** What a table says of each run, in the order of {@link SUMMARY_COLUMNS}. */
export function summaryCells(run: ReportRun): string[] {
  const last = run.rows.at(-1);
  const share = (x: number | null | undefined) =>
    typeof x === "number" ? percent(x) : "–";
  return [
    run.name,
    String(run.config.seed),
    last ? count(last.step) : "–",
    short(reached(run, "train")),
    short(reached(run, "test")),
    share(last?.train_accuracy),
    share(last?.test_accuracy),
    share(last?.softmax_collapse),
    share(last?.zero_terms),
    short(last?.logit_scale),
    short(last?.cos_weight_neg_gradient),
    short(last?.weight_norm),
  ];
}

/** What {@link summaryCells} are. */
export const SUMMARY_COLUMNS = [
  "run",
  "seed",
  "step",
  "memorised at",
  "grokked at",
  "train accuracy",
  "test accuracy",
  "collapse",
  "zero terms",
  "logit scale",
  "cos(w, −grad)",
  "‖θ‖₂",
] as const;

/**
 * The keys of a config that say something: that are not the defaults and are read;
 * those of an extension that is not here are among them.
 */
export function tellingKeys(config: Config): (keyof Config)[] {
  const idle = idleKeys(config);
  // Where bits are drawn, this is the default.
  const usual: Config = { ...defaults, generator: "squares" };
  const own = configKeys.filter((key) =>
    (key as string) !== "use" &&
    JSON.stringify(config[key]) !== JSON.stringify(usual[key]) &&
    !idle.includes(key)
  );
  return [...own, ...unknownKeys(config) as (keyof Config)[]];
}

/** The words that name a run's extensions on a command line. */
export function usedWords(config: Config): string[] {
  return modulesIn(config)
    .flatMap(({ module }) => ["--use", quoted(module)]);
}

/** The command that repeats a run; null where only its config.json does. */
export function commandOf(config: Config): string | null {
  if (config.from !== null || config.switches.length > 0) return null;
  const flags = tellingKeys(config).flatMap((key) => {
    const value: unknown = config[key];
    if (value === null) return [];
    if (typeof value !== "boolean") {
      return [flagOf(key), quoted(shownValue(value))];
    }
    return [value ? flagOf(key) : flagOf(key).replace("--", "--no-")];
  });
  return [sharedLine("train"), ...usedWords(config), ...flags].join(" ");
}

/** What to mind when runs are laid over each other. */
export function groupNotes(groups: readonly Group[]): string[] {
  const [first, ...others] = groups.map(({ runs: [run] }) => run.config);
  const notes: string[] = [];
  const differ = (f: (config: Config) => string) =>
    first !== undefined && others.some((config) => f(config) !== f(first));
  if (differ((config) => definitionsOf(config).task.describe(config))) {
    notes.push(
      "The runs learn different tasks: accuracies, collapse and cosines can be " +
        "compared; losses, logit scales and what lies inside the networks " +
        "belong to their own task, and are shown run by run.",
    );
  }
  if (differ(({ loss }) => loss)) {
    notes.push(
      "The runs minimise different losses: the values in the chart of the loss " +
        "are of different functions, only their shapes can be compared.",
    );
  }
  return notes;
}
