/**
 * `deno task train --tensorboard`.
 *
 * @module
 */

import { join } from "node:path";
import type { EventLog } from "../../lib/train/tensorboard.ts";

/**
 * What writes TensorBoard's events, where they are wanted. A name that is taken is
 * refused before anything is trained, as far as it is known.
 *
 * @param logs Where they go; `true` for `tensorboard`.
 * @param output Which run it is, and what becomes of what lies there.
 * @param runs How many replicas there are, 1 for a single run.
 */
export async function eventLog(
  logs: string | true | undefined,
  { run, overwrite, resume }: {
    readonly run: string | undefined;
    readonly overwrite: true | undefined;
    readonly resume: string | true | undefined;
  },
  runs: number,
): Promise<EventLog | undefined> {
  if (logs === undefined) return undefined;
  const { checkEventsPlace, tensorboardLog } = await import(
    "../../lib/train/tensorboard.ts"
  );
  const folder = logs === true ? "tensorboard" : logs;
  const options = { overwrite: overwrite ?? false, resume: resume === true };
  const log = tensorboardLog(folder, options);
  const names = run === undefined
    ? []
    : runs === 1
    ? [run]
    : Array.from({ length: runs }, (_, i) => join(run, `replica-${i}`));
  await checkEventsPlace(folder, names, options);
  return log;
}
