/**
 * States that are not finite: where an element of the weights or of the
 * optimizer's state has overflowed, training is over, although the loss may not
 * show it. An infinite second moment for one stops the weights for good.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import type { Advance } from "./engine.ts";

/** The path of a state's first tensor that is not finite, undefined where all are. */
export function notFinite(state: HostState): string | undefined {
  for (const [path, { data }] of Object.entries(state)) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      continue;
    }
    // x · 0 is 0 for every finite x, and NaN for the others.
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i]! * 0;
    if (sum !== 0) return path;
  }
}

/** A tensor of a state in words, by its path. */
export function tensorText(path: string): string {
  const [kind, ...rest] = path.split(".");
  const name = rest.join(".");
  return kind === "optimizer"
    ? `the optimizer's state (${name})`
    : kind === "buffers"
    ? `the running statistic ${name}`
    : `the weight ${name}`;
}

/**
 * What happened before the first loss that is not finite: a step's own, which may
 * be of a mini-batch, or that of all train rows where they are evaluated.
 */
export function untilDiverged(
  { losses, evaluations }: Advance,
  first: number,
): Advance {
  const bad = losses.findIndex((loss) => !Number.isFinite(loss));
  // Where rows are too many for the step, it measures none.
  const lost = evaluations.find(({ metrics }) =>
    !Number.isFinite(metrics.train_loss ?? 0)
  );
  const diverged = Math.min(
    bad < 0 ? Infinity : first + bad,
    lost?.step ?? Infinity,
  );
  if (diverged === Infinity) return { losses, evaluations };
  return {
    losses: losses.slice(0, diverged - first),
    evaluations: evaluations.filter(({ step }) => step < diverged),
    diverged,
  };
}

/** What is asked about the states of a call of an engine. */
export interface Since {
  /** Updates made before the call. */
  readonly first: number;
  /** Updates made after it. */
  readonly end: number;
  /** The path of a tensor that is not finite after so many updates, if any. */
  broken(step: number): Promise<string | undefined>;
  /** The loss there. */
  lossAt(step: number): Promise<number>;
}

/**
 * What happened before the first state of a call that is not finite. What has
 * overflowed once stays so: every optimizer's state is made of the one before.
 * So only the last state is looked at; where that is finite, no time is lost, and
 * where it is not, the first one is found by halving.
 *
 * @param advance What happened before the first loss that is not finite.
 * @param since The states, of which the first is finite.
 */
export async function untilBroken(
  advance: Advance,
  { first, end, broken, lossAt }: Since,
): Promise<Advance> {
  // Behind a loss that is not finite no state means anything.
  const last = advance.diverged === undefined ? end : advance.diverged - 1;
  if (last <= first || await broken(last) === undefined) return advance;
  let [good, bad] = [first, last];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await broken(middle) === undefined) good = middle;
    else bad = middle;
  }
  const path = await broken(bad);
  // Where the loss shows it too, that is what is said: a call that goes on beyond
  // this step sees the loss first.
  const shown = !Number.isFinite(await lossAt(bad));
  return {
    losses: advance.losses.slice(0, bad - first),
    evaluations: advance.evaluations.filter(({ step }) => step < bad),
    diverged: bad,
    ...(path !== undefined && !shown && { broken: path }),
  };
}
