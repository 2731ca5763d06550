/**
 * Runs to probe.
 *
 * @module
 */

import type { ConfigInput } from "../../../lib/config/config.ts";
import type { ProbeContext } from "../../../lib/probes/mod.ts";
import { RunContext } from "../../../lib/probes/run_context.ts";
import { train } from "../../../lib/train/train.ts";
import { withTempDir } from "../../tasks/_run.ts";

/** Trains a run and lends its last checkpoint. */
export async function withRun(
  config: ConfigInput,
  use: (context: ProbeContext, run: RunContext) => Promise<void>,
): Promise<void> {
  await withTempDir(async (dir) => {
    await train(config, { run: dir });
    const run = await RunContext.open(dir);
    await run.last((context) => use(context, run));
  });
}
