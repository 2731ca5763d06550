/**
 * The metrics of runs as one table.
 *
 * @module
 */

import { isObject } from "../../base/json.ts";
import {
  checkArgument,
  checkOptions,
  checkPaths,
  type Checks,
  flag,
  oneOf,
  pathCheck,
} from "../../base/options.ts";
import { checkOutput, checkUnused } from "../../base/output.ts";
import type { Column, ColumnType, Row } from "../../formats/columns.ts";
import { TABLE_FORMATS } from "../../formats/names.ts";
import {
  tableFormat,
  type TableOptions,
  writeTable,
} from "../../formats/tables.ts";
import { readConfig, readMetrics } from "../read.ts";
import { runsMeant } from "./runs_meant.ts";

// Every row begins so.
const FIRST: Readonly<Record<string, ColumnType>> = {
  run: "text",
  seed: "integer",
  step: "integer",
};

const OPTIONS: Checks<TableOptions> = {
  format: oneOf(TABLE_FORMATS),
  overwrite: flag,
};

/**
 * Writes the metrics of runs as one table, a row for each evaluation: `run` (the
 * folder), `seed`, `step`, and a column of numbers for each metric that any of the
 * runs has, empty where a run has it not, or it was not finite.
 *
 * ```ts
 * import { exportMetrics, train } from "@groklab/groklab";
 *
 * const run = await Deno.makeTempDir();
 * await train({ modulus: 7, hidden: [16], steps: 10 }, { run });
 * await exportMetrics([run], `${run}/table.parquet`);
 * ```
 *
 * @param folders Run folders, or folders of replicas.
 * @param out The file to write, which ends in .csv, .jsonl or .parquet.
 * @param options The format, and whether a file may be replaced.
 * @returns How many runs are in the table.
 * @throws {FileError} if a run is not there or damaged, or the file cannot be
 * written.
 * @throws {SyntaxError} if the metrics of a run are none.
 * @throws {UsageError} if the file is there already, its folder is not, or its
 * name ends otherwise.
 */
export async function exportMetrics(
  folders: readonly string[],
  out: string,
  options: TableOptions = {},
): Promise<number> {
  checkPaths("exportMetrics()", folders);
  checkArgument("exportMetrics()", "out", out, pathCheck);
  checkOptions("exportMetrics()", options, OPTIONS);
  const format = options.format ?? tableFormat(out);
  await checkOutput(out);
  await checkUnused(out, options.overwrite ?? false);
  const runs = await runsMeant(folders);
  // Read twice: of very many runs not all rows are in memory.
  const metrics = new Set<string>();
  for (const run of runs) {
    for (const row of await readMetrics(run)) {
      for (const name of Object.keys(row)) metrics.add(name);
    }
  }
  const others = [...metrics].filter((name) => !Object.hasOwn(FIRST, name));
  const columns = Object.entries(FIRST)
    .concat(others.map((name) => [name, "number"]))
    .map(([name, type]): Column => ({ name, type }));
  await writeTable(rowsOf(runs), columns, out, { ...options, format });
  return runs.length;
}

async function* rowsOf(runs: readonly string[]): AsyncGenerator<Row> {
  for (const run of runs) {
    const config = await readConfig(run);
    const seed = isObject(config) && Number.isSafeInteger(config["seed"])
      ? config["seed"] as number
      : null;
    for (const row of await readMetrics(run)) yield { ...row, run, seed };
  }
}
