/**
 * A sweep as a table.
 *
 * @module
 */

import { FileError } from "../../base/files.ts";
import { checkArgument, checkOptions, pathCheck } from "../../base/options.ts";
import { checkOutput, checkUnused } from "../../base/output.ts";
import {
  cellOf,
  type Column,
  columnsOf,
  type ColumnType,
  type Row,
} from "../../formats/columns.ts";
import { tableFormat, writeTable } from "../../formats/tables.ts";
import { MissingError, readMetrics } from "../../runs/read.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { runPath } from "../layout.ts";
import { delayOf } from "../summaries/outcomes.ts";
import { COLLECT, type Collected, type CollectOptions } from "./options.ts";
import { readRecords, STATES, type SweepRecord } from "./records.ts";

// What is the same in every table, whatever was trained.
const TYPES: Readonly<Record<string, ColumnType>> = {
  memorised_at: "integer",
  grokked_at: "integer",
  delay: "integer",
  diverged_at: "integer",
  step: "integer",
  seconds: "number",
  attempts: "integer",
  ended: "text",
  reason: "text",
};

/**
 * Writes a sweep as a table: a row for each run that is planned, whether it is there
 * yet or not, with its id, how it stands, the keys in which the runs differ, and how
 * it ended. Needs the folder only; others may train meanwhile.
 *
 * ```ts
 * import { collectSweep, planSweep } from "@groklab/groklab/sweeps";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await planSweep({
 *   set: { modulus: 5, hidden: [4], steps: 4 },
 *   seeds: [0, 1],
 *   parts: [{ grid: { lr: [0.001, 0.01] } }],
 * }, { folder });
 * const table = `${folder}/table.csv`;
 * const { rows, states, columns } = await collectSweep(folder, table);
 * assertEquals([rows, states["waiting"]], [4, 4]);
 * assertEquals(columns.slice(0, 4), ["id", "state", "lr", "seed"]);
 * ```
 *
 * @param folder The sweep's folder.
 * @param path The table: its name ends in .csv, .jsonl or .parquet.
 * @param options Which rows and which columns.
 * @throws {UsageError} if the folder is no sweep of this version or has no run, the
 * file's name ends otherwise, it is there already, or its folder is not; nothing is
 * written then.
 * @throws {SyntaxError} if the sweep's plan is damaged.
 * @throws {FileError} if something cannot be read or written.
 */
export async function collectSweep(
  folder: string,
  path: string,
  options: CollectOptions = {},
): Promise<Collected> {
  checkArgument("collectSweep()", "folder", folder, pathCheck);
  checkArgument("collectSweep()", "path", path, pathCheck);
  checkOptions("collectSweep()", options, COLLECT);
  const { metrics = false, allKeys = false, overwrite = false } = options;
  // What can be known beforehand is refused before the work.
  tableFormat(path);
  await checkOutput(path);
  await checkUnused(path, overwrite);
  const { records, problems } = await readRecords(folder, allKeys);
  const read = [...problems];
  const found = metrics
    ? await evaluations(folder, records, read)
    : outcomes(records);
  await writeTable(found.rows(), found.columns, path, { overwrite });
  return {
    path,
    runs: records.length,
    rows: found.count(),
    columns: found.columns.map(({ name }) => name),
    states: Object.fromEntries(
      STATES.map((state) => [
        state,
        records.filter((record) => record.state === state).length,
      ]),
    ),
    problems: read,
  };
}

/** A table that is to be written. */
interface Found {
  readonly columns: readonly Column[];
  rows(): Iterable<Row> | AsyncIterable<Row>;
  /** How many rows there were. */
  count(): number;
}

function headOf({ id, state, values }: SweepRecord): Row {
  return {
    id,
    state,
    ...Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, cellOf(value)]),
    ),
  };
}

// The columns of ids and settings, which every table begins with.
function headTypes(
  records: readonly SweepRecord[],
): Record<string, ColumnType> {
  const columns = columnsOf(records.map(headOf), { id: "text", state: "text" });
  return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
}

function outcomes(records: readonly SweepRecord[]): Found {
  const rows = records.map((record): Row => {
    const { seconds, attempts, ended, reason, result } = record.ended ?? {};
    return {
      memorised_at: result?.memorised_at,
      grokked_at: result?.grokked_at,
      delay: delayOf(record),
      diverged_at: result?.diverged_at,
      step: result?.steps,
      seconds,
      attempts,
      ended,
      reason,
      ...result?.final,
      // A key of the config has its name, where two have it.
      ...headOf(record),
    };
  });
  const final = records.flatMap(({ ended }) =>
    Object.keys(ended?.result?.final ?? {})
  );
  const columns = columnsOf(rows, {
    ...numbers(final),
    ...TYPES,
    ...headTypes(records),
  });
  const order = [
    ...Object.keys(headTypes(records)),
    ...Object.keys(TYPES),
  ];
  const at = ({ name }: Column) => (order.indexOf(name) + 1) || Infinity;
  return {
    columns: columns.sort((a, b) => at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0),
    rows: () => rows,
    count: () => rows.length,
  };
}

async function evaluations(
  folder: string,
  records: readonly SweepRecord[],
  problems: string[],
): Promise<Found> {
  const damaged = new Set<string>();
  // One after the other: of thousands of runs not all are in memory.
  async function* read() {
    for (const record of records) {
      if (damaged.has(record.id)) continue;
      const rows = await metricsOf(folder, record).catch((error) => {
        const told = error instanceof FileError || error instanceof SyntaxError;
        if (!told) throw error;
        damaged.add(record.id);
        problems.push(error.message);
      });
      if (rows) yield { record, rows };
    }
  }
  const names = new Set<string>();
  for await (const { rows } of read()) {
    for (const row of rows) {
      for (const name of Object.keys(row)) names.add(name);
    }
  }
  const head = headTypes(records);
  const columns = [
    ...Object.entries(head),
    ...Object.entries({ step: "integer", ...numbers(names, "step") } as const)
      .filter(([name]) => !Object.hasOwn(head, name)),
  ].map(([name, type]) => ({ name, type }));
  let count = 0;
  return {
    columns,
    async *rows() {
      for await (const { record, rows } of read()) {
        for (const row of rows) {
          count += 1;
          yield { ...row, ...headOf(record) };
        }
      }
    },
    count: () => count,
  };
}

// Numbers may be whole in one sweep and not in the next.
const numbers = (names: Iterable<string>, but?: string) =>
  Object.fromEntries(
    [...names].filter((name) => name !== but)
      .map((name) => [name, "number" as ColumnType]),
  );

// One that is not begun, or could not be, has none.
async function metricsOf(
  folder: string,
  { id, state }: SweepRecord,
): Promise<MetricsRow[] | undefined> {
  try {
    return await readMetrics(runPath(folder, id));
  } catch (error) {
    const begun = state === "done" || state === "diverged";
    if (error instanceof MissingError && !begun) return undefined;
    throw error;
  }
}
