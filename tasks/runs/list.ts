/**
 * `deno task runs`: the list.
 *
 * @module
 */

import { printJson } from "../shared/cli.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { shown } from "../../lib/base/terminal.ts";
import { isSweep } from "../../lib/store/scan.ts";
import { SHOWN } from "../../lib/store/columns.ts";
import { calledText } from "../../lib/store/labels.ts";
import { type ListedRun, listRuns } from "../../lib/store/list.ts";
import { csvOf, listText } from "./text.ts";

/** What to list, and how. */
export interface ListFlags {
  readonly where?: string | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly sort?: string | undefined;
  readonly limit?: number | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly json?: true | undefined;
  readonly csv?: true | undefined;
}

// What the table makes a name, a time and a state of.
const BESIDE = ["folder", "problem", "perpGrad"];

/** Prints the runs of some folders; of none, those of `runs`. */
export async function listed(
  folders: readonly string[],
  { where, tag, sort, limit, columns, json, csv }: ListFlags,
): Promise<void> {
  if (json && csv) {
    throw new UsageError("--csv must be left out with --json: choose one");
  }
  const ofText = json || csv ? undefined : ["run", ...SHOWN, ...BESIDE];
  // What is wrong with a run is said whatever columns are shown.
  const unseen = columns && !json && !csv && columns[0] !== "all"
    ? ["run", "name", "problem"].filter((name) => !columns.includes(name))
    : [];
  const names = columns ? [...columns, ...unseen] : ofText;
  const runs = await listRuns(await foldersOf(folders), {
    ...(where !== undefined && { where }),
    ...(tag && { tags: tag }),
    ...(sort !== undefined && { sort }),
    ...(limit !== undefined && { limit }),
    ...(names && { columns: names }),
    onRead: readingLine(),
  });
  if (json) return printJson(runs);
  if (csv) return await print(csvOf(runs, columns));
  if (runs.length === 0) {
    return console.error(shown(noneText(folders, { where, tag, limit })));
  }
  const seen = runs.map((run) =>
    Object.fromEntries(
      Object.entries(run).filter(([name]) => !unseen.includes(name)),
    ) as ListedRun
  );
  await print(listText(seen, columns, terminalWidth()));
  for (const line of problems(runs)) console.error(shown(line));
}

// What is read by a program is as wide as it is.
function terminalWidth(): number {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : Infinity;
}

// The default folder need not be there yet; one that is named must be.
async function foldersOf(folders: readonly string[]): Promise<string[]> {
  const all = folders.length > 0 ? folders : ["runs"];
  const there: string[] = [];
  for (const folder of all) {
    const info = await Deno.stat(folder).catch(() => undefined);
    if (info?.isDirectory) there.push(folder);
    else if (folders.length > 0) {
      throw new UsageError(
        `Cannot list the runs in ${folder}: ` +
          (info ? "it is a file, no folder" : "there is no such folder"),
      );
    }
  }
  return there;
}

function noneText(
  folders: readonly string[],
  { where, tag, limit }: Pick<ListFlags, "where" | "tag" | "limit">,
): string {
  const place = folders.length > 0 ? folders.join(", ") : "runs";
  if (limit === 0) return "no run is listed: --limit is 0";
  const wanted = [
    ...(where === undefined ? [] : [where]),
    ...(tag ?? []).map((name) => `with the tag ${name}`),
  ];
  // A sweep's runs are made by its plan.
  const [sweep] = folders.filter(isSweep);
  return wanted.length === 0
    ? `no runs in ${place}; make ${
      sweep === undefined
        ? `one with ${taskLine("train")}`
        : `them with ${taskLine("sweep", "run", sweep)}`
    }`
    : `no run in ${place} is so: ${wanted.join(", ")}`;
}

function problems(runs: readonly ListedRun[]): string[] {
  return runs.flatMap(({ run, name, problem }) =>
    typeof problem === "string"
      ? [
        `note: ${calledText(name as string | null, run as string)}: ${problem}`,
      ]
      : []
  );
}

// Thousands of runs that were never listed take a while.
function readingLine(): (done: number, total: number) => void {
  const start = performance.now();
  let told = start;
  return (done, total) => {
    const now = performance.now();
    if (now - told < 2000) return;
    told = now;
    console.error(`reading runs: ${done} of ${total}`);
  };
}

/** Prints lines; whoever reads them may stop reading, as `head` does. */
export async function print(lines: string): Promise<void> {
  try {
    const end = lines.endsWith("\n") ? "" : "\n";
    const bytes = new TextEncoder().encode(`${lines}${end}`);
    for (let at = 0; at < bytes.length;) {
      at += await Deno.stdout.write(bytes.subarray(at));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
