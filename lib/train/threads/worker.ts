/**
 * A worker that trains one run after the other, in a thread of its own.
 *
 * @module
 */

import { loadAll } from "../../extensions/load.ts";
import { DamagedError } from "../../base/sums.ts";
import { workerScope } from "../../base/worker_scope.ts";
import { readSummary } from "../../runs/saved_state.ts";
import type { TrainResult } from "../../runs/result.ts";
import { Memo } from "../../base/memo.ts";
import { KeptSession } from "../../onnx/runtime/kept_session.ts";
import { resolveConfig } from "../../config/config.ts";
import { DivergedError } from "../diverged.ts";
import { trainRuns } from "../training.ts";
import type { TrainingAnswer, TrainingEnd, TrainingOrder } from "./orders.ts";

// How long a trial takes: the first chunk of steps only warms up.
const TRIAL_MS = 1500;

const scope = workerScope<TrainingOrder, TrainingAnswer>();

// Of the machine and the program, which are the same for all runs.
const known = new Memo();
// Of runs of a kind one after the other.
const sessions = new KeptSession();
let stop = new AbortController();
let ready: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === "stop") stop.abort();
  else if (data.kind === "use") {
    ready = loadAll(data.extensions);
    ready.catch(() => {}); // Told by the first run that waits for it.
  } else void carryOut(data).then((answer) => scope.postMessage(answer));
};

async function carryOut(
  order: Exclude<TrainingOrder, { kind: "stop" | "use" }>,
): Promise<TrainingAnswer> {
  stop = new AbortController();
  const { config, run, kind } = order;
  const { overwrite = false, briefly = false } = kind === "train"
    ? order.how
    : { overwrite: true };
  let [ms, since] = [NaN, Infinity];
  try {
    await ready;
    const [result] = await trainRuns(
      [resolveConfig(config)],
      {
        run,
        ...(overwrite ? { overwrite } : { resume: true }),
        signal: stop.signal,
        onWarning: (text) => scope.postMessage({ kind: "warning", text }),
        onProgress({ step, msPerStep }) {
          ms = msPerStep;
          scope.postMessage({ kind: "progress", step, ms });
          const now = performance.now();
          if (since === Infinity) since = now;
          if (kind === "trial" && now - since > TRIAL_MS) stop.abort();
        },
      },
      false,
      { known, sessions, savesStart: !briefly },
    );
    const end = kind === "trial"
      ? { ms }
      : { ms: result!.ms_per_step, result: result! };
    return { kind: "ended", end };
  } catch (error) {
    const { message } = error as Error;
    // A run that diverges ends there, and is a result as any other.
    if (error instanceof DivergedError) {
      return { kind: "ended", end: await divergedEnd(run, ms, message) };
    }
    const damaged = error instanceof DamagedError;
    return { kind: "failed", text: message, damaged };
  }
}

async function divergedEnd(
  run: string,
  ms: number,
  diverged: string,
): Promise<TrainingEnd> {
  const summary = await readSummary(run, () => {}).catch(() => undefined);
  return { ms, diverged, ...(summary && { result: summary as TrainResult }) };
}
