/**
 * Training the seeds of a recipe, and what is said of it.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { ConfigError } from "../../lib/config/config.ts";
import type { Entry } from "../../lib/records/entry.ts";
import { likeness, readResult } from "../../lib/records/result.ts";
import { foundIn, planSeeds, runsOf } from "../../lib/records/seeds.ts";
import { standingOf } from "../../lib/records/standing.ts";
import { PUBLISHED } from "../../lib/records/table.ts";
import { SEEDS } from "../../lib/records/task.ts";
import { readTiming, type Timing } from "../../lib/records/timing.ts";
import { verdictOf } from "../../lib/records/verdict.ts";
import type { SweepOutcome } from "../../lib/sweeps/running/options.ts";
import { EXIT, printJson } from "../shared/cli.ts";
import { limitOf } from "../sweep/limit.ts";
import { failureLine } from "../sweep/run_text.ts";
import { runWatched } from "../sweep/watched.ts";
import { entryNamed } from "./entry.ts";
import { foundText } from "./text.ts";
import { timeWatched } from "./time.ts";

// More than these no machine has the memory or the cores for.
const MOST = { seeds: 4096, jobs: 1024 } as const;

/** What `run` and `check` are told. */
export interface Flags {
  readonly seeds?: number | undefined;
  readonly jobs?: number | undefined;
  readonly limit?: string | undefined;
  readonly out?: string | undefined;
  readonly timing: boolean;
  readonly modulus?: number | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Trains the seeds of a recipe that are not there yet, and prints what all of them came
 * to.
 *
 * @param file The recipe's file.
 * @param flags What the command was told.
 * @param checks Whether the exit code says if what the recipe states holds.
 */
export async function train(
  file: string,
  flags: Flags,
  checks: boolean,
): Promise<void> {
  checkNumbers(flags);
  const { seeds = SEEDS, jobs, limit, json = false } = flags;
  const asked = {
    ...(jobs !== undefined && { jobs }),
    ...(limit !== undefined && { limit: limitOf(limit) }),
    program: "record.ts",
  };
  const entry = await entryNamed(file, flags.modulus);
  if (checks && entry.recipe.states === undefined) {
    throw new UsageError(
      `Cannot check the recipe ${file}: it states nothing; give it ` +
        `"states": { "median": … }, or use ${taskLine("record", "run", file)}`,
    );
  }
  const folder = runsOf(entry, flags.out);
  await planSeeds(entry, folder, seeds);
  const outcome = await runWatched(folder, asked);
  const timing = await timingOf(entry, folder, flags, outcome);
  const told = { entry, folder, seeds, timing, json };
  const code = await tell(told, checks);
  tellFailures(outcome);
  Deno.exitCode = code;
  if (outcome.interrupted) {
    const name = checks ? "check" : "run";
    const line = taskLine("record", name, file, ...wordsOf(flags));
    console.error(`stopped; go on with: ${line}`);
    Deno.exitCode = EXIT.interrupted;
  } else if (outcome.failed + outcome.elsewhere > 0) {
    Deno.exitCode = EXIT.failed;
  }
}

function checkNumbers(flags: Flags): void {
  for (const key of ["seeds", "jobs"] as const) {
    const value = flags[key] ?? 1;
    if (Number.isInteger(value) && value >= 1 && value <= MOST[key]) continue;
    throw new ConfigError(
      `--${key} must be an integer in 1..${MOST[key]}, got ${value}`,
    );
  }
}

// The flags once more, for the line that goes on.
const wordsOf = ({ seeds, jobs, out, timing }: Flags) => [
  ...seeds === undefined ? [] : ["--seeds", String(seeds)],
  ...jobs === undefined ? [] : ["--jobs", String(jobs)],
  ...out === undefined ? [] : ["--out", out],
  ...timing ? [] : ["--no-timing"],
];

// What a step takes, timed once all seeds are there.
async function timingOf(
  entry: Entry,
  folder: string,
  { timing }: Flags,
  { interrupted, waiting, elsewhere }: SweepOutcome,
): Promise<Timing | undefined> {
  const known = await readTiming(folder);
  if (known || !timing || interrupted || waiting + elsewhere > 0) return known;
  return await timeWatched(entry, folder);
}

interface Told {
  readonly entry: Entry;
  readonly folder: string;
  readonly seeds: number;
  readonly timing: Timing | undefined;
  readonly json: boolean;
}

// Prints what is known, and gives the exit code.
async function tell(told: Told, checks: boolean): Promise<number> {
  const { entry, folder, seeds, timing, json } = told;
  const found = await foundIn(entry, folder, seeds);
  const standing = found.outcomes.length === 0
    ? undefined
    : standingOf(found.outcomes);
  const verdict = standing && verdictOf(entry.recipe, standing);
  const beside = await readResult(join(PUBLISHED, entry.recipe.name));
  const published = beside &&
    likeness(entry.config, found.outcomes, beside);
  if (json) {
    printJson({
      recipe: entry.recipe.name,
      folder,
      ...found,
      standing: standing ?? null,
      verdict: verdict ?? null,
      published: published ?? null,
      timing: timing ?? null,
    });
  } else console.log(foundText(entry, folder, found, { timing, published }));
  const holds = verdict?.holds ?? false;
  return checks && !holds ? EXIT.failed : EXIT.done;
}

// A seed that diverged is one that did not grok; one that failed is nothing yet.
function tellFailures({ failures }: SweepOutcome): void {
  for (const failure of failures) {
    if (failure.state === "failed") console.error(failureLine(failure));
  }
}
