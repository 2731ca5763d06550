/**
 * How much the loss of a sweep's runs hangs on the learning rate, and at which width
 * attention logits would pass a bound.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { maxOf } from "../../base/extremes.ts";
import { checkArgument, pathCheck } from "../../base/options.ts";
import { shown } from "../../base/terminal.ts";
import { bootstrapInterval } from "../../numeric/intervals.ts";
import { rateSensitivity, widthAt } from "../../numeric/sensitivity.ts";
import { median } from "../../numeric/statistics.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { readRecords, type SweepRecord } from "../collecting/records.ts";
import { rowsOf } from "../collecting/rows.ts";
import { runPath } from "../layout.ts";
import { textOf } from "./axes.ts";
import { SEEDS } from "./cells.ts";

/** S over the seeds. */
export interface SeedSpread {
  /** How many seeds there are of it. */
  readonly seeds: number;
  /** The median. */
  readonly median: number;
  /** The bootstrap's interval of the median, 95 %. */
  readonly interval: readonly [low: number, high: number];
}

/** Runs that differ in rate and seed alone. */
export interface SensitivityGroup {
  /** The other keys in which the sweep's runs differ, and their values here. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The rates, rising. */
  readonly rates: readonly number[];
  /** Seeds of which all rates have ended, and those of them that say nothing. */
  readonly seeds: number;
  /** S of the train loss; null where no seed says any. */
  readonly train: SeedSpread | null;
  /** S of the test loss. */
  readonly test: SeedSpread | null;
  /** The largest attention logit of a run at each rate, median over the seeds. */
  readonly attention: readonly (number | null)[];
}

/** The width at which attention logits pass a bound. */
export interface LogitPrediction {
  /** The keys that the groups share, all but d_model. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The rate. */
  readonly lr: number;
  /** d_model; null where the parabola never is there. */
  readonly dModel: number | null;
}

/** The sensitivity of a sweep to the learning rate. */
export interface LrSensitivity {
  /** The columns whose last values are the losses. */
  readonly columns: { readonly train: string; readonly test: string };
  /** What differs in rate and seed alone, in the order of the plan. */
  readonly groups: readonly SensitivityGroup[];
  /** The bound of attention logits. */
  readonly bound: number;
  /** Where there are three widths or more with attention logits. */
  readonly predictions: readonly LogitPrediction[];
  /** What of the folder could not be read, in words. */
  readonly problems: readonly string[];
}

// A run, and the rows that it wrote.
interface Run {
  readonly record: SweepRecord;
  readonly rows: readonly MetricsRow[];
}

/**
 * The sensitivity to the learning rate, S of {@link rateSensitivity}, of the runs of a
 * sweep that has several rates: of each combination of its other keys, of each seed by
 * itself. The loss is the last that a run wrote: `train_cross_entropy` and
 * `test_cross_entropy`, without z-loss and penalties, where all runs have those
 * (`--metrics cross-entropy`), else `train_loss` and `test_loss`. A run that diverged
 * counts as ℓ₀, its loss at step 0. A seed counts of which all rates have ended.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Sections 2.2 and 3.4.
 *
 * @param folder The sweep's folder.
 * @param bound What attention logits shall not pass; published runs diverged from
 * about 10⁴ on.
 * @throws {UsageError} if it is no sweep, its runs do not differ in the learning rate,
 * or the rates are no grid in log η.
 * @throws {FileError} if something cannot be read.
 */
export async function lrSensitivity(
  folder: string,
  bound = 1e4,
): Promise<LrSensitivity> {
  checkArgument("lrSensitivity()", "folder", folder, pathCheck);
  const { varying, records, problems: found } = await readRecords(folder);
  if (!varying.includes("lr")) {
    throw new UsageError(
      `Cannot take the sensitivity to the learning rate of ${
        shown(folder)
      }: its ` +
        `runs differ in ${
          varying.join(", ") || "nothing"
        }, wanted three learning ` +
        "rates or more, such as --grid lr=1e-3,1e-2,1e-1",
    );
  }
  const problems = [...found];
  const runs = await Promise.all(
    records.filter(({ state }) => state === "done" || state === "diverged")
      .map(async (record): Promise<Run> => ({
        record,
        rows: await rowsOf(runPath(folder, record.id), problems),
      })),
  );
  const begun = runs.filter(({ rows }) => rows.length > 0);
  const other = varying.filter((key) => key !== "lr" && !SEEDS.includes(key));
  const columns = columnsOf(begun);
  const groups = groupBy(begun, ({ record }) => pick(record, other)).map(
    ([values, runs]) => groupOf(values, runs, columns),
  );
  return {
    columns,
    groups,
    bound,
    predictions: predictionsOf(groups, bound),
    problems,
  };
}

