/**
 * Early warnings of a jump: how variance and autocorrelation of a metric rise
 * before it.
 *
 * @module
 */

import { randomKey } from "../../numeric/random.ts";
import {
  checkOptions,
  type Checks,
  number,
  whole,
} from "../../base/options.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { mean, momentsOf, slopeOf } from "../../numeric/statistics.ts";
import { firstAtLeast, neverMemorised, THRESHOLD } from "../../runs/result.ts";

/** Where a window stands and what an alarm is. */
export interface WarningOptions {
  /** Evaluations in a window, 4 or more. */
  readonly window: number;
  /** Windows behind memorisation that say what is usual, 2 or more. */
  readonly baseline: number;
  /** How many standard deviations above the usual an alarm is. */
  readonly deviations: number;
  /** How many windows in a row must be there. */
  readonly hold: number;
}

/** The default: a window of 20 evaluations, 20 windows, 4 deviations, 3 in a row. */
export const WARNING_OPTIONS: WarningOptions = {
  window: 20,
  baseline: 20,
  deviations: 4,
  hold: 3,
};

/** What {@link WarningOptions} must be. */
export const WARNING: Checks<WarningOptions> = {
  window: whole(4),
  baseline: whole(2),
  deviations: number,
  hold: whole(1),
};

/** Test accuracy at which a run has jumped. */
export const JUMPED = 0.5;

/** What is looked at in a window. */
export const INDICATORS = ["variance", "autocorrelation"] as const;

/** The name of an indicator. */
export type Indicator = (typeof INDICATORS)[number];

/** An indicator of each window; null where it is not defined. */
export type Indicators = Readonly<Record<Indicator, (number | null)[]>>;

/**
 * Variance and lag-1 autocorrelation in a moving window, less the straight line
 * through the window's values:
 *
 *     s² = Σ r_t²/w        ρ₁ = Σ r_t r_{t+1} / Σ r_t²
 *
 * Of x_{t+1} = φ·x_t + noise of variance σ² they are σ²/(1 − φ²) and φ: before a
 * stable state is lost φ goes to 1, and both rise (critical slowing down).
 *
 * Source: Scheffer et al., Nature 461 (2009); Dakos et al., PLoS ONE 7 (2012).
 *
 * ```ts
 * import { movingIndicators } from "@groklab/groklab/probes";
 * import { assertEquals } from "@std/assert";
 *
 * // Of a straight line nothing is left, whatever the window.
 * const { variance } = movingIndicators([0, 1, 2, 3, 4], 4);
 * assertEquals(variance, [0, 0]);
 * ```
 *
 * @param values A number each evaluation.
 * @param window w, how many.
 * @returns For each window, by its last evaluation: the first is number w − 1.
 */
export function movingIndicators(
  values: readonly number[],
  window: number,
): Indicators {
  const variance: (number | null)[] = [];
  const autocorrelation: (number | null)[] = [];
  for (let end = window; end <= values.length; end++) {
    const part = values.slice(end - window, end);
    const r = detrended(part);
    const squares = r.reduce((sum, x) => sum + x * x, 0);
    const products = r.reduce((sum, x, i) => i ? sum + x * r[i - 1]! : 0, 0);
    // Of a straight line only rounding remains, of its own length.
    const scale = part.reduce((sum, x) => sum + x * x, 0);
    const nothing = squares <= window * Number.EPSILON ** 2 * scale * 16;
    const s2 = squares / window;
    variance.push(Number.isFinite(s2) ? (nothing ? 0 : s2) : null);
    const rho = products / squares;
    autocorrelation.push(Number.isFinite(rho) && !nothing ? rho : null);
  }
  return { variance, autocorrelation };
}

// Less the line of least squares.
function detrended(values: readonly number[]): number[] {
  const times = Array.from(values.keys());
  const [slope, level] = [slopeOf(times, values), mean(values)];
  const middle = (values.length - 1) / 2;
  return values.map((y, i) => y - level - slope * (i - middle));
}

/** When one indicator of one metric gave an alarm. */
export interface Alarm {
  /** Mean of the baseline's windows. */
  readonly usual: number;
  /** What lies above it so far that it is an alarm. */
  readonly threshold: number;
  /** The first evaluation at which it had held, or null. */
  readonly step: number | null;
  /** Steps from there to the jump, where there is one and the alarm is before it. */
  readonly lead: number | null;
  /**
   * How likely an alarm is that means nothing: the share of surrogates that give
   * one. A surrogate is as long as what was looked at, x_{t+1} = φ·x_t + noise, φ
   * being the autocorrelation of the evaluations of the baseline. Null where these
   * have none.
   */
  readonly by_chance: number | null;
}

/** What a metric showed. */
export interface MetricWarnings {
  /** Whether its logarithm was looked at: it is above 0 throughout. */
  readonly logarithm: boolean;
  /** The last step of each window. */
  readonly steps: readonly number[];
  /** s² of each window. */
  readonly variance: readonly (number | null)[];
  /** ρ₁ of each window. */
  readonly autocorrelation: readonly (number | null)[];
  /** The alarm of each indicator; null where the baseline is not defined. */
  readonly alarms: Readonly<Record<Indicator, Alarm | null>>;
}

/** What the metrics of a run showed before it jumped, or never did. */
export interface RunWarnings {
  /**
   * First evaluation with a train accuracy of 99 % or more; null where the run
   * could not be looked at.
   */
  readonly memorised_at: number | null;
  /** Whether the test accuracy came to 99 %. */
  readonly grokked: boolean;
  /** First evaluation with a test accuracy of 50 % or more, or null. */
  readonly jumped_at: number | null;
  /** By metric. */
  readonly metrics: Readonly<Record<string, MetricWarnings>>;
}

