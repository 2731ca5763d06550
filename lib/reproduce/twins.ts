/**
 * Runs that several figures show, Figure 1's and Figure 12's StableMax for one.
 * They are trained once, and copied into the other figures' folders.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { configKeys } from "../config/config.ts";
import { describing } from "../files.ts";
import { list } from "../runs/_layout.ts";
import { isOver, readInterrupted } from "../runs/resume.ts";
import type { Job } from "./layout.ts";

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

/** Whether the run of a job lies in its folder, finished. */
export async function isFinished(job: Job): Promise<boolean> {
  // A run of an older version is no twin of anything.
  const found = await readInterrupted(job.run).catch(() => undefined);
  return found?.config !== undefined &&
    bytesKey({ ...job, config: found.config }) === bytesKey(job) &&
    isOver(found.summary, found.config.steps);
}

/**
 * Copies a finished run into the folder of a job of the same bytes, whole or not
 * at all. A run that lies there is replaced.
 *
 * @throws {FileError} saying what the system said.
 */
export function copyRun(from: Job, to: Job): Promise<void> {
  return describing(`copy ${from.run} to ${to.run}`, async () => {
    const partial = `${to.run}.partial-${Deno.pid}`;
    try {
      await cp(from.run, partial, { recursive: true });
      if (await list(to.run)) await Deno.remove(to.run, { recursive: true });
      await Deno.rename(partial, to.run);
    } catch (error) {
      await Deno.remove(partial, { recursive: true }).catch(() => {});
      throw error;
    }
  });
}
