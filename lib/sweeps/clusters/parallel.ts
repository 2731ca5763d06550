/**
 * A sweep as a command of GNU parallel's: https://www.gnu.org/software/parallel/.
 *
 * @module
 */

import { join } from "node:path";
import { SWEEP } from "../layout.ts";
import { shareLine, type Shares, word } from "./share.ts";

// One TERM, and two minutes for the running steps and their checkpoints.
const STOP = "TERM,120000,KILL,25";

/** A command of GNU parallel's. */
export interface ParallelJob extends Shares {
  /** Shares at a time. */
  readonly atOnce: number;
  /** Runs side by side in each. */
  readonly jobs: number;
}

/** What parallel puts something else for, in folders and commands. */
export const REPLACED = /\{/;

/**
 * The command, as lines for a shell.
 *
 * @param job What it is to do.
 * @param begin What stands before the program: `exec `, in a script of its own.
 */
export function parallelLines(job: ParallelJob, begin = ""): string {
  const { folder, shards, atOnce, number, command, jobs } = job;
  const place = join(folder, SWEEP.submitted);
  const log = join(place, `parallel-${number}.log`);
  return [
    `mkdir -p ${word(place)}\n${begin}parallel --jobs ${atOnce} --joblog ${
      word(log)
    } --line-buffer`,
    `--termseq ${word(STOP)}`,
    word(`${command} ${shareLine(job, "{}", String(jobs))}`),
    `::: $(seq 0 ${shards - 1})`,
  ].join(" ");
}
