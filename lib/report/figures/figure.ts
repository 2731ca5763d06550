/**
 * A chart with everything that a page or a file needs of it.
 *
 * @module
 */

import type { ProbeContext } from "../../probes/context/context.ts";
import type { ProbeReport } from "../../probes/asking/messages.ts";

/** A checkpoint that was opened. */
export interface OpenedCheckpoint {
  /** Updates made before it. */
  readonly step: number;
  /** Its file and task. */
  readonly context: ProbeContext;
  /** What probes, with nothing told to them, found in it already. */
  readonly known?: ProbeReport["probes"] | undefined;
}

/** What a cell of a table holds. */
export type Cell = string | number | null;

/** Numbers in columns, as a chart shows them. */
export interface Table {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** A cell for each column. */
  readonly rows: readonly (readonly Cell[])[];
}

/** A chart. */
export interface ReportFigure {
  /** What it is called in links and files: `accuracy`. */
  readonly id: string;
  /** Its heading. */
  readonly title: string;
  /** What it shows and how to read it, for the caption and for who sees nothing. */
  readonly caption: string;
  /** The drawing. */
  readonly svg: string;
  /** What was drawn. */
  readonly data: Table;
}

/** A table as comma-separated values (RFC 4180). */
export function csvOf({ columns, rows }: Table): string {
  const cell = (value: Cell) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",") + "\n")
    .join("");
}

/** A table as JSON: the columns' names, and rows of as many cells. */
export function jsonOf({ columns, rows }: Table): string {
  return JSON.stringify({ columns, rows });
}

/** A float32 with the digits that tell it from its neighbours. */
export function brief(x: number): number {
  return Number(x.toPrecision(9));
}
