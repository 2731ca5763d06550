/**
 * The columns of a list of runs: what a condition, an order and a table may name.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { meant, orOf } from "../base/nearest.ts";

/** A value as the index has it; lists and objects are their JSON. */
export type Value = string | number | boolean | null;

/** What the values of a column are. */
export type Kind = "number" | "text" | "boolean" | "json" | "mixed" | "none";

/** What every run has, in this order; a config's keys and metrics follow. */
export const FIXED: Readonly<Record<string, Kind>> = {
  run: "text",
  name: "text",
  folder: "text",
  state: "text",
  problem: "text",
  tags: "json",
  note: "text",
  started: "text",
  resumed: "number",
  groklab: "text",
  provider: "text",
  replica: "number",
  step: "number",
  memorised_at: "number",
  grokked_at: "number",
  diverged_at: "number",
  diverged_in: "text",
  seconds: "number",
  ms_per_step: "number",
  interrupted: "boolean",
  checkpoint: "text",
};

/** What a list shows if it is not told. */
export const SHOWN: readonly string[] = [
  ...["name", "task", "model", "loss", "optimizer", "seed"],
  ...["memorised_at", "grokked_at", "test_accuracy", "started", "state"],
];

// A table of SQLite has 2,000 columns at most. Metrics of single tensors, which
// have a dot in their names, are the ones of which there can be so many.
const MOST_DOTTED = 1500;
const MOST = 1900;

/** The kind of a value. */
export function kindOfValue(value: Value): Kind {
  if (value === null) return "none";
  return typeof value === "string" ? "text" : typeof value as Kind;
}

/** The kind of a column that had one, and gets a value of another. */
export function joined(a: Kind, b: Kind): Kind {
  return a === b || b === "none" ? a : a === "none" ? b : "mixed";
}

/** The columns that there are. */
export class Columns {
  readonly #kinds = new Map<string, Kind>();
  // SQLite's names of columns do not differ in case alone.
  readonly #lower = new Set<string>();

  /** @param kinds Those that there are; {@link FIXED}, if left out. */
  constructor(kinds: Iterable<readonly [string, Kind]> = []) {
    for (const [name, kind] of [...Object.entries(FIXED), ...kinds]) {
      this.add(name, kind);
    }
  }

  /**
   * Adds a column, or what its values are.
   *
   * @returns Whether it is a new one.
   */
  add(name: string, kind: Kind): boolean {
    const before = this.#kinds.get(name);
    if (before !== undefined) {
      this.#kinds.set(name, joined(before, kind));
      return false;
    }
    const count = this.#kinds.size;
    if (count >= MOST || count >= MOST_DOTTED && name.includes(".")) {
      return false;
    }
    const lower = name.toLowerCase();
    if (this.#lower.has(lower)) return false;
    this.#lower.add(lower);
    this.#kinds.set(name, kind);
    return true;
  }

  /** Whether there is a column. */
  has(name: string): boolean {
    return this.#kinds.has(name);
  }

  /** Whether a condition finds a column, which it may write in other case. */
  finds(name: string): boolean {
    return this.#lower.has(name.toLowerCase());
  }

  /** What the values of a column are. */
  kindOf(name: string): Kind {
    return this.#kinds.get(name) ?? "none";
  }

  /** Their names. */
  get names(): string[] {
    return [...this.#kinds.keys()];
  }

  /** Their names and kinds. */
  get entries(): [string, Kind][] {
    return [...this.#kinds];
  }

  /**
   * Checks the name of a column.
   *
   * @param what What it is for, for messages: `--sort`.
   * @throws {UsageError} if there is none, with what may have been meant.
   */
  check(what: string, name: string): void {
    if (this.has(name)) return;
    throw new UsageError(`${what}: ${unknown(name, this.names)}`);
  }
}

/** That there is no such column, in words, with those that may be meant. */
export function unknown(name: string, names: readonly string[]): string {
  const near = meant(name, names);
  return `there is no column ${JSON.stringify(name)}` +
    (near.length > 0
      ? ` (did you mean ${orOf(near)}?)`
      : "; there are a config's keys, such as trainFraction, and a summary's " +
        "names, such as grokked_at and test_accuracy");
}
