/**
 * Listing runs: which of them, in which order, with which columns.
 *
 * @module
 */

import { append } from "../base/extremes.ts";
import {
  callback,
  checkArgument,
  checkOptions,
  type Checks,
  named,
  orNull,
  text,
  whole,
} from "../base/options.ts";
import { Columns, SHOWN } from "./columns.ts";
import { type Condition, conditionOf, guarded } from "./condition.ts";
import { RunIndex } from "./index_file.ts";
import { textOf } from "./values.ts";

/** A run in a list: the values of its columns. */
export type ListedRun = Readonly<Record<string, unknown>>;

/** Which runs to list, and how. */
export interface ListOptions {
  /**
   * A condition in SQL on the columns, a config's keys and a summary's names:
   * `loss='softmax' and lr<0.01 and grokked_at<500`.
   */
  readonly where?: string;
  /** Tags that they must all have. */
  readonly tags?: readonly string[];
  /**
   * A column to sort by, with a - before it from the largest down; runs without a
   * value come last. By default the run that was started last comes first.
   */
  readonly sort?: string;
  /** How many at most; null for all. */
  readonly limit?: number | null;
  /** Which columns; by default what `groklab runs` shows, and `run`. `["all"]`. */
  readonly columns?: readonly string[];
  /** Called while runs are read, with how many of how many are. */
  readonly onRead?: (done: number, total: number) => void;
}

// Columns that differ with the folder that a user calls from.
const PATHS = ["run", "checkpoint"];

const LIST: Checks<ListOptions> = {
  where: text,
  tags: named,
  sort: text,
  limit: orNull(whole(0)),
  columns: named,
  onRead: callback,
};

/**
 * The runs in folders of runs, the one that was started last first.
 *
 * ```ts
 * import { train } from "@groklab/groklab";
 * import { listRuns } from "@groklab/groklab/store";
 * import { assertEquals } from "@std/assert";
 *
 * const runs = await Deno.makeTempDir();
 * for (const lr of [0.001, 0.01]) {
 *   const config = { modulus: 5, hidden: [8], steps: 5, lr };
 *   await train(config, { run: `${runs}/lr-${lr}` });
 * }
 * const slow = await listRuns(runs, { where: "lr < 0.005" });
 * assertEquals(slow.map(({ run, state }) => [run, state]), [
 *   [`${runs}/lr-0.001`, "done"],
 * ]);
 * ```
 *
 * @param folders Folders of runs, of sweeps or of replicas, or runs.
 * @param options Which runs, in which order, with which columns.
 * @throws {UsageError} if a column is unknown, or the condition cannot be used.
 * @throws {FileError} if a folder cannot be read.
 */
export async function listRuns(
  folders: string | readonly string[] = "runs",
  options: ListOptions = {},
): Promise<ListedRun[]> {
  const paths = typeof folders === "string" ? [folders] : folders;
  checkArgument("listRuns()", "folders", paths, named);
  checkOptions("listRuns()", options, LIST);
  const condition = options.where === undefined
    ? undefined
    : conditionOf(options.where);
  const indices: RunIndex[] = [];
  for (const path of paths) {
    indices.push(await RunIndex.open(path, { onRead: options.onRead }));
  }
  return await select(indices, condition, options);
}

async function select(
  indices: readonly RunIndex[],
  condition: Condition | undefined,
  { tags = [], sort, limit = null, columns: asked }: ListOptions,
): Promise<ListedRun[]> {
  const descending = sort?.startsWith("-") ?? false;
  const key = descending ? sort!.slice(1) : sort;
  const all = asked?.length === 1 && asked[0] === "all";
  const wanted = all ? [] : asked ?? ["run", ...SHOWN];
  const columns = new Columns(
    indices.flatMap(({ columns }) => columns.entries),
  );
  await complete(columns, [
    ...wanted,
    ...(key === undefined ? [] : [key]),
    ...(condition?.words ?? []),
  ]);
  for (const name of wanted) columns.check("--columns", name);
  if (key !== undefined) columns.check("--sort", key);
  const names = all ? columns.names : wanted;
  const order = [key ?? "started", "started"];
  const rows: unknown[][] = [];
  for (const index of indices) {
    for (const name of columns.names) index.addColumn(name);
    if (condition?.words.some((word) => PATHS.includes(word.toLowerCase()))) {
      index.localise();
    }
    append(
      rows,
      guarded(
        index.database,
        condition ?? { text: "", words: [] },
        queryOf(
          [...names, ...order].map((name) => index.expression(name)),
          condition,
          tags,
        ),
        columns.names,
      ),
    );
  }
  const sorted = rows.sort((a, b) => {
    const [x, y] = [a, b].map((row) => row[names.length]) as [unknown, unknown];
    return key === undefined
      ? compare(y, x) // Times: the last first.
      : compare(x, y, descending) ||
        compare(b[names.length + 1], a[names.length + 1]);
  });
  return sorted.slice(0, limit ?? undefined).map((row) =>
    Object.fromEntries(
      names.map((name, i) => [name, shownValue(columns, name, row[i])]),
    )
  );
}

// Columns of which no run has a value, since there is none, or none has got so far:
// what a config or a summary can have is a column all the same.
async function complete(
  columns: Columns,
  words: readonly string[],
): Promise<void> {
  if (words.every((word) => columns.finds(word))) return;
  const { configKeys } = await import("../config/config.ts");
  const { basicNames } = await import("../metrics/basic.ts");
  for (const name of [...configKeys, ...basicNames]) {
    columns.add(name, "none");
  }
}

function queryOf(
  expressions: readonly string[],
  condition: Condition | undefined,
  tags: readonly string[],
): string {
  const conditions = [
    ...(condition ? [`(${condition.text}\n)`] : []),
    ...tags.map((tag) => `instr(tags, ${textOf(JSON.stringify(tag))}) > 0`),
  ];
  return `select ${expressions.join(", ")} from runs` +
    (conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`);
}

// Numbers before texts, and nothing last, whichever way.
function compare(a: unknown, b: unknown, descending = false): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const way = descending ? -1 : 1;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  const [x, y] = [a, b] as [number, number];
  return x < y ? -way : x > y ? way : 0;
}

function shownValue(columns: Columns, name: string, value: unknown): unknown {
  if (value === null) return null;
  switch (columns.kindOf(name)) {
    case "boolean":
      return value === 1;
    case "json":
      return JSON.parse(value as string);
  }
  return value;
}
