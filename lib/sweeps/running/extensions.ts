/**
 * Which runs of a sweep cannot be trained with the extensions at hand. A run's id is
 * made of the bytes of its extensions, too: by others it would be another run.
 *
 * @module
 */

import { join } from "node:path";
import { taskLine } from "../../base/shell.ts";
import {
  isSameModule,
  modulesIn,
  modulesMissing,
  tellingFile,
  type UsedModule,
} from "../../config/used.ts";
import { extensionsOf } from "../../runs/kept.ts";
import { list } from "../../runs/layout.ts";
import { type PlannedRun, runPath, SWEEP } from "../layout.ts";

/** Runs of a sweep that were left, for want of the extensions of their plan. */
export interface SweepLack {
  /** The extensions that they were planned with; not all are in use in these bytes. */
  readonly modules: readonly UsedModule[];
  /** A run of the sweep that keeps copies of them all; null where none does. */
  readonly kept: string | null;
  /** The runs. */
  readonly runs: readonly string[];
}

/**
 * The runs that cannot be trained with the extensions in use, by what they want.
 *
 * @param folder The sweep's.
 * @param plan All its runs, of which one may keep what is wanted.
 * @param waiting Those that are to be trained.
 */
export async function lacksIn(
  folder: string,
  plan: readonly PlannedRun[],
  waiting: readonly PlannedRun[],
): Promise<SweepLack[]> {
  const groups = Map.groupBy(
    waiting.filter(({ config }) => modulesMissing(config).length > 0),
    nameOf,
  );
  if (groups.size === 0) return [];
  const names = new Set(await list(join(folder, SWEEP.runs)) ?? []);
  const begun = plan.filter(({ id }) => names.has(id));
  const lacks: SweepLack[] = [];
  for (const [name, runs] of groups) {
    const alike = begun.filter((run) => nameOf(run) === name);
    lacks.push({
      modules: modulesIn(runs[0]!.config),
      kept: await keeping(folder, alike),
      runs: runs.map(({ id }) => id),
    });
  }
  return lacks;
}

const nameOf = ({ config }: PlannedRun) => JSON.stringify(modulesIn(config));

// Of so many runs it is looked whether they keep it: each should.
const LOOKED_AT = 8;

async function keeping(
  folder: string,
  runs: readonly PlannedRun[],
): Promise<string | null> {
  for (const { id, config } of runs.slice(0, LOOKED_AT)) {
    const path = runPath(folder, id);
    const kept = await extensionsOf(path).catch(() => []);
    const hasAll = modulesIn(config).every((wanted) =>
      kept.some(({ record }) => isSameModule(wanted, record))
    );
    if (hasAll) return path;
  }
  return null;
}

// As many ids as a line has room for.
const NAMED = 3;

/**
 * What is left, what of, and how it is trained, in words.
 *
 * @param folder The sweep's.
 * @param lack What is wanted.
 */
export function lackLine(
  folder: string,
  { modules, kept, runs }: SweepLack,
): string {
  const one = runs.length === 1;
  const more = runs.length - NAMED;
  const ids = runs.slice(0, NAMED).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
  const wanted = modulesMissing({ use: modules }).map((each) => {
    const [file, sum] = tellingFile(each);
    return sum === "none"
      ? `${each.module} without ${file}`
      : `${each.module} with SHA-256 ${sum}` +
        (file === each.module ? "" : ` of ${file}`);
  });
  const use = kept === null ? modules.map(({ module }) => module) : [kept];
  const line = taskLine(
    ...["sweep", "run", folder],
    ...use.flatMap((each) => ["--use", each]),
  );
  return `${one ? "the run" : `${runs.length} runs,`} ${ids}${
    one ? "" : ","
  } ` +
    `${one ? "was" : "were"} planned with ${wanted.join(" and ")}: ` +
    (kept === null
      ? `with that in its place, ${line}`
      : `${one ? "it is" : "they are"} trained by ${line}`);
}