type Values = Readonly<Record<string, unknown>>;

const pick = ({ values }: SweepRecord, keys: readonly string[]): Values =>
  Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));

// In the order in which they come.
function groupBy<T>(
  items: readonly T[],
  of: (item: T) => Values,
): [values: Values, items: T[]][] {
  const groups = new Map<string, [Values, T[]]>();
  for (const item of items) {
    const values = of(item);
    const name = textOf(values);
    const group = groups.get(name) ?? [values, []];
    group[1].push(item);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function columnsOf(runs: readonly Run[]): LrSensitivity["columns"] {
  const pure = runs.every(({ rows }) => "train_cross_entropy" in rows[0]!);
  const end = pure ? "cross_entropy" : "loss";
  return { train: `train_${end}`, test: `test_${end}` };
}

const rateOf = ({ record }: Run) => record.values["lr"] as number;

const numberIn = (row: MetricsRow, column: string): number => {
  const value: unknown = row[column as keyof MetricsRow];
  return typeof value === "number" ? value : NaN;
};

function groupOf(
  values: Values,
  runs: readonly Run[],
  { train, test }: LrSensitivity["columns"],
): SensitivityGroup {
  const rates = [...new Set(runs.map(rateOf))].sort((a, b) => a - b);
  const whole = groupBy(runs, ({ record }) => pick(record, SEEDS))
    .map(([, runs]) => runs.toSorted((a, b) => rateOf(a) - rateOf(b)))
    .filter((runs) => runs.length === rates.length);
  const logits = rates.map((rate) => {
    const found = runs.filter((run) => rateOf(run) === rate).map(largestLogit)
      .filter(Number.isFinite);
    return found.length === 0 ? null : median(found);
  });
  return {
    values,
    rates,
    seeds: whole.length,
    train: spreadOf(whole, train),
    test: spreadOf(whole, test),
    attention: logits,
  };
}

// S of each seed that says any.
function spreadOf(
  seeds: readonly (readonly Run[])[],
  column: string,
): SeedSpread | null {
  const values = seeds.flatMap((runs) => sensitivityOf(runs, column) ?? []);
  return values.length === 0 ? null : {
    seeds: values.length,
    median: median(values),
    interval: bootstrapInterval(values, (values) => median([...values])),
  };
}

function sensitivityOf(
  runs: readonly Run[],
  column: string,
): number | null {
  const points = runs.map((run) => ({
    rate: rateOf(run),
    loss: run.record.state === "diverged"
      ? NaN
      : numberIn(run.rows.at(-1)!, column),
  }));
  try {
    return rateSensitivity(points, numberIn(runs[0]!.rows[0]!, column));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

const largestLogit = ({ rows }: Run): number => {
  const values = rows.map((row) => numberIn(row, "max_attention_logit"))
    .filter(Number.isFinite);
  return values.length === 0 ? NaN : maxOf(values);
};

function predictionsOf(
  groups: readonly SensitivityGroup[],
  bound: number,
): LogitPrediction[] {
  const without = groupBy(groups, ({ values: { dModel: _, ...rest } }) => rest);
  return without.flatMap(([values, groups]) =>
    (groups[0]?.rates ?? []).flatMap((lr) => {
      const points = groups.flatMap(({ values, rates, attention }) => {
        const [width, logit] = [values["dModel"], attention[rates.indexOf(lr)]];
        return typeof width === "number" && logit && logit > 0
          ? [{ width, logit }]
          : [];
      });
      if (points.length < 3) return [];
      const widths = points.map(({ width }) => width);
      const logits = points.map(({ logit }) => logit);
      return [{ values, lr, dModel: widthAt(widths, logits, bound) }];
    })
  );
}
