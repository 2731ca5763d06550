/**
 * Training the runs of a sweep.
 *
 * @module
 */

import { join } from "node:path";
import { describing } from "../../base/files.ts";
import { checkArgument, checkOptions, pathCheck } from "../../base/options.ts";
import { taskLine } from "../../base/shell.ts";
import { ConfigError, resolveConfig } from "../../config/config.ts";
import { usedModules } from "../../config/used.ts";
import { Lane } from "../../train/threads/lane.ts";
import { readPlan, readSweep } from "../files.ts";
import { idOf } from "../ids.ts";
import { type PlannedRun, SWEEP } from "../layout.ts";
import { jobsAt } from "../place.ts";
import { Claims } from "./claims.ts";
import { lackLine, lacksIn } from "./extensions.ts";
import { RUN, type SweepOutcome, type SweepRunOptions } from "./options.ts";
import { Share } from "./share.ts";
import { inShard } from "./shard.ts";
import { type Setting, trainRun } from "./train_run.ts";

/**
 * Trains the runs of a sweep that are not there yet, or a share of them, side by
 * side. Others may do the same at the same time, on this machine and on others that
 * see the folder: each run is made once. One that fails is noted and the others go
 * on; it is tried again the next time.
 *
 * @param folder The sweep's folder, as `planSweep()` makes it.
 * @param options Which share, how many at a time, until when.
 * @throws {UsageError} if the folder is no sweep of this version, or an option is
 * none.
 * @throws {SyntaxError} if its plan is damaged, or was changed.
 * @throws {FileError} if it cannot be read or written.
 * @throws {ConfigError} if all runs that are left were planned with extensions that
 * are not in use, to the byte; those of some are left for a run with these.
 */
export async function runSweep(
  folder: string,
  options: SweepRunOptions = {},
): Promise<SweepOutcome> {
  checkArgument("runSweep()", "folder", folder, pathCheck);
  checkOptions("runSweep()", options, RUN);
  const { place } = await readSweep(folder);
  const plan = await readPlan(folder);
  const runs = inShard(plan, options.shard);
  const share = await Share.of(folder, runs, options);
  checkIds(folder, share.waiting);
  const lacks = await lacksIn(folder, plan, share.waiting);
  share.leave(lacks);
  const [first] = share.waiting;
  if (first) resolveConfig(first.config);
  else if (lacks.length > 0) {
    throw new ConfigError(
      `Cannot run the sweep ${folder} with ${inUse()}: ` +
        lacks.map((lack) => lackLine(folder, lack)).join("; "),
    );
  }
  for (const part of [SWEEP.ended, SWEEP.runs]) {
    await describing(
      `run the sweep ${folder}`,
      () => Deno.mkdir(join(folder, part), { recursive: true }),
    );
  }
  using claims = await Claims.open(folder, options.stale);
  await claims.tidy((id) => share.isOver(id));
  share.jobs = Math.min(options.jobs ?? jobsAt(place), share.waiting.length);
  if (share.jobs > 0) await trainShare(folder, claims, share, options);
  return share.outcome();
}

const inUse = () =>
  usedModules.length === 0
    ? "no extension"
    : usedModules.map(({ module }) => module).join(" and ");

// A config that was changed in the plan would be trained under another's name. That
// of an older version is the one that its id was made of.
function checkIds(folder: string, runs: readonly PlannedRun[]): void {
  for (const { id, config } of runs) {
    const made = idOf(config);
    if (made === id) continue;
    throw new SyntaxError(
      `Cannot run the sweep ${folder}: in ${SWEEP.plan} the run ${id} has the ` +
        `config of ${made}; wanted a plan as it was written: plan other runs ` +
        `with ${taskLine("sweep", "plan")}`,
    );
  }
}

async function trainShare(
  folder: string,
  claims: Claims,
  share: Share,
  options: SweepRunOptions,
): Promise<void> {
  const { program = "sweep", limit, signal, onStart } = options;
  using opened = new DisposableStack();
  const lanes = Array.from(
    { length: share.jobs },
    () => opened.use(new Lane(program, true)),
  );
  const stop = new AbortController();
  const end = () => stop.abort();
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end);
  opened.defer(() => signal?.removeEventListener("abort", end));
  const timer = limit === undefined ? undefined : setTimeout(end, limit);
  opened.defer(() => clearTimeout(timer));
  stop.signal.addEventListener(
    "abort",
    () => lanes.forEach((lane) => lane.stop()),
  );
  const setting: Setting = { folder, claims, share, stop, options };
  onStart?.(share.standing, share.jobs);
  let broken: { readonly error: unknown } | undefined;
  await Promise.all(lanes.map(async (lane) => {
    try {
      while (!stop.signal.aborted) {
        const run = share.next();
        if (!run) return;
        await trainRun(setting, lane, run);
      }
    } catch (error) {
      // Nothing can be noted any more: what runs in other threads ends as well.
      broken ??= { error };
      end();
    }
  }));
  share.stopped = stop.signal.aborted;
  if (broken) throw broken.error;
}
