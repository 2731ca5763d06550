/**
 * Training one run of a sweep, from its claim to how it ended.
 *
 * @module
 */

import { DamagedError } from "../../base/sums.ts";
import type { Lane } from "../../train/threads/lane.ts";
import type { TrainingEnd } from "../../train/threads/orders.ts";
import { writeEnded } from "../files.ts";
import { type EndedRun, type PlannedRun, runPath } from "../layout.ts";
import type { Claim, Claims } from "./claims.ts";
import { ObstacleError } from "../obstacles.ts";
import { replaceByCopy, setAside } from "./folders.ts";
import { thisProcess } from "./owner.ts";
import type { SweepRunOptions } from "./options.ts";
import type { Share } from "./share.ts";

/** After how many deaths of its processes a run is not tried any more. */
export const MOST_DEATHS = 3;

/** What the runs of a share are trained in. */
export interface Setting {
  /** The sweep's folder. */
  readonly folder: string;
  /** Its claims. */
  readonly claims: Claims;
  /** The share. */
  readonly share: Share;
  /** Ends all. */
  readonly stop: AbortController;
  /** Who is told. */
  readonly options: SweepRunOptions;
}

/**
 * Trains a run, unless another process has it or has trained it.
 *
 * @throws {FileError} if it cannot be written how it ended.
 */
export async function trainRun(
  setting: Setting,
  lane: Lane,
  run: PlannedRun,
): Promise<void> {
  const { claims, share } = setting;
  let claim: Claim | undefined;
  try {
    claim = await claims.take(run.id, share.attemptsOf(run));
    if (!claim) return share.isElsewhere(run);
    const meanwhile = await share.endedMeanwhile(run);
    if (meanwhile) {
      await claim.end();
      return share.hasEnded(run, meanwhile, false);
    }
  } catch (error) {
    if (!(error instanceof ObstacleError)) throw error;
    await claim?.end();
    return share.hasEnded(run, obstructed(run, error), true);
  }
  const begun = performance.now();
  const how = claim.deaths >= MOST_DEATHS
    ? failed(`${claim.deaths} processes that trained it have died`)
    : await trained(setting, lane, run, claim);
  if (!await claim.isOurs()) {
    claim.letGo();
    return share.isElsewhere(run);
  }
  if (!how) {
    await claim.release();
    return share.isStopped(run);
  }
  const ended: EndedRun = {
    id: run.id,
    attempts: claim.attempts,
    ended: new Date().toISOString(),
    host: claim.host,
    seconds: (performance.now() - begun) / 1000,
    ...how,
  };
  await writeEnded(setting.folder, ended);
  await claim.end();
  share.hasEnded(run, ended, true);
}

// Told, and noted nowhere: there is no place for it, or no right to write it.
const obstructed = ({ id }: PlannedRun, { message }: Error): EndedRun => ({
  id,
  attempts: 0,
  ended: new Date().toISOString(),
  host: thisProcess().host ?? "",
  seconds: 0,
  ...failed(message),
});

type How = Pick<EndedRun, "state" | "reason" | "result">;

const failed = (reason: string): How => ({ state: "failed", reason });

// How a run ended; undefined of one that was stopped in the middle.
async function trained(
  setting: Setting,
  lane: Lane,
  run: PlannedRun,
  claim: Claim,
): Promise<How | undefined> {
  const { folder, share, stop, options: { onWarning } } = setting;
  const path = runPath(folder, run.id);
  let lost = false;
  claim.onLost = () => {
    if (!lost) lane.stop();
    lost = true;
  };
  // Between the two nobody is heard: a thread that trains nothing yet does not
  // know of a stop.
  const train = async (): Promise<TrainingEnd | undefined> => {
    if (stop.signal.aborted || lost) return undefined;
    return await lane.train(run.config, path, { briefly: true }, {
      onProgress: (step) => share.isAt(run, step),
      ...(onWarning && { onWarning }),
    });
  };
  share.isAt(run, 0);
  try {
    if (claim.from) await replaceByCopy(folder, run.id);
    return howItEnded(
      await train().catch(async (error) => {
        if (!(error instanceof DamagedError)) throw error;
        const aside = await setAside(folder, run.id);
        onWarning?.(
          `${run.id} is begun again: ${error.message}; what was there lies in ` +
            aside,
        );
        return await train();
      }),
    );
  } catch (error) {
    return failed((error as Error).message);
  }
}

function howItEnded(end: TrainingEnd | undefined): How | undefined {
  if (!end || end.result?.interrupted) return undefined;
  const { diverged } = end;
  const { config: _, ...result } = end.result ?? {};
  return {
    state: diverged === undefined ? "done" : "diverged",
    ...(diverged !== undefined && { reason: diverged }),
    ...(end.result && { result: result as NonNullable<EndedRun["result"]> }),
  };
}
