/**
 * Lines of CSV (RFC 4180).
 *
 * @module
 */

import { stringify } from "@std/csv/stringify";
import type { Cell } from "./columns.ts";

/**
 * A line of CSV, its end (CR LF) with it. Nothing is an empty cell; text that a
 * spreadsheet would take for a formula has an apostrophe in front.
 *
 * @param cells The cells, in the order of the columns.
 */
export function csvLine(cells: readonly Cell[]): string {
  return stringify([cells.map(inCsv)], {});
}

// A carriage return alone is a line's end to some readers, and @std/csv puts no
// quotes around it.
function inCsv(cell: Cell): Cell {
  if (typeof cell !== "string") return cell;
  const text = cell.replaceAll(/\r(?!\n)/g, "\n");
  return /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text))
    ? `'${text}`
    : text;
}