/**
 * Looks for alarms in a run's metrics. Baseline are the first `baseline` windows
 * that begin at memorisation or later; an alarm is `hold` windows in a row above
 * their mean plus `deviations` standard deviations, and counts from the last of
 * them. Nothing after the jump is looked at.
 *
 * Windows overlap, so that the baseline's deviation is far less than that of windows
 * to come: noise gives alarms as well, the more the longer it is looked at. How
 * often, each alarm says.
 *
 * @param rows The run's metrics.
 * @param names Which of them; those that a row lacks are left out.
 * @param options Windows and thresholds.
 * @param most Evaluations to look at, at most.
 * @returns A text saying why, where the run cannot be looked at.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function warningsOf(
  rows: readonly MetricsRow[],
  names: readonly string[],
  options: WarningOptions = WARNING_OPTIONS,
  most = Infinity,
): RunWarnings | string {
  checkOptions("warningsOf()", options, WARNING);
  const { window, baseline, hold } = options;
  const begin = firstAtLeast(rows, "train_accuracy", THRESHOLD);
  if (begin < 0) return neverMemorised(rows);
  const jump = firstAtLeast(rows, "test_accuracy", JUMPED);
  const end = Math.min(jump < 0 ? rows.length : jump, begin + most);
  const wanted = window + baseline + hold - 1;
  if (end - begin < wanted) {
    return `it has ${Math.max(end - begin, 0)} evaluations between ` +
      `memorisation and ${
        jump < 0 ? "its end" : "the jump"
      }, and a window of ` +
      `${window} with a baseline of ${baseline} takes ${wanted}: evaluate ` +
      "more often";
  }
  const looked = rows.slice(begin, end);
  const steps = looked.map(({ step }) => step).slice(window - 1);
  const jumped = jump < 0 ? null : rows[jump]!.step;
  const alarmOf = (
    values: readonly (number | null)[],
    by_chance: number | null,
  ): Alarm | null => {
    const found = crossing(values, options);
    if (!found) return null;
    const { usual, threshold, at } = found;
    const step = at === null ? null : steps[at]!;
    const lead = step === null || jumped === null ? null : jumped - step;
    return { usual, threshold, step, lead, by_chance };
  };
  const metrics = names.flatMap((name) => {
    const values = looked.map((row) => row[name]);
    if (!values.every((x) => typeof x === "number")) return [];
    const logarithm = values.every((x) => x > 0);
    const series = logarithm ? values.map(Math.log) : values;
    const indicators = movingIndicators(series, window);
    const chance = alarmsByChance(series, options);
    const alarms = {
      variance: alarmOf(indicators.variance, chance.variance),
      autocorrelation: alarmOf(
        indicators.autocorrelation,
        chance.autocorrelation,
      ),
    };
    return [[name, { logarithm, steps, ...indicators, alarms }] as const];
  });
  return {
    memorised_at: looked[0]!.step,
    grokked: firstAtLeast(rows, "test_accuracy", THRESHOLD) >= 0,
    jumped_at: jumped,
    metrics: Object.fromEntries(metrics),
  };
}

// Where an indicator has been above its usual values long enough.
function crossing(
  values: readonly (number | null)[],
  { baseline, deviations, hold }: WarningOptions,
): { usual: number; threshold: number; at: number | null } | undefined {
  const first = values.slice(0, baseline);
  if (first.some((x) => x === null)) return undefined;
  const { mean: usual, deviation } = momentsOf(first as number[]);
  const threshold = usual + deviations * deviation;
  let above = 0;
  const at = values.findIndex((x, i) => {
    above = i >= baseline && x !== null && x > threshold ? above + 1 : 0;
    return above === hold;
  });
  return { usual, threshold, at: at < 0 ? null : at };
}

const SURROGATES = 200;
// Where a walk with φ forgets what it began with: φ ≤ 0.99 to a part in e⁵.
const FORGOTTEN = 500;

/**
 * How often alarms come of a series that nothing happens to; the same numbers for
 * the same arguments.
 *
 * @param series The values that were looked at; its first `window + baseline − 1`
 * are the baseline's.
 * @param options Windows and thresholds.
 * @returns The share of 200 surrogates that give an alarm, by indicator.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function alarmsByChance(
  series: readonly number[],
  options: WarningOptions,
): Record<Indicator, number | null> {
  checkOptions("alarmsByChance()", options, WARNING);
  const { window, baseline } = options;
  const length = window + baseline - 1;
  const [rho] = movingIndicators(series.slice(0, length), length)
    .autocorrelation;
  if (rho == null) return { variance: null, autocorrelation: null };
  const phi = Math.max(-0.99, Math.min(rho, 0.99));
  const noise = randomKey(0)("surrogates");
  const alarms = { variance: 0, autocorrelation: 0 };
  for (let i = 0; i < SURROGATES; i++) {
    let x = 0;
    const next = () => x = phi * x + noise.normal();
    for (let t = 0; t < FORGOTTEN; t++) next();
    const indicators = movingIndicators(
      Array.from({ length: series.length }, next),
      window,
    );
    for (const name of INDICATORS) {
      const at = crossing(indicators[name], options)?.at ?? null;
      alarms[name] += Number(at !== null);
    }
  }
  return {
    variance: alarms.variance / SURROGATES,
    autocorrelation: alarms.autocorrelation / SURROGATES,
  };
}
