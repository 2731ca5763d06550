/**
 * Numbers and tables for a terminal.
 *
 * @module
 */

import { maxOf } from "./extremes.ts";

// What moves a cursor, changes colours, ends a line, or turns or hides what stands
// beside it: the categories of control and format characters, and Unicode's two
// ends of lines. Joiners between letters and emoji are format characters as well;
// they change how a name looks, and names may differ in them alone.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text out of a file, a name for example, as a line may hold it: control
 * characters and those that change the direction of writing become escapes that
 * can be read, `\x1b` or `\u{202e}`.
 */
export function shown(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = c.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
  });
}

/** JSON in which such characters are escaped, too; it says the same. */
export function plainJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  // Between the tokens there are ends of lines, in strings none is left.
  return text.replace(
    UNSEEN,
    (c) =>
      c === "\n"
        ? c
        : c.split("").map((unit) =>
          `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
        ).join(""),
  );
}

/**
 * A share as a percentage. One that is not all never reads 100 %, and one that is
 * not nothing never 0 %: they get the digits that they need, at most 99.99 %.
 *
 * @param x The share.
 * @param digits How many behind the point, as a rule.
 */
export function percent(x: number, digits = 1): string {
  const value = 100 * x;
  const text = value.toFixed(digits);
  if (Number(text) === 0 && x !== 0) return `${Number(value.toPrecision(1))} %`;
  return x < 1 && Number(text) >= 100
    ? `${Math.min(value, 99.99).toFixed(2)} %`
    : `${text} %`;
}

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
 * @param cells The rows, the head among them.
 */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(shown));
  const widths = (rows[0] ?? []).map((_, i) =>
    maxOf(rows.map((row) => row[i]!.length))
  );
  return rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()
  );
}
