/**
 * Runs that several figures show, Figure 1's and Figure 12's StableMax for one.
 * They are trained once, and copied into the other figures' folders.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { configKeys } from "../config/config.ts";
import { describing } from "../base/files.ts";
import { FILES, ignoreMissing, list, stepsIn } from "../runs/layout.ts";
import { isOver, readInterrupted } from "../runs/saved_state.ts";
import { lockRun } from "../runs/lock.ts";
import type { Figure } from "../figures/figure.ts";
import { type Job, jobsOf, type Places } from "./layout.ts";

/**
 * What decides the bytes of a job's run: the whole config, since threads and
 * device do too.
 */
export function bytesKey({ config }: Job): string {
  return JSON.stringify(configKeys.map((key) => config[key]));
}

/** Jobs by the bytes of their runs. */
export function byBytes(jobs: Iterable<Job>): Map<string, Job[]> {
  return Map.groupBy(jobs, bytesKey);
}

/** The runs of all figures in both forms, by their bytes. */
export function twinsOf(
  figures: Readonly<Record<string, Figure>>,
  seeds: number,
  places: Places,
  place?: Parameters<typeof jobsOf>[5],
): Map<string, Job[]> {
  return byBytes(
    Object.entries(figures).flatMap(([name, figure]) =>
      (["full", "quick"] as const).flatMap((scale) =>
        jobsOf(name, figure, scale, seeds, places.here, place)
      )
    ),
  );
}

/** Whether the run of a job lies in its folder, finished. */
export async function isFinished(job: Job): Promise<boolean> {
  // A run of an older version is no twin of anything.
  const found = await readInterrupted(job.run).catch(() => undefined);
  return found?.config !== undefined &&
    bytesKey({ ...job, config: found.config }) === bytesKey(job) &&
    isOver(found.summary, found.config.steps);
}

/** Updates that a job's run has made, as far as its last checkpoint. */
export async function progressOf({ run }: Job): Promise<number> {
  return stepsIn(await list(join(run, FILES.checkpoints)) ?? []).at(-1) ?? 0;
}

/**
 * Copies a finished run into the folder of a job of the same bytes, whole or not
 * at all. A run that lies there is replaced.
 *
 * @throws {FileError} saying what the system said.
 * @throws {UsageError} if another process trains the run that lies there.
 */
export async function copyRun(from: Job, to: Job): Promise<void> {
  using _ = await list(to.run) ? await lockRun(to.run) : undefined;
  await describing(`copy ${from.run} to ${to.run}`, async () => {
    const partial = `${to.run}.partial-${Deno.pid}`;
    try {
      await cp(from.run, partial, { recursive: true });
      await Deno.remove(to.run, { recursive: true }).catch(ignoreMissing);
      await Deno.rename(partial, to.run);
    } catch (error) {
      await Deno.remove(partial, { recursive: true }).catch(() => {});
      throw error;
    }
  });
}
