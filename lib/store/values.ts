/**
 * Names and values in SQL.
 *
 * @module
 */

import { type Kind, kindOfValue, type Value } from "./columns.ts";
import type { SqlValue } from "./sqlite.ts";

/** A name in SQL. */
export const quotedName = (name: string): string =>
  `"${name.replaceAll('"', '""')}"`;

/** A text in SQL. */
export const textOf = (text: string): string =>
  `'${text.replaceAll("'", "''")}'`;

/**
 * A column as a table declares it, and how text compares with it: '500' is 500 to a
 * number.
 */
export function declared([name, kind]: readonly [string, Kind]): string {
  const affinity = kind === "number" || kind === "boolean"
    ? "numeric"
    : kind === "text" || kind === "json"
    ? "text"
    : "blob";
  return `${quotedName(name)} ${affinity}`;
}

/** A value as a table has it, and what it is. */
export function stored(given: unknown): [SqlValue, Kind] {
  if (typeof given === "object" && given !== null) {
    return [JSON.stringify(given), "json"];
  }
  const value = (given ?? null) as Value;
  const plain = typeof value === "boolean" ? Number(value) : value;
  return [plain, kindOfValue(value)];
}
