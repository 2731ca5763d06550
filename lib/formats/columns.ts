/**
 * What tables are made of: columns of a type, rows of cells.
 *
 * @module
 */

/** What the cells of a column hold, beside nothing. */
export type ColumnType = "text" | "integer" | "number" | "boolean";

/** A column of a table. */
export interface Column {
  /** Its name, the key of its cells. */
  readonly name: string;
  /**
   * What its cells hold: in Parquet UTF-8 text, INT64, DOUBLE or BOOLEAN, all of
   * them nullable.
   */
  readonly type: ColumnType;
}

/** What a cell holds: null, and what is left out, is nothing. */
export type Cell = string | number | boolean | null | undefined;

/** A row of a table: cells by the names of their columns. */
export type Row = Readonly<Record<string, Cell>>;

/**
 * A value of a config or a result as a cell: lists and objects become JSON, what
 * is not finite nothing.
 */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

/**
 * The columns that rows have, in the order in which they appear, each of the
 * narrowest type that holds its cells: integer, number, boolean or else text. One
 * without a cell is of numbers.
 *
 * @param rows The rows.
 * @param types Columns whose type is known; they come first, and are there even
 * if no row has them.
 */
export function columnsOf(
  rows: Iterable<Row>,
  types: Readonly<Record<string, ColumnType>> = {},
): Column[] {
  const found = new Map<string, ColumnType | undefined>(Object.entries(types));
  for (const row of rows) {
    for (const [name, cell] of Object.entries(row)) {
      if (Object.hasOwn(types, name)) continue;
      found.set(name, wider(found.get(name), typeOf(cell)));
    }
  }
  return [...found].map(([name, type]) => ({ name, type: type ?? "number" }));
}

function typeOf(cell: Cell): ColumnType | undefined {
  if (cell === null || cell === undefined) return undefined;
  if (typeof cell === "string") return "text";
  if (typeof cell === "boolean") return "boolean";
  if (!Number.isFinite(cell)) return undefined;
  return Number.isSafeInteger(cell) ? "integer" : "number";
}

function wider(
  a: ColumnType | undefined,
  b: ColumnType | undefined,
): ColumnType | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  const numbers = a !== "text" && a !== "boolean" && b !== "text" &&
    b !== "boolean";
  return numbers ? "number" : "text";
}
