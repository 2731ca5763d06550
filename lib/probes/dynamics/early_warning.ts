/**
 * The `early-warning` probe: whether a run's metrics announced the jump of its
 * test accuracy.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { readMetrics } from "../../runs/read.ts";
import {
  integer,
  positive,
  type Setting,
  text,
  type Values,
} from "../../settings/setting.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { RunProbe } from "../probe.ts";
import {
  INDICATORS,
  type RunWarnings,
  WARNING_OPTIONS,
  type WarningOptions,
  warningsOf,
} from "./critical_slowing.ts";
import { earlyWarningStudy, type WarningStudy } from "./warning_study.ts";

export * from "./critical_slowing.ts";
export * from "./warning_study.ts";

/**
 * The metrics that are looked at. The last says itself how the test rows are doing:
 * its alarm may be the beginning of the jump.
 */
export const WARNING_METRICS: readonly string[] = [
  "train_loss",
  "weight_norm",
  "gradient_norm",
  "cos_weight_neg_gradient",
  "logit_scale",
  "test_loss",
];

/** What other runs show beside this one. */
export interface WarningComparison extends WarningStudy {
  /** The runs by their numbers: this one is 0. */
  readonly runs: readonly string[];
}

/** The result. */
export interface EarlyWarningResult extends RunWarnings {
  /** How the windows were, in evaluations, and what an alarm was. */
  readonly options: WarningOptions;
  /** Over this and other runs; null where no others were named. */
  readonly study: WarningComparison | null;
}

/** What the probe can be told. */
export type EarlyWarningSettings = {
  readonly warningWindow: Setting<number>;
  readonly warningBaseline: Setting<number>;
  readonly warningDeviations: Setting<number>;
  readonly warningHold: Setting<number>;
  readonly warningRuns: Setting<string>;
};

/**
 * Variance and lag-1 autocorrelation of a run's metrics in a moving window between
 * memorisation and the jump of the test accuracy; when they rose above what was
 * usual after memorisation, and how many steps before the jump that was. Over
 * several runs: how often a warning came, and how often one came in runs that never
 * jumped, the false alarms. What an alarm is, {@link warningsOf} says.
 *
 * Sources: {@link movingIndicators}.
 */
export const earlyWarning: RunProbe<
  "early-warning",
  EarlyWarningResult,
  EarlyWarningSettings
> = {
  of: "run",
  name: "early-warning",
  describe: "Whether variance and autocorrelation announced the jump",
  needs: "a run that memorised, evaluated often enough before it grokked",
  settings: {
    warningWindow: integer(
      [4, 100000],
      WARNING_OPTIONS.window,
      "<n>",
      "early-warning: evaluations in a window",
    ),
    warningBaseline: integer(
      [2, 100000],
      WARNING_OPTIONS.baseline,
      "<n>",
      "early-warning: windows after memorisation that say what is usual",
    ),
    warningDeviations: positive(
      WARNING_OPTIONS.deviations,
      "<k>",
      "early-warning: standard deviations above the usual that are an alarm",
    ),
    warningHold: integer(
      [1, 1000],
      WARNING_OPTIONS.hold,
      "<n>",
      "early-warning: windows in a row that an alarm takes",
    ),
    warningRuns: text(
      "",
      "<folders>",
      "early-warning: other runs to count warnings and false alarms over, " +
        "separated by commas",
    ),
  },

  async compute(run, settings) {
    const options = optionsOf(settings);
    const rows = await run.metrics();
    const own = warningsOf(rows, WARNING_METRICS, options);
    const others = settings.warningRuns.split(",").map((path) => path.trim())
      .filter((path) => path !== "");
    if (typeof own === "string" && others.length === 0) {
      throw new NotApplicableError(
        `Of ${run.path} nothing can be said: ${own}`,
      );
    }
    const all = [rows];
    for (const path of others) all.push(await readMetrics(path));
    return {
      ...(typeof own === "string" ? NOTHING : own),
      options,
      study: others.length === 0 ? null : {
        runs: [run.path, ...others],
        ...earlyWarningStudy(all, WARNING_METRICS, options),
      },
    };
  },

  text({ memorised_at, grokked, jumped_at, metrics, options, study }) {
    const { window, baseline, deviations, hold } = options;
    return [
      ...(memorised_at === null ? ["this run cannot be looked at"] : [
        `memorised at step ${memorised_at}, ` +
        (jumped_at === null
          ? "never jumped"
          : `jumped at step ${jumped_at}${grokked ? " and grokked" : ""}`),
        `window of ${window} evaluations; alarm: ${hold} windows in a row above ` +
        `mean + ${
          short(deviations)
        } deviations of ${baseline} after memorisation`,
        ...alarmTable(metrics),
      ]),
      ...(study ? studyLines(study) : []),
    ];
  },
};

const alarmTable = (metrics: RunWarnings["metrics"]): string[] =>
  table([
    [
      "metric",
      "indicator",
      "usual",
      "threshold",
      "alarm at",
      "lead",
      "by chance",
    ],
    ...Object.entries(metrics).flatMap(([name, { alarms, logarithm }]) =>
      INDICATORS.map((indicator) => {
        const alarm = alarms[indicator];
        return [
          logarithm ? `log ${name}` : name,
          indicator,
          short(alarm?.usual),
          short(alarm?.threshold),
          short(alarm?.step),
          short(alarm?.lead),
          alarm?.by_chance == null ? "–" : percent(alarm.by_chance),
        ];
      })
    ),
  ]);

const studyLines = (study: WarningComparison): string[] => [
  ...(study.exposure === null ? [] : [
    `runs that never jumped are watched for ${study.exposure} ` +
    "evaluations behind memorisation, as those that grokked",
  ]),
  ...table([
    ["over the runs", "indicator", "warned", "lead", "false alarms"],
    ...study.rates.map((rate) => [
      rate.metric,
      rate.indicator,
      `${rate.warned} of ${rate.grokked}`,
      short(rate.median_lead),
      `${rate.false_alarms} of ${rate.never}` +
      (rate.false_alarm_rate === null
        ? ""
        : ` (${percent(rate.false_alarm_rate)})`),
    ]),
  ]),
  ...Object.entries(study.left_out).map(([i, reason]) =>
    `left out ${study.runs[Number(i)]}: ${reason}`
  ),
];

// Of a run that cannot be looked at itself, among others that can.
const NOTHING = {
  memorised_at: null,
  grokked: false,
  jumped_at: null,
  metrics: {},
};

const optionsOf = (settings: Values<EarlyWarningSettings>): WarningOptions => ({
  window: settings.warningWindow,
  baseline: settings.warningBaseline,
  deviations: settings.warningDeviations,
  hold: settings.warningHold,
});
