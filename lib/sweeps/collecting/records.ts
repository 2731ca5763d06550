/**
 * The runs of a sweep as they stand: what each is, how it ended.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { taskLine } from "../../base/shell.ts";
import { shown } from "../../base/terminal.ts";
import type { Config } from "../../config/config.ts";
import { endedIds, planLines, readSweep } from "../files.ts";
import { isPlace } from "../keys.ts";
import type { EndedRun, EndState, PlannedRun, Sweep } from "../layout.ts";
import { claimsOf, endOf } from "../running/status.ts";

/** How a run stands: `waiting` is also one that was stopped in the middle. */
export type RunState = EndState | "training" | "waiting";

/** All states, in the order in which they are counted. */
export const STATES = [
  "done",
  "diverged",
  "failed",
  "training",
  "waiting",
] as const satisfies readonly RunState[];

/** A run of a sweep, as it stands. */
export interface SweepRecord {
  /** Its name in the folder. */
  readonly id: string;
  /** How it stands. */
  readonly state: RunState;
  /** Its config's values, by the keys that were asked for. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Updates that are planned. */
  readonly steps: number;
  /** How it ended; undefined of one that has not. */
  readonly ended: EndedRun | undefined;
}

/** All runs of a sweep, as they stand. */
export interface SweepRecords {
  /** The sweep. */
  readonly sweep: Sweep;
  /** The keys of `values`. */
  readonly keys: readonly string[];
  /** Those in which the runs differ, those that its plans vary first. */
  readonly varying: readonly string[];
  /** The runs, in the order of the plan. */
  readonly records: readonly SweepRecord[];
  /** What of the folder could not be read, in words. */
  readonly problems: readonly string[];
}

/**
 * Reads all runs of a sweep. Needs the folder only, which may be one that cannot be
 * written; others may train meanwhile.
 *
 * @param folder The sweep's folder.
 * @param all Whether all keys of the configs are wanted; else those that its plans
 * name, and those in which the runs differ.
 * @throws {UsageError} if it is no sweep of this version, or has no run.
 * @throws {SyntaxError} if its plan is damaged.
 * @throws {FileError} if it cannot be read.
 */
export async function readRecords(
  folder: string,
  all = false,
): Promise<SweepRecords> {
  const sweep = await readSweep(folder);
  const { every, varying } = await keysOf(folder, sweep);
  const named = [...new Set([...sweep.axes, ...varying])];
  const keys = all
    ? [...new Set([...named, ...every.filter((key) => !isPlace(key))])]
    : named;
  const problems: string[] = [];
  // Claims first: of what ends meanwhile both are seen, and the end counts.
  const claims = await claimsOf(folder, problems);
  const ids = await endedIds(folder);
  const records: SweepRecord[] = [];
  let batch: PlannedRun[] = [];
  const look = async () => {
    const ends = await Promise.all(
      batch.map(({ id }) => ids.has(id) ? endOf(folder, id, problems) : null),
    );
    batch.forEach(({ id, config }, i) => {
      const ended = ends[i] ?? undefined;
      records.push({
        id,
        state: stateOf(ended, claims.has(id)),
        values: Object.fromEntries(
          keys.map((key) => [key, config[key as keyof Config]]),
        ),
        steps: config.steps,
        ended,
      });
    });
    batch = [];
  };
  for await (const run of planLines(folder)) {
    batch.push(run);
    if (batch.length === 256) await look();
  }
  await look();
  return { sweep, keys, varying, records, problems };
}

// One that failed and is tried again is trained.
function stateOf(ended: EndedRun | undefined, claimed: boolean): RunState {
  if (ended && ended.state !== "failed") return ended.state;
  return claimed ? "training" : ended?.state ?? "waiting";
}

/** The keys of a sweep's configs, and those in which its runs differ. */
async function keysOf(
  folder: string,
  { axes }: Sweep,
): Promise<{ every: string[]; varying: string[] }> {
  const seen = new Map<string, { text: string; runs: number }>();
  const varying = new Set<string>();
  let runs = 0;
  for await (const { config } of planLines(folder)) {
    runs += 1;
    for (const [key, value] of Object.entries(config)) {
      const text = JSON.stringify(value);
      const known = seen.get(key);
      if (!known) seen.set(key, { text, runs: 1 });
      else if (known.text !== text) varying.add(key);
      else known.runs += 1;
    }
  }
  if (runs === 0) {
    throw new UsageError(
      `Cannot read the sweep ${shown(folder)}: its plan has no runs; ` +
        `${taskLine("sweep", "plan", "--out", folder)} adds some`,
    );
  }
  // What not all have, a key of an extension, they differ in.
  const differ = [...seen].filter(([key, known]) =>
    varying.has(key) || known.runs < runs
  ).map(([key]) => key);
  return {
    every: [...seen.keys()],
    varying: [
      ...axes.filter((key) => differ.includes(key)),
      ...differ.filter((key) => !axes.includes(key)),
    ],
  };
}
