/**
 * The training loop.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import type { Engine, Evaluated, Snapshot } from "../engine/engine.ts";
import { notFinite } from "../engine/finite.ts";
import type { TrainResult } from "../runs/result.ts";
import type { MetricsRow } from "../runs/run_folder.ts";
import { Listener } from "./listener.ts";
import {
  DivergedError,
  divergedText,
  startText,
  type TrainOptions,
} from "./options.ts";
import type { Recorder } from "./recorder.ts";

// How long a call of the engine should take: short enough to follow and to stop.
const CHUNK_MS = 400;

/**
 * Trains to the last step, to a loss or a state that is not finite, or to a
 * signal.
 *
 * @param config What is trained.
 * @param engine What trains it, where it stands.
 * @param recorder What writes the run.
 * @param resumed What the run is resumed from, which lies on the disk.
 * @param options Signal and callbacks.
 * @throws {DivergedError} if the loss or the state is not finite.
 */
export async function trainLoop(
  config: Config,
  engine: Engine,
  recorder: Recorder,
  resumed: Snapshot | undefined,
  { onProgress, ...heard }: TrainOptions,
): Promise<TrainResult> {
  const { steps, evalEvery, checkpointEvery } = config;
  const listener = new Listener(heard, evalEvery);
  const report = (rows: readonly MetricsRow[], ms: number) =>
    onProgress?.({ step: engine.step, steps, msPerStep: ms, rows });

  let diverged: number | undefined;
  let broken: string | undefined;
  // The state with its metrics; where the last update left no finite loss or
  // state, the state before it.
  const evaluated = async (): Promise<Evaluated> => {
    const evaluation = await engine.evaluate();
    const state = await engine.state();
    const lost = !Number.isFinite(evaluation.metrics.train_loss);
    const bad = notFinite(state);
    if (!lost && bad === undefined) return { evaluation, state };
    diverged = evaluation.step;
    broken = lost ? undefined : bad;
    if (diverged === firstStep(config)) {
      throw new DivergedError(`Training cannot start: ${startText(broken)}`);
    }
    await engine.stepBack();
    return {
      evaluation: await engine.evaluate(),
      state: await engine.state(),
    };
  };
  const keep = async (now: Evaluated) => {
    await recorder.save(now);
    await recorder.settle(now.evaluation.step);
  };
  // What a run is resumed from is on the disk.
  if (!resumed) await keep(await evaluated());

  const started = performance.now();
  let writing = 0; // milliseconds that are not training
  let ms = 0;
  while (engine.step < steps && diverged === undefined && !listener.stopped) {
    const begun = performance.now();
    const { step: from } = engine;
    const count = Math.min(chunk(config, from, ms), listener.most(from));
    const result = await engine.advance(count, evalEvery);
    const ended = performance.now();
    const { measuring = 0 } = result;
    ms = (ended - begun - measuring) / Math.max(result.losses.length, 1);
    ({ diverged, broken } = result);
    const rows = await recorder.record(result.evaluations, ms);
    report(rows, ms);
    await listener.tell(rows);
    const { step } = engine;
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    if ((due || recorder.late) && step < steps && diverged === undefined) {
      const now = await evaluated();
      // Where the state is bad, it was gone back from: that is the end.
      if (diverged === undefined) await keep(now);
    }
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
    writing += performance.now() - ended + measuring;
  }
  const seconds = (performance.now() - started - writing) / 1000;

  const last = await evaluated();
  const { result, rows } = await recorder.finish(last, {
    ms,
    seconds,
    diverged,
    broken,
  });
  if (rows.length > 0) report(rows, ms);
  await recorder.summarise(result);
  await listener.tell(rows);
  if (diverged !== undefined) throw new DivergedError(divergedText(result));
  return result;
}

/**
 * How many updates to make in the next call of the engine.
 *
 * @param config Steps and checkpoints of the training.
 * @param step Updates made so far.
 * @param ms Milliseconds a step; 0 where it is not known yet.
 */
export function chunk(
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
