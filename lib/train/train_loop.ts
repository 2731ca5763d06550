/**
 * The training loop, of one run or of several at once.
 *
 * @module
 */

import { maxOf } from "../base/extremes.ts";
import type { Config } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import type { BandEngine, Evaluated } from "../engine/engine.ts";
import { notFinite } from "../engine/finite.ts";
import type { TrainResult } from "../runs/result.ts";
import type { MetricsRow } from "../runs/run_folder.ts";
import { divergedError, type Failure } from "./diverged.ts";
import { Listener } from "./listener.ts";
import type { TrainOptions } from "./options.ts";
import type { Recorder } from "./recorder.ts";

// How long a call of the engine should take: short enough to follow and to stop.
const CHUNK_MS = 400;

/** Runs that are trained. */
export interface Training {
  /** The config of each. */
  readonly configs: readonly Config[];
  /** What writes them, by their numbers; of none that diverged before. */
  readonly recorders: ReadonlyMap<number, Recorder>;
  /** How those ended. */
  readonly failures: readonly TrainResult[];
  /** What trains them, where they stand. */
  readonly engine: BandEngine;
  /** Whether they are resumed from what lies on the disk. */
  readonly resumed: boolean;
  /** Whether they are replicas; else one run alone. */
  readonly band: boolean;
}

/**
 * Trains runs to the last step or to a signal; one whose loss or state is not
 * finite any more ends, the others go on.
 *
 * @param training The runs.
 * @param options Signal and callbacks.
 * @throws {DivergedError} at the end, if the loss or state of any was not finite.
 */
