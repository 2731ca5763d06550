/**
 * Tables as CSV, JSON lines and Parquet, for pandas, DuckDB, R and spreadsheets.
 *
 * @module
 */

import { extname } from "node:path";
import { ByteWriter, parquetWriteRows } from "hyparquet-writer";
import { UsageError } from "../base/errors.ts";
import { type Contents, writeWhole } from "../base/files.ts";
import { isObject, kindOf } from "../base/json.ts";
import type { Cell, Column, ColumnType, Row } from "./columns.ts";
import { csvLine } from "./csv.ts";
import { TABLE_FORMATS, type TableFormat } from "./names.ts";
import { checkOutput, checkUnused } from "../base/output.ts";
import { checkOptions, type Checks, flag, oneOf } from "../base/options.ts";

/** How a table is written. */
export interface TableOptions {
  /** The format; by default what the file's name ends in. */
  readonly format?: TableFormat;
  /** Replace the file if it is there. */
  readonly overwrite?: boolean;
}

const OPTIONS: Checks<TableOptions> = {
  format: oneOf(TABLE_FORMATS),
  overwrite: flag,
};

/**
 * The format that the name of a table's file ends in.
 *
 * @param path The file.
 * @throws {UsageError} if it ends in none.
 */
export function tableFormat(path: string): TableFormat {
  const ending = extname(path).slice(1).toLowerCase();
  const format = TABLE_FORMATS.find((each) => each === ending);
  if (format) return format;
  throw new UsageError(
    `Cannot write ${path}: the name of a table's file must end in ` +
      `.csv, .jsonl or .parquet, got ${ending === "" ? "none" : `.${ending}`}`,
  );
}

/**
 * Writes a table, whole or not at all. Numbers that are not finite are nothing,
 * as in a run's metrics. In CSV (RFC 4180: UTF-8, a header, lines that end in
 * CR LF) nothing is an empty cell, and text that a spreadsheet would take for a
 * formula (that begins with `=`, `+`, `-`, `@` or a tab, and is no number) has an
 * apostrophe in front. JSON lines have every column in every line.
 *
 * ```ts
 * import { writeTable } from "@groklab/groklab/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/table.csv`;
 * await writeTable(
 *   [{ run: "a", loss: 0.5 }, { run: "b", loss: null }],
 *   [{ name: "run", type: "text" }, { name: "loss", type: "number" }],
 *   file,
 * );
 * assertEquals(await Deno.readTextFile(file), "run,loss\r\na,0.5\r\nb,\r\n");
 * ```
 *
 * @param rows The rows; of very many, what gives them one by one.
 * @param columns The columns, in their order.
 * @param path The file to write, which ends in .csv, .jsonl or .parquet unless
 * the options say the format; its folder is there.
 * @param options The format, and whether a file may be replaced.
 * @throws {TypeError} if a cell is not of its column's type.
 * @throws {RangeError} if there is no column, or two have a name.
 * @throws {UsageError} if the file is there already, its folder is not, or its
 * name ends otherwise.
 * @throws {FileError} if it cannot be written.
 */
export async function writeTable(
  rows: Iterable<Row> | AsyncIterable<Row>,
  columns: readonly Column[],
  path: string,
  options: TableOptions = {},
): Promise<void> {
  checkOptions("writeTable()", options, OPTIONS);
  const format = options.format ?? tableFormat(path);
  checkColumns(columns, path);
  await checkOutput(path);
  await checkUnused(path, options.overwrite ?? false);
  // What is wrong with the rows is no fault of the file's.
  const faults: unknown[] = [];
  async function* checked() {
    try {
      yield* checkedRows(rows, columns, path);
    } catch (error) {
      faults.push(error);
      throw error;
    }
  }
  try {
    await writeWhole(path, await CONTENTS[format](checked(), columns));
  } catch (error) {
    throw faults.length > 0 ? faults[0] : error;
  }
}

function checkColumns(columns: readonly Column[], path: string): void {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (names.length > 0 && twice === undefined) return;
  throw new RangeError(
    `Cannot write ${path}: ` +
      (twice === undefined
        ? "a table has one column at least, got none"
        : `two columns have the name ${JSON.stringify(twice)}`),
  );
}

const FITS: Readonly<Record<ColumnType, (cell: Cell) => boolean>> = {
  text: (cell) => typeof cell === "string",
  integer: (cell) => Number.isSafeInteger(cell),
  number: (cell) => typeof cell === "number",
  boolean: (cell) => typeof cell === "boolean",
};

// Cells in the order of the columns, null for nothing.
type Cells = Record<string, string | number | boolean | null>;

async function* checkedRows(
  rows: Iterable<Row> | AsyncIterable<Row>,
  columns: readonly Column[],
  path: string,
): AsyncGenerator<Cells, void, void> {
  let number = 0;
  for await (const row of rows) {
    number += 1;
    if (!isObject(row)) {
      throw new TypeError(
        `Cannot write ${path}: row ${number} is ${kindOf(row)}, no object`,
      );
    }
    const cells = columns.map(({ name, type }) => {
      const cell: Cell = Object.hasOwn(row, name) ? row[name] : null;
      const nothing = cell === undefined || cell === null ||
        typeof cell === "number" && !Number.isFinite(cell);
      if (nothing || FITS[type](cell)) return [name, nothing ? null : cell];
      throw new TypeError(
        `Cannot write ${path}: ${name} of row ${number} is ` +
          `${JSON.stringify(cell)}, in a column of type ${type}`,
      );
    });
    yield Object.fromEntries(cells);
  }
}

const CONTENTS: Readonly<
  Record<
    TableFormat,
    (
      rows: AsyncIterable<Cells>,
      columns: readonly Column[],
    ) => Contents | Promise<Contents>
  >
> = {
  csv: csvOf,
  async *jsonl(rows) {
    for await (const row of rows) yield JSON.stringify(row) + "\n";
  },
  parquet: parquetOf,
};

async function* csvOf(
  rows: AsyncIterable<Cells>,
  columns: readonly Column[],
): AsyncGenerator<string, void, void> {
  yield csvLine(columns.map(({ name }) => name));
  for await (const row of rows) {
    yield csvLine(columns.map(({ name }) => row[name]));
  }
}

const PARQUET = {
  text: "STRING",
  integer: "INT64",
  number: "DOUBLE",
  boolean: "BOOLEAN",
} as const;

async function parquetOf(
  rows: AsyncIterable<Cells>,
  columns: readonly Column[],
): Promise<Uint8Array> {
  const integers = columns.filter(({ type }) => type === "integer");
  async function* values() {
    for await (const row of rows) {
      const cells: Record<string, unknown> = row;
      for (const { name } of integers) {
        const cell = row[name];
        if (typeof cell === "number") cells[name] = BigInt(cell);
      }
      yield cells;
    }
  }
  const writer = new ByteWriter();
  await parquetWriteRows({
    writer,
    rows: values(),
    columns: columns.map(({ name, type }) => ({
      name,
      type: PARQUET[type],
    })),
    createdBy: "groklab",
  });
  return writer.getBytes();
}
