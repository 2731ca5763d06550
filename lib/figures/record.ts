/**
 * What is kept of a finished run: config, end, versions and a few columns of its
 * metrics. Charts, tables and claims are made of records only, so that a
 * published record is worth as much as the run.
 *
 * @module
 */

import { type Config, configKeys } from "../config/config.ts";
import { readManifest } from "../runs/layout.ts";
import type { Manifest } from "../runs/manifest.ts";
import { readMetrics } from "../runs/read.ts";
import type { TrainResult } from "../runs/result.ts";
import { isOver, readInterrupted } from "../runs/saved_state.ts";
import { deviceSettings } from "../settings/run.ts";
import type { Figure, Json, RunRecord } from "./figure.ts";
import { everyNth } from "../numeric/statistics.ts";

/** Rows that a record has at most, the last one apart. */
const MOST_ROWS = 200;
const DIGITS = 6;

const rounded = (x: number | null | undefined) =>
  x === null || x === undefined ? null : Number(x.toPrecision(DIGITS));

/** Evenly spaced rows, the first and the last always among them. */
export function thinned<T>(rows: readonly T[], most: number = MOST_ROWS): T[] {
  return everyNth(rows, Math.ceil((rows.length - 1) / most));
}

// Where it is computed says nothing about what; the keys that do not change
// numbers beyond rounding are left out of the comparison.
const comparedKeys = () => configKeys.filter((key) => !(key in deviceSettings));

/** What of a config decides the numbers, beyond rounding. */
export function withoutPlace(config: Config): Partial<Config> {
  return Object.fromEntries(comparedKeys().map((key) => [key, config[key]]));
}

/** Whether a config is that of an experiment, wherever it was computed. */
export function sameExperiment(a: Config, b: Config): boolean {
  return comparedKeys().every((key) =>
    JSON.stringify(a[key]) === JSON.stringify(b[key])
  );
}

/** What of a figure decides what a record has. */
export type Recorded = Pick<Figure, "arms" | "columns" | "measures">;

/** The columns of an arm's runs, beside `step`. */
export function columnsOf({ arms, columns }: Recorded, arm: string): string[] {
  const own = arms.find(({ name }) => name === arm)?.columns ?? [];
  return [...columns, ...own];
}

/**
 * Whether a record can stand for a run: the same experiment, with everything
 * that the figure reads.
 */
export function stands(
  record: RunRecord,
  config: Config,
  figure: Recorded,
): boolean {
  return sameExperiment(record.config, config) &&
    columnsOf(figure, record.arm).every((name) => name in record.columns) &&
    Object.keys(figure.measures ?? {})
      .every((name) => name in record.measures);
}

/**
 * The record of a run.
 *
 * @param run Its folder.
 * @param arm The arm's name.
 * @param figure What is recorded.
 * @returns Undefined where the run is not finished.
 * @throws {RangeError} if the run has no such column.
 */
export async function recordOf(
  run: string,
  arm: string,
  figure: Recorded,
): Promise<RunRecord | undefined> {
  const found = await readInterrupted(run);
  const config = found?.config;
  if (!config || !isOver(found.summary, config.steps)) return undefined;
  const summary = found.summary as TrainResult;
  const rows = thinned(await readMetrics(run));
  const columns = columnsOf(figure, arm);
  for (const name of columns) {
    // Columns of what is not defined at first may be null, but are there.
    if (rows.every((row) => row[name] === undefined)) {
      throw new RangeError(
        `Cannot record ${name} of ${run}: its metrics have ` +
          Object.keys(rows[0] ?? {}).join(", "),
      );
    }
  }
  const measured: Record<string, Json> = {};
  for (const [name, measure] of Object.entries(figure.measures ?? {})) {
    measured[name] = await measure(run);
  }
  const manifest = await readManifest(run);
  return {
    arm,
    seed: config.seed,
    steps: summary.steps,
    memorised_at: summary.memorised_at,
    grokked_at: summary.grokked_at,
    diverged_at: summary.diverged_at,
    ms_per_step: rounded(summary.ms_per_step)!,
    made: madeOf(manifest, config),
    config,
    columns: Object.fromEntries(
      ["step", ...columns].map((name) => [
        name,
        rows.map((row) => rounded(row[name])),
      ]),
    ),
    measures: measured,
  };
}

/** What a run was made with, of what its manifest says. */
export function madeOf(
  { groklab, versions, device, git }: Manifest,
  { threads }: Pick<Config, "threads">,
): { readonly [key: string]: Json } {
  return {
    groklab,
    deno: versions["deno"] ?? "",
    "onnxruntime-node": versions["onnxruntime-node"] ?? "",
    device: `${device.os} ${device.arch} ${device.provider}`,
    threads,
    commit: git?.commit.slice(0, 12) ?? null,
    // Numbers that no commit has the code of.
    ...(git?.dirty && { changed: true }),
  };
}

/** A record as a file holds it: a line for each part, so that diffs are short. */
export function recordText(record: RunRecord): string {
  const parts = Object.entries(record).map(([key, value]) =>
    `  ${JSON.stringify(key)}: ` +
    (key === "columns"
      ? `{\n${
        Object.entries(value as RunRecord["columns"]).map(([name, numbers]) =>
          `    ${JSON.stringify(name)}: ${JSON.stringify(numbers)}`
        ).join(",\n")
      }\n  }`
      : JSON.stringify(value))
  );
  return `{\n${parts.join(",\n")}\n}\n`;
}