export async function trainLoop(
  training: Training,
  options: TrainOptions,
): Promise<TrainResult[]> {
  const loop = new Loop(training, options);
  // What a run is resumed from is on the disk.
  if (!training.resumed) await loop.keep();
  while (loop.going) {
    await loop.advance();
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const results = await loop.finish();
  if (loop.failures.length === 0) return results;
  throw divergedError(loop.failures, results, training.band);
}

class Loop {
  /** The runs that are not finite any more. */
  readonly failures: Failure[];
  readonly #configs: readonly Config[];
  readonly #engine: BandEngine;
  readonly #options: TrainOptions;
  readonly #listener: Listener;
  // What writes the runs that are not over.
  readonly #live: Map<number, Recorder>;
  // Milliseconds a step, and seconds of training, without measuring and writing.
  #ms = 0;
  #seconds = 0;

  constructor(
    { configs, recorders, failures, engine }: Training,
    options: TrainOptions,
  ) {
    this.failures = [...failures];
    this.#configs = configs;
    this.#engine = engine;
    this.#options = options;
    this.#listener = new Listener(options, configs[0]!.evalEvery);
    this.#live = new Map(recorders);
  }

  /** Whether there is something left to train, and nobody wants an end. */
  get going(): boolean {
    const { steps } = this.#configs[0]!;
    return this.#engine.step < steps && this.#live.size > 0 &&
      !this.#listener.stopped;
  }

  /** One call of the engine, and what is written of it. */
  async advance(): Promise<void> {
    const { steps, evalEvery, checkpointEvery } = this.#configs[0]!;
    const { step: from } = this.#engine;
    const count = Math.min(
      chunk(this.#configs[0]!, from, this.#ms),
      this.#listener.most(from),
    );
    const begun = performance.now();
    const advances = await this.#engine.advance(count, evalEvery);
    const { measuring = 0 } = advances[0]!;
    const spent = performance.now() - begun - measuring;
    const made = maxOf(advances.map(({ losses }) => losses.length));
    this.#ms = spent / Math.max(made, 1);
    this.#seconds += spent / 1000;
    const rows = new Map<number, MetricsRow[]>();
    for (const [r, recorder] of this.#live) {
      const { evaluations } = advances[r]!;
      rows.set(r, await recorder.record(evaluations, this.#ms));
    }
    const { step } = this.#engine;
    this.#report(rows, step);
    await this.#listener.tell(rows);
    for (const [r, { diverged, broken }] of advances.entries()) {
      if (diverged !== undefined) await this.#giveUp(r, diverged, broken);
    }
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    const late = [...this.#live.values()].some((recorder) => recorder.late);
    if ((due || late) && step < steps) await this.keep();
  }

  /**
   * Saves the runs as they are: all before the first lets go of the checkpoint
   * before, so that there is always a step that a kill leaves of all of them.
   */
  async keep(): Promise<void> {
    const { step } = this.#engine;
    const states = await this.#evaluated();
    for (const [r, now] of states) await this.#live.get(r)!.save(now);
    for (const r of states.keys()) await this.#live.get(r)!.settle(step);
  }

  /** Writes the ends of the runs that are not over. */
  async finish(): Promise<TrainResult[]> {
    const results = new Map<number, TrainResult>();
    const rows = new Map<number, MetricsRow[]>();
    for (const [r, now] of await this.#evaluated()) {
      const last = await this.#live.get(r)!.finish(now, this.#end());
      results.set(r, last.result);
      rows.set(r, last.rows);
    }
    if (rows.size > 0) this.#report(rows, this.#engine.step);
    for (const [r, result] of results) {
      await this.#live.get(r)!.summarise(result);
    }
    await this.#listener.tell(rows);
    return [...results.values()];
  }

  // The states of the runs as they are, but for those that end here.
  async #evaluated(): Promise<Map<number, Evaluated>> {
    const states = new Map<number, Evaluated>();
    if (this.#live.size === 0) return states;
    const { step } = this.#engine;
    for (const [r, now] of (await this.#engine.at(step)).entries()) {
      if (!this.#live.has(r)) continue;
      const lost = !Number.isFinite(now.evaluation.metrics.train_loss);
      const bad = notFinite(now.state);
      const broken = lost ? undefined : bad;
      const config = this.#configs[r]!;
      if (!lost && bad === undefined) {
        states.set(r, now);
      } else if (step === firstStep(config)) {
        this.#live.delete(r);
        this.failures.push({ seed: config.seed, broken });
      } else {
        await this.#giveUp(r, step, broken);
      }
    }
    return states;
  }

  // Ends a run whose loss or state is not finite any more, with its last finite
  // state.
  async #giveUp(r: number, diverged: number, broken?: string): Promise<void> {
    const recorder = this.#live.get(r);
    if (!recorder) return;
    this.#live.delete(r);
    const last = (await this.#engine.at(diverged - 1))[r]!;
    const end = { ...this.#end(), diverged, broken };
    const { result, rows } = await recorder.finish(last, end);
    const own = new Map([[r, rows]]);
    // Of the last that goes on this is the end of the training.
    if (this.#live.size === 0) this.#report(own, result.steps);
    await recorder.summarise(result);
    await this.#listener.tell(own);
    this.failures.push(result);
  }

  #end() {
    return { ms: this.#ms, seconds: this.#seconds };
  }

  // Progress, in the mean of the runs.
  #report(runs: ReadonlyMap<number, MetricsRow[]>, step: number): void {
    const { steps } = this.#configs[0]!;
    const rows = meanRows([...runs.values()]);
    this.#options.onProgress?.({ step, steps, msPerStep: this.#ms, rows });
  }
}

function meanRows(
  [first = [], ...others]: readonly (readonly MetricsRow[])[],
): readonly MetricsRow[] {
  return first.map((row, i) => {
    const rows = [row, ...others.flatMap((other) => other[i] ?? [])];
    const mean = { ...row };
    for (const name of Object.keys(row) as (keyof MetricsRow)[]) {
      const values = rows.flatMap((one) => one[name] ?? []);
      mean[name] = values.reduce((a, b) => a + b, 0) / values.length;
    }
    return mean;
  });
}

// How many updates to make in the next call of the engine.
function chunk(
  { steps, checkpointEvery }: Config,
  step: number,
  ms: number,
): number {
  const untilCheckpoint = checkpointEvery === null
    ? steps
    : checkpointEvery - step % checkpointEvery;
  // The first chunk only measures how long a step takes.
  const affordable = ms === 0 ? 1 : Math.ceil(CHUNK_MS / ms);
  return Math.min(affordable, untilCheckpoint, steps - step);
}
