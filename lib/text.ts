/**
 * Numbers and tables for a terminal.
 *
 * @module
 */

/** A share as a percentage. */
export const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** A number at four significant digits; a dash where there is none. */
export function short(x: number | null | undefined): string {
  if (x === null || x === undefined) return "–";
  if (x === 0 || Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
  const size = Math.abs(x);
  return size >= 1e-3 && size < 1e5 ? x.toPrecision(4) : x.toExponential(3);
}

/**
 * Lines of cells, each column as wide as its widest cell.
 *
 * @param rows The head among them.
 */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => row[i]!.length))
  );
  return rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()
  );
}
