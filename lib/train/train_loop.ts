/**
 * The training loop, of one run or of several at once.
 *
 * @module
 */

import { append, maxOf } from "../base/extremes.ts";
import type { Config } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import type { Advance, BandEngine, Evaluated } from "../engine/engine.ts";
import { notFinite } from "../engine/finite.ts";
import type { TrainResult } from "../runs/result.ts";
import type { MetricsRow } from "../runs/run_folder.ts";
import { divergedError, type Failure } from "./diverged.ts";
import type { TrainOptions } from "./options.ts";
import { type Ending, isKept, type Recorder } from "./recorder.ts";

// How long a call of the engine should take: short enough to follow and to stop.
const CHUNK_MS = 400;

/** Runs that are trained. */
export interface Training {
  /** What their configs share: all but seed, data, learning rate and weight decay. */
  readonly config: Config;
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
  /** Whether the state that they start with is saved, though nobody asked for it. */
  readonly savesStart: boolean;
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
  if (!training.resumed) await loop.begin(training.savesStart);
  while (loop.going) {
    await loop.advance();
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const results = await loop.finish();
  if (loop.failures.length === 0) return results;
  throw divergedError(loop.failures, results, training.band);
}

// A run that is not over, by its number, with what writes it and a state of it.
type Live = readonly [r: number, recorder: Recorder, now: Evaluated];

class Loop {
  /** The runs that are not finite any more. */
  readonly failures: Failure[];
  readonly #config: Config;
  readonly #engine: BandEngine;
  readonly #options: TrainOptions;
  // Whether what was told of an evaluation wants an end.
  #asked = false;
  // Whether nobody has looked yet whether the runs can start.
  #unseen = false;
  // What writes the runs that are not over.
  readonly #live: Map<number, Recorder>;
  // Milliseconds a step, and seconds of training, without measuring and writing.
  #ms = 0;
  #seconds = 0;

  constructor(
    { config, recorders, failures, engine }: Training,
    options: TrainOptions,
  ) {
    this.failures = [...failures];
    this.#config = config;
    this.#engine = engine;
    this.#options = options;
    this.#live = new Map(recorders);
  }

  /** Whether there is something left to train, and nobody wants an end. */
  get going(): boolean {
    const stopped = this.#asked || this.#options.signal?.aborted;
    return this.#engine.step < this.#config.steps && this.#live.size > 0 &&
      !stopped;
  }

