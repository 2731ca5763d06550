/**
 * What may end a training before its last step: a signal, and what a callback says
 * of the evaluations.
 *
 * @module
 */

import type { MetricsRow } from "../runs/run_folder.ts";
import type { TrainOptions } from "./options.ts";

/** Hears a training's signal and its callback. */
export class Listener {
  readonly #signal: AbortSignal | undefined;
  readonly #tell: TrainOptions["onEvaluation"];
  readonly #evalEvery: number;
  #asked = false;

  /**
   * Begins to listen.
   *
   * @param options Signal and callback.
   * @param evalEvery Steps between evaluations.
   */
  constructor(
    { signal, onEvaluation }: Pick<TrainOptions, "signal" | "onEvaluation">,
    evalEvery: number,
  ) {
    this.#signal = signal;
    this.#tell = onEvaluation;
    this.#evalEvery = evalEvery;
  }

  /** Whether the training is to end. */
  get stopped(): boolean {
    return this.#asked || this.#signal?.aborted === true;
  }

  /**
   * How many updates may be made before somebody is heard: with a callback, up to
   * the one behind the next evaluation.
   *
   * @param step Updates made so far.
   */
  most(step: number): number {
    if (!this.#tell) return Infinity;
    const every = this.#evalEvery;
    return (every - step % every) % every + 1;
  }

  /** Tells the callback of the evaluations of runs, one after the other. */
  async tell(runs: ReadonlyMap<number, readonly MetricsRow[]>): Promise<void> {
    if (!this.#tell) return;
    for (const [replica, rows] of runs) {
      for (const row of rows) {
        const answer = await this.#tell(row, replica);
        this.#asked ||= answer === false || answer === "stop";
      }
    }
  }
}
