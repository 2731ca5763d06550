/**
 * A worker that trains one run after the other, in a thread of its own.
 *
 * @module
 */

import { loadAll } from "../../extensions/load.ts";
import { workerScope } from "../../base/worker_scope.ts";
import { DivergedError, train } from "../train.ts";
import type { TrainingAnswer, TrainingOrder } from "./orders.ts";

// How long a trial takes: the first chunk of steps only warms up.
const TRIAL_MS = 1500;

const scope = workerScope<TrainingOrder, TrainingAnswer>();

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
  let [ms, since] = [NaN, Infinity];
  try {
    await ready;
    const result = await train(config, {
      run,
      ...(kind === "trial" || order.overwrite
        ? { overwrite: true }
        : { resume: true }),
      signal: stop.signal,
      onWarning: (text) => scope.postMessage({ kind: "warning", text }),
      onProgress({ step, msPerStep }) {
        ms = msPerStep;
        scope.postMessage({ kind: "progress", step, ms });
        const now = performance.now();
        if (since === Infinity) since = now;
        if (kind === "trial" && now - since > TRIAL_MS) stop.abort();
      },
    });
    return { kind: "ended", ms: kind === "trial" ? ms : result.ms_per_step };
  } catch (error) {
    // A run that diverges ends there, and is a result as any other.
    if (error instanceof DivergedError) return { kind: "ended", ms };
    return { kind: "failed", text: (error as Error).message };
  }
}