  /** One call of the engine, and what is written of it. */
  async advance(): Promise<void> {
    const { steps, evalEvery, checkpointEvery } = this.#config;
    const { step: from } = this.#engine;
    const count = Math.min(
      chunk(this.#config, from, this.#ms),
      this.#options.onEvaluation ? untilHeard(this.#config, from) : Infinity,
    );
    const begun = performance.now();
    const advances = (await this.#engine.advance(count, evalEvery))
      .map((advance) => this.#unseen ? startedWell(advance, from) : advance);
    this.#unseen = false;
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
    await this.#tell(rows);
    for (const [r, { diverged, broken }] of advances.entries()) {
      if (diverged !== undefined) await this.#giveUp(r, diverged, broken);
    }
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    const late = [...this.#live.values()].some((recorder) => recorder.late);
    if ((due || late) && step < steps) await this.keep();
  }

  /**
   * Looks whether the runs can start, and saves them.
   *
   * @param all Whether also where nobody asked for a checkpoint of the start: one
   * that is killed before the next is made again from its config alone.
   */
  async begin(all: boolean): Promise<void> {
    const { step } = this.#engine;
    if (all || isKept(this.#config, step)) return await this.keep();
    // What the first step evaluates need not be evaluated before it as well.
    const { evalEvery } = this.#config;
    const states = await this.#engine.states();
    this.#unseen = step % evalEvery === 0 &&
      states.every((state) => notFinite(state) === undefined);
    if (!this.#unseen) await this.#evaluated();
  }

  /**
   * Saves the runs as they are: all before the first lets go of the checkpoint
   * before, so that there is always a step that a kill leaves of all of them.
   */
  async keep(): Promise<void> {
    const { step } = this.#engine;
    const runs = await this.#evaluated();
    for (const [, recorder, now] of runs) await recorder.save(now);
    for (const [, recorder] of runs) await recorder.settle(step);
  }

  /** Writes the ends of the runs that are not over. */
  async finish(): Promise<TrainResult[]> {
    return await this.#end(await this.#evaluated());
  }

  // The runs as they are, but for those that end here.
  async #evaluated(): Promise<Live[]> {
    const runs: Live[] = [];
    if (this.#live.size === 0) return runs;
    const { step } = this.#engine;
    for (const [r, now] of (await this.#engine.at(step)).entries()) {
      const recorder = this.#live.get(r);
      if (!recorder) continue;
      const lost = !Number.isFinite(now.evaluation.metrics.train_loss);
      const bad = notFinite(now.state);
      if (!lost && bad === undefined) runs.push([r, recorder, now]);
      else await this.#giveUp(r, step, lost ? undefined : bad);
    }
    return runs;
  }

  // Ends a run whose loss or state is not finite any more, with its last finite
  // state; at its first step it has none.
  async #giveUp(r: number, diverged: number, broken?: string): Promise<void> {
    const recorder = this.#live.get(r);
    if (!recorder) return;
    if (diverged === firstStep(this.#config)) {
      this.#live.delete(r);
      this.failures.push({ seed: recorder.config.seed, broken });
      return;
    }
    const last = (await this.#engine.at(diverged - 1))[r]!;
    const run: Live = [r, recorder, last];
    append(this.failures, await this.#end([run], { diverged, broken }));
  }

  // Writes the ends of runs: the last states of all, then how they ended.
  async #end(
    runs: readonly Live[],
    why: Pick<Ending, "diverged" | "broken"> = {},
  ): Promise<TrainResult[]> {
    const end = { ms: this.#ms, seconds: this.#seconds, ...why };
    const results: TrainResult[] = [];
    const rows = new Map<number, MetricsRow[]>();
    for (const [r, recorder, now] of runs) {
      const last = await recorder.finish(now, end);
      results.push(last.result);
      rows.set(r, last.rows);
      this.#live.delete(r);
    }
    // Of the last that go on this is the end of the training.
    if (runs.length > 0 && this.#live.size === 0) {
      this.#report(rows, results[0]!.steps);
    }
    for (const [i, [, recorder]] of runs.entries()) {
      await recorder.summarise(results[i]!);
    }
    await this.#tell(rows);
    return results;
  }

  // Tells the callback of the evaluations of runs, one after the other.
  async #tell(runs: ReadonlyMap<number, MetricsRow[]>): Promise<void> {
    const { onEvaluation, onRows } = this.#options;
    for (const [replica, rows] of runs) {
      if (rows.length > 0) onRows?.(rows, replica);
      if (!onEvaluation) continue;
      for (const row of rows) {
        const answer = await onEvaluation(row, replica);
        this.#asked ||= answer === false || answer === "stop";
      }
    }
  }

  // Progress, in the mean of the runs.
  #report(runs: ReadonlyMap<number, MetricsRow[]>, step: number): void {
    const { steps } = this.#config;
    const rows = meanRows([...runs.values()]);
    this.#options.onProgress?.({ step, steps, msPerStep: this.#ms, rows });
  }
}

// What a first call made, or that its first state has no finite loss.
function startedWell(advance: Advance, first: number): Advance {
  const loss = advance.evaluations[0]?.metrics.train_loss ?? 0;
  if (Number.isFinite(loss)) return advance;
  return { losses: [], evaluations: [], diverged: first };
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

// How many updates may be made before a callback is heard: up to the one behind the
// next evaluation.
const untilHeard = ({ evalEvery }: Config, step: number): number =>
  (evalEvery - step % evalEvery) % evalEvery + 1;

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
