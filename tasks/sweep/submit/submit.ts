/**
 * Submitting a sweep.
 *
 * @module
 */

import { resolve } from "node:path";
import { UsageError } from "../../../lib/base/errors.ts";
import { shown } from "../../../lib/base/terminal.ts";
import type { Shares } from "../../../lib/sweeps/clusters/share.ts";
import { planLines, readSweep } from "../../../lib/sweeps/files.ts";
import { sweepStatus } from "../../../lib/sweeps/running/status.ts";
import { type Asked, calledHere, LINE, matching, whole } from "./asked.ts";
import { checkFlags } from "./engines.ts";
import { onKubernetes } from "./kubernetes.ts";
import { onParallel } from "./parallel.ts";
import { onSlurm } from "./slurm.ts";
import { nextNumber } from "./submitted.ts";

// Shares where nobody says how many: enough for a machine or two.
const SHARDS = 16;

const ON = { slurm: onSlurm, kubernetes: onKubernetes, parallel: onParallel };

/**
 * Submits a sweep, or prints what would be submitted.
 *
 * @param dir The sweep's folder.
 * @param asked What is asked.
 * @throws {UsageError} if it cannot be meant.
 * @throws {SchedulerError} if the scheduler does not take it.
 */
export async function submitSweep(dir: string, asked: Asked): Promise<void> {
  checkFlags(asked.on, asked);
  const folder = resolve(dir);
  matching("dir", folder, [
    "without control characters in its name",
    LINE[1],
  ]);
  const sweep = await readSweep(folder);
  let runs = 0;
  for await (const _ of planLines(folder)) runs += 1;
  if (runs === 0) {
    throw new UsageError(
      `Cannot submit ${folder}: its plan has no runs; plan some first`,
    );
  }
  const { shards = Math.min(SHARDS, runs), atOnce, jobs, command } = asked;
  whole("shards", shards, 1);
  if (shards > runs) {
    throw new UsageError(
      `--shards must be at most ${runs}, the runs of the sweep, got ${shards}`,
    );
  }
  if (atOnce !== undefined) whole("at-once", atOnce, 1);
  if (jobs !== undefined) whole("jobs", jobs, 1, 1024);
  if (command !== undefined) matching("command", command, LINE);
  const shares: Shares = {
    name: sweep.name,
    folder,
    shards,
    ...atOnce !== undefined && { atOnce: Math.min(atOnce, shards) },
    command: command ?? calledHere(),
    use: (asked.use ?? []).map((module) =>
      matching("use", placeOf(module), LINE)
    ),
    number: await nextNumber(folder, asked.on),
  };
  if (await isDone(folder)) {
    console.log(`${shown(folder)}: nothing is left to train`);
    return;
  }
  await ON[asked.on]({ asked, sweep, shares, runs });
}

// What begins like a path is one; others are names that an import map knows.
const placeOf = (module: string) =>
  /^[a-z]+:/.test(module) ? module : resolve(module);

async function isDone(folder: string): Promise<boolean> {
  const { waiting, training, failed } = await sweepStatus(folder);
  return waiting + training.length + failed === 0;
}
