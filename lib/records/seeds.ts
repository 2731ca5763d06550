/**
 * The runs of an entry: a sweep over its seeds, and what came of each.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { Json } from "../figures/figure.ts";
import { madeOf } from "../figures/record.ts";
import { list, readManifest } from "../runs/layout.ts";
import { readMetrics } from "../runs/read.ts";
import { findSweep, readEnded, readPlan } from "../sweeps/files.ts";
import { idOf } from "../sweeps/ids.ts";
import { runPath } from "../sweeps/layout.ts";
import { planSweep } from "../sweeps/plan.ts";
import type { Entry } from "./entry.ts";
import type { Outcome } from "./standing.ts";
import { heldFrom } from "./task.ts";

/** Where the runs of entries lie, if nobody names a folder. */
const PARENT = "record-runs";

/** The folder of an entry's runs. */
export function runsOf({ recipe }: Entry, folder?: string): string {
  return folder ?? join(PARENT, recipe.name);
}

const idOfSeed = ({ config }: Entry, seed: number) => idOf({ ...config, seed });

/**
 * Plans the runs of an entry as a sweep, or adds seeds to it; `runSweep()` trains them.
 *
 * @param entry The entry.
 * @param folder The sweep's folder.
 * @param seeds How many, from 0 on.
 * @throws {UsageError} if the folder holds something else, another recipe's runs too.
 * @throws {FileError} if it cannot be written.
 */
export async function planSeeds(
  entry: Entry,
  folder: string,
  seeds: number,
): Promise<void> {
  await refuseOthers(entry, folder);
  await planSweep({
    set: entry.set,
    seeds: Array.from({ length: seeds }, (_, seed) => seed),
    parts: [{}],
  }, { folder });
}

// Of another recipe, or of this one before it was changed: they would be trained, too.
async function refuseOthers(entry: Entry, folder: string): Promise<void> {
  if (!await list(folder) || !await findSweep(folder)) return;
  for (const { id, config } of await readPlan(folder)) {
    if (id === idOfSeed(entry, config.seed)) continue;
    throw new UsageError(
      `Cannot run the recipe ${entry.recipe.name} in ${folder}: it holds runs of ` +
        "other settings; name another folder with --out, or remove it",
    );
  }
}

/** What came of an entry's seeds. */
export interface Found {
  /** Those that have ended, in order. */
  readonly outcomes: readonly Outcome[];
  /** Seeds of which the loss or the state was not finite in the end. */
  readonly diverged: readonly number[];
  /** What the runs were made with; more than one where they differ. */
  readonly made: readonly Json[];
  /** Seeds that were asked for and have not ended. */
  readonly missing: readonly number[];
}

/**
 * What came of the first seeds of an entry. One that diverged counts by what it held
 * before, mostly never.
 *
 * @param entry The entry.
 * @param folder The folder of its runs.
 * @param seeds How many.
 * @throws {FileError} if a run cannot be read.
 * @throws {SyntaxError} if one is damaged.
 */
export async function foundIn(
  entry: Entry,
  folder: string,
  seeds: number,
): Promise<Found> {
  const outcomes: Outcome[] = [];
  const diverged: number[] = [];
  const missing: number[] = [];
  const made = new Map<string, Json>();
  for (let seed = 0; seed < seeds; seed++) {
    const id = idOfSeed(entry, seed);
    const ended = await readEnded(folder, id);
    if (!ended || ended.state === "failed") {
      missing.push(seed);
      continue;
    }
    if (ended.state === "diverged") diverged.push(seed);
    const run = runPath(folder, id);
    const rows = await readMetrics(run);
    outcomes.push({
      seed,
      memorised: heldFrom(rows, "train_accuracy"),
      grokked: heldFrom(rows, "test_accuracy"),
    });
    const one = madeOf(await readManifest(run), entry.config);
    made.set(JSON.stringify(one), one);
  }
  return {
    outcomes,
    diverged,
    missing,
    made: [...made.entries()].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, each]) => each),
  };
}
