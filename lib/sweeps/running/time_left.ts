/**
 * How long the rest of a sweep takes, by what its runs took.
 *
 * @module
 */

import type { Config } from "../../config/config.ts";
import { Costs } from "../../train/threads/cost.ts";
import type { EndedRun } from "../layout.ts";

interface Known {
  readonly seconds: number;
  readonly steps: number;
}

/** What runs take, start and end too: runs of seconds take little else. */
export class TimeLeft {
  readonly #costs = new Costs();
  readonly #keys = new WeakMap<Config, string>();
  readonly #known = new Map<string, Known>();
  #all: Known = { seconds: 0, steps: 0 };

  /** Takes in a run that has ended. */
  learn(config: Config, { state, attempts, seconds, result }: EndedRun): void {
    // Of one that was stopped in the middle only the last part is known.
    if (state !== "done" || attempts > 1 || !result) return;
    const steps = result.steps - (config.from?.step ?? 0);
    if (!(steps > 0 && seconds > 0)) return;
    const key = this.#keyOf(config);
    this.#known.set(key, added(this.#known.get(key), { seconds, steps }));
    this.#all = added(this.#all, { seconds, steps });
  }

  /**
   * Milliseconds that a run takes.
   *
   * @param config Its config.
   * @param step Updates that it has made.
   * @returns NaN where no run has ended.
   */
  of(config: Config, step = config.from?.step ?? 0): number {
    const { seconds, steps } = this.#known.get(this.#keyOf(config)) ??
      this.#all;
    return 1000 * seconds / steps * Math.max(config.steps - step, 0);
  }

  // Thousands are asked for whenever a run gets further.
  #keyOf(config: Config): string {
    const key = this.#keys.get(config) ?? this.#costs.keyOf(config);
    this.#keys.set(config, key);
    return key;
  }
}

const added = (a: Known | undefined, b: Known): Known => ({
  seconds: (a?.seconds ?? 0) + b.seconds,
  steps: (a?.steps ?? 0) + b.steps,
});
