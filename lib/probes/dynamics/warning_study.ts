/**
 * Early warnings over several runs: how often they came, and how often in vain.
 *
 * @module
 */

import { checkOptions } from "../../base/options.ts";
import { finite, lowerMedian } from "../../numeric/statistics.ts";
import { firstAtLeast, THRESHOLD } from "../../runs/result.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import {
  type Indicator,
  INDICATORS,
  JUMPED,
  type RunWarnings,
  WARNING,
  WARNING_OPTIONS,
  type WarningOptions,
  warningsOf,
} from "./critical_slowing.ts";

/** How an indicator of a metric did over several runs. */
export interface WarningRates {
  /** The metric. */
  readonly metric: string;
  /** The indicator. */
  readonly indicator: Indicator;
  /** Runs that grokked. */
  readonly grokked: number;
  /** How many of them gave an alarm before the jump. */
  readonly warned: number;
  /** The median of their leads, in steps; of an even number the lower one. */
  readonly median_lead: number | null;
  /** Runs that never jumped. */
  readonly never: number;
  /** How many of them gave an alarm all the same. */
  readonly false_alarms: number;
  /** Their share, null where there is no such run. */
  readonly false_alarm_rate: number | null;
}

/** Alarms over several runs. */
export interface WarningStudy {
  /**
   * Evaluations behind memorisation for which runs that never jumped were watched:
   * as many as those that grokked had before their jump, their median; null where
   * none grokked and they were watched to their end.
   */
  readonly exposure: number | null;
  /** For each metric and indicator. */
  readonly rates: readonly WarningRates[];
  /** Runs that could not be looked at, by their number, with the reason. */
  readonly left_out: Readonly<Record<string, string>>;
}

/**
 * Alarms over several runs: in how many that grokked they came before the jump,
 * how long before, and in how many that never jumped they came all the same, watched
 * for as long. (Runs that jumped and did not grok are counted by neither.)
 *
 * @param runs The metrics of each run.
 * @param names Which metrics.
 * @param options Windows and thresholds.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function earlyWarningStudy(
  runs: readonly (readonly MetricsRow[])[],
  names: readonly string[],
  options: WarningOptions = WARNING_OPTIONS,
): WarningStudy {
  checkOptions("earlyWarningStudy()", options, WARNING);
  const left_out: Record<string, string> = {};
  const exposure = medianExposure(runs);
  const found = runs.flatMap((rows, i) => {
    const never = firstAtLeast(rows, "test_accuracy", JUMPED) < 0;
    const most = never ? exposure ?? Infinity : Infinity;
    const warnings = warningsOf(rows, names, options, most);
    if (typeof warnings !== "string") return [warnings];
    left_out[i] = warnings;
    return [];
  });
  const rates = names.flatMap((metric) =>
    INDICATORS.map((indicator): WarningRates => {
      const alarms = (runs: readonly RunWarnings[]) =>
        runs.flatMap(({ metrics }) => metrics[metric]?.alarms[indicator] ?? []);
      const grokked = alarms(found.filter((run) => run.grokked));
      const never = alarms(found.filter((run) => run.jumped_at === null));
      const leads = grokked.flatMap(({ lead }) => lead ?? []);
      const false_alarms = never.filter(({ step }) => step !== null).length;
      return {
        metric,
        indicator,
        grokked: grokked.length,
        warned: leads.length,
        median_lead: finite(lowerMedian(leads)),
        never: never.length,
        false_alarms,
        false_alarm_rate: never.length > 0 ? false_alarms / never.length : null,
      };
    })
  );
  return { exposure, rates, left_out };
}

// Evaluations from memorisation to the jump, in runs that grokked: the median, of
// an even number the lower one.
function medianExposure(
  runs: readonly (readonly MetricsRow[])[],
): number | null {
  const all = runs.flatMap((rows) => {
    const begin = firstAtLeast(rows, "train_accuracy", THRESHOLD);
    const jump = firstAtLeast(rows, "test_accuracy", JUMPED);
    const grokked = firstAtLeast(rows, "test_accuracy", THRESHOLD) >= 0;
    return grokked && begin >= 0 && jump > begin ? [jump - begin] : [];
  });
  return finite(lowerMedian(all));
}
