/**
 * From what a user calls a run to its folder.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { meant, orOf } from "../base/nearest.ts";
import { checkArgument, pathCheck, text } from "../base/options.ts";
import { taskLine } from "../base/shell.ts";
import { isRun } from "../base/sums.ts";
import { REPLICA, replicasIn } from "../runs/layout.ts";
import { RunIndex } from "./index_file.ts";
import { rootOf } from "./scan.ts";

/** What a run can be called. */
interface Called {
  /** Its folder. */
  readonly run: string;
  /** The folder's path in the folder of runs. */
  readonly folder: string;
  /** Its name, if it has one. */
  readonly name: string | null;
}

// More candidates than these nobody reads.
const MOST = 5;

async function calledIn(folder: string): Promise<Called[]> {
  const index = await RunIndex.open(folder);
  const rows = index.database.prepare(
    `select ${index.expression("run")} as run, folder, name from runs`,
  ).all();
  return rows as unknown as Called[];
}

/**
 * The folder of a run that is named by its path, its name, its folder in a folder
 * of runs, or the beginning of either, where no other run's begins so.
 *
 * @param named What it is called.
 * @param runs The folder of runs.
 * @throws {UsageError} if there is none, or several may be meant.
 * @throws {FileError} if the folder of runs cannot be read.
 */
export async function findRun(named: string, runs = "runs"): Promise<string> {
  checkArgument("findRun()", "named", named, text);
  checkArgument("findRun()", "runs", runs, pathCheck);
  if (named !== "" && await isRun(named).catch(() => true)) return named;
  const all = await isFolder(runs) ? await calledIn(runs) : [];
  const found = runsCalled(named, all);
  if (found.length === 1) return found[0]!.run;
  if (found.length > 1) {
    throw new UsageError(
      `Cannot tell which run ${JSON.stringify(named)} is: ${
        listed(found.map(nameOf))
      } begin so; write more of it`,
    );
  }
  const replicas = await replicasIn(named).catch(() => []);
  if (replicas.length > 0) {
    throw new UsageError(
      `Cannot tell which run ${JSON.stringify(named)} is: it holds ` +
        `${replicas.length} of them, ${join(named, "replica-0")} for example`,
    );
  }
  const near = meant(named, all.map(nameOf));
  const info = await Deno.stat(named).catch(() => undefined);
  const there = info
    ? `this ${info.isDirectory ? "folder" : "file"} is none`
    : "there is no such folder";
  throw new UsageError(
    `Cannot find the run ${
      JSON.stringify(named)
    }: ${there}, and none of the ${all.length} runs in ${runs} is called so` +
      (near.length > 0
        ? ` (did you mean ${orOf(near)}?)`
        : `; ${taskLine("runs")} lists them`),
  );
}

/**
 * The same, but a folder of replicas may be meant, too: as a whole.
 *
 * @param named What it is called.
 * @param runs The folder of runs.
 * @throws {UsageError} as {@link findRun}.
 */
export async function findRunOrBand(
  named: string,
  runs = "runs",
): Promise<string> {
  for (const path of named === "" ? [] : [named, join(rootOf(runs), named)]) {
    if ((await replicasIn(path).catch(() => [])).length > 0) return path;
  }
  return await findRun(named, runs);
}

/**
 * The folder of the run that has a name, or whose path in a folder of runs this is;
 * undefined where there is none.
 *
 * @param named The name.
 * @param runs The folder of runs; it need not be there.
 */
export async function runCalled(
  named: string,
  runs = "runs",
): Promise<string | undefined> {
  if (!await isFolder(runs)) return undefined;
  const all = await calledIn(runs);
  const found = all.find(({ name }) => name === named) ??
    all.find(({ folder }) => folder === named);
  return found?.run;
}

const nameOf = ({ name, folder }: Called) => name ?? folder;

const listed = (names: readonly string[]) =>
  names.length <= MOST
    ? names.join(", ")
    : `${names.slice(0, MOST).join(", ")} and ${names.length - MOST} others`;

function runsCalled(named: string, all: readonly Called[]): readonly Called[] {
  if (named === "") return [];
  const own = named.replace(/[\\/]+$/, "");
  const exact = (test: (each: Called) => boolean) => {
    const found = all.filter(test);
    return found.length > 0 ? found : undefined;
  };
  return exact(({ name }) => name === named) ??
    exact(({ folder }) => folder === own) ??
    all.filter(({ name, folder }) =>
      name?.startsWith(named) || folder.startsWith(own)
    );
}

/**
 * The folder of runs that a run lies in; of a replica that which its folder of
 * replicas lies in.
 *
 * @param run The run's folder.
 */
export function runsAround(run: string): string {
  const own = resolve(run) === resolve(".") ? resolve(run) : run;
  const folder = dirname(own);
  return REPLICA.test(own) && !REPLICA.test(folder) ? dirname(folder) : folder;
}

/**
 * Checks that no other run in a folder of runs is called by some names.
 *
 * @param names The names.
 * @param runs The folder of runs; it need not be there.
 * @param own The folders of the runs that are to be called so.
 * @throws {UsageError} if another is.
 */
export async function checkNamesFree(
  names: readonly string[],
  runs: string,
  own: readonly string[] = [],
): Promise<void> {
  if (!await isFolder(runs)) return;
  const paths = new Set(own.map((path) => resolve(path)));
  for (const { run, folder, name } of await calledIn(runs)) {
    if (paths.has(resolve(run))) continue;
    const taken = [name, folder, basename(folder)]
      .find((each) => each !== null && names.includes(each));
    if (taken === undefined || taken === null) continue;
    throw new UsageError(
      `Cannot name a run ${JSON.stringify(taken)}: the run ${run} is called ` +
        "so; choose another name",
    );
  }
}

const isFolder = (path: string) =>
  Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
