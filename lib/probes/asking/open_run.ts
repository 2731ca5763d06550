/**
 * Opening a run for the probes that look at all of it.
 *
 * @module
 */

import { only } from "../../base/options.ts";
import { checkpointsOf } from "../../runs/read.ts";
import { wholeOnes } from "../../runs/whole.ts";
import type { CheckpointProbe, ProbeName } from "../catalogue.ts";
import { foreignCheckpoints } from "../foreign/checkpoints.ts";
import { RunContext } from "../run_context.ts";
import { FOREIGN_RUN } from "../run_options.ts";
import type { ProbeOptions } from "./options.ts";

/** A run with those of its checkpoints that are as they were written. */
export async function openWhole(
  path: string,
  options: ProbeOptions,
): Promise<RunContext> {
  if (await foreignCheckpoints(path)) {
    return await RunContext.open(path, only(options, FOREIGN_RUN));
  }
  const checkpoints = await wholeOnes(await checkpointsOf(path));
  return await RunContext.open(path, only(options, FOREIGN_RUN), checkpoints);
}

/** A probe's name. */
export const nameOf = ({ name }: CheckpointProbe) => name as ProbeName;

/** A run as threads are told of it. */
export const listed = ({ path, checkpoints }: RunContext) => ({
  path,
  checkpoints,
});
