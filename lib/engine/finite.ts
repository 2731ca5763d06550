/**
 * States that are not finite: where an element of the weights or of the
 * optimizer's state has overflowed, training is over, although the loss may not
 * show it. An infinite second moment for one stops the weights for good.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import type { Advance } from "./engine.ts";

/**
 * The path of the first tensor that is not finite, undefined where all are.
 *
 * @param state A state, of one run or of several stacked.
 * @param replica Which run of a stacked state.
 * @param size How many runs are stacked; 1 for a single one.
 */
export function notFinite(
  state: HostState,
  replica = 0,
  size = 1,
): string | undefined {
  for (const [path, { data }] of Object.entries(state)) {
    if (data instanceof BigInt64Array) continue;
    const length = data.length / size;
    const end = (replica + 1) * length;
    // x · 0 is 0 for every finite x, and NaN for the others.
    let sum = 0;
    for (let i = replica * length; i < end; i++) sum += data[i]! * 0;
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

/** What an engine gives back whose first state is not finite: it stays there. */
export function brokenAtStart(step: number, path: string): Advance {
  return { losses: [], evaluations: [], diverged: step, broken: path };
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
