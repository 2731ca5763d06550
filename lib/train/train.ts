/**
 * The training loop.
 *
 * @module
 */

import {
  type Config,
  type ConfigInput,
  resolveConfig,
} from "../config/config.ts";
import { chooseDevice, type DeviceChoice } from "../devices.ts";
import { providerOf, type SessionOptions } from "../onnx/session.ts";
import { makeManifest } from "../runs/manifest.ts";
import {
  checkFree,
  type MetricsRow,
  newRunPath,
  RunWriter,
} from "../runs/run_folder.ts";
import type { Engine } from "./engine.ts";
import { type Experiment, makeExperiment } from "./experiment.ts";
import { metered } from "./metered.ts";
import { onnxEngine } from "./onnx_engine.ts";
import { type Evaluated, Recorder, type TrainResult } from "./recorder.ts";

export { THRESHOLD, type TrainResult } from "./recorder.ts";

// How long a call of the engine should take: short enough to follow and to stop.
const CHUNK_MS = 400;

/** Where training stands. */
export interface Progress {
  /** Updates made so far. */
  readonly step: number;
  /** Updates to make in all. */
  readonly steps: number;
  /** Milliseconds a step, of the last chunk. */
  readonly msPerStep: number;
  /** The evaluations since the last call. */
  readonly rows: readonly MetricsRow[];
}

/** How to run a training. */
export interface TrainOptions {
  /** The run's folder; by default a new one in `runs/`. */
  readonly run?: string;
  /** Replace the run that lies in the folder. */
  readonly overwrite?: boolean;
  /** Ends the training after the running chunk, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called after every chunk of steps. */
  readonly onProgress?: (progress: Progress) => void;
  /** onnx: called with the device that was taken, before anything is made. */
  readonly onDevice?: (choice: DeviceChoice) => void;
  /** Called once the run's folder is there, before the first step. */
  readonly onStart?: (run: string, config: Config) => void;
}

/** Training that stopped because the loss was no finite number any more. */
export class DivergedError extends Error {
  /** What tells it from other errors. */
  override name = "DivergedError";
  /** Of several runs, how those ended that did not diverge. */
  readonly results: readonly TrainResult[];

  /**
   * Says that training stopped.
   *
   * @param message Where, and what is left.
   * @param results How the runs beside it ended, if there are any.
   */
  constructor(message: string, results: readonly TrainResult[] = []) {
    super(message);
    this.results = results;
  }
}

/** How sessions are opened on a device that was taken. */
export function sessionOf(
  { device, deviceId, runtime }: DeviceChoice,
  { threads }: Config,
): SessionOptions {
  return { device, deviceId, runtime, threads: threads ?? 0 };
}

async function startEngine(
  experiment: Experiment,
  place: DeviceChoice | undefined,
): Promise<Engine> {
  const { config } = experiment;
  if (place) {
    const options = sessionOf(place, config);
    return metered(
      await onnxEngine(experiment, options),
      experiment,
      options,
    );
  }
  // Only who trains on TensorFlow.js waits for its backend to load.
  const { tfjsEngine } = await import("./tfjs_engine.ts");
  return metered(await tfjsEngine(experiment, config.backend), experiment);
}

/**
 * Trains a network and writes the run: metrics at every evaluation, checkpoints
 * as ONNX files.
 *
 * @param input Any part of a config; the rest are the defaults.
 * @param options Folder, signal, callbacks.
 * @returns How it ended.
 * @throws {ConfigError} if the config is not valid; nothing is written then.
 * @throws {SyntaxError} if a file of the task's data is not what it should be;
 * nothing is written then.
 * @throws {UsageError} if the folder is taken, or the engine's backend is not
 * usable here; nothing is written then.
 * @throws {DeviceError} if the device cannot be used; nothing is written then.
 * @throws {FileError} if the folder cannot be written.
 * @throws {DivergedError} if the loss is not finite; the checkpoint of the last
 * finite state is written first.
 */
export async function train(
  input: ConfigInput = {},
  options: TrainOptions = {},
): Promise<TrainResult> {
  const asked = resolveConfig(input);
  if (options.run !== undefined) {
    await checkFree(options.run, options.overwrite ?? false);
  }
  const made = makeExperiment(asked);
  const place = asked.engine === "onnx" ? await chooseDevice(asked) : undefined;
  if (place) options.onDevice?.(place);
  // What was taken, so that feeding the config back repeats the run.
  const config = place ? { ...asked, device: place.device } : asked;
  const experiment = { ...made, config };
  const engine = await startEngine(experiment, place);
  try {
    const path = options.run ?? await newRunPath(config);
    const manifest = await makeManifest(
      place ? `onnx/${providerOf(place)}` : `tfjs/${config.backend}`,
    );
    const run = await RunWriter.create(
      path,
      { config, manifest, split: experiment.split },
      options.overwrite,
    );
    options.onStart?.(path, config);
    return await trainLoop(experiment, engine, run, options);
  } finally {
    await engine.close();
  }
}

async function trainLoop(
  experiment: Experiment,
  engine: Engine,
  run: RunWriter,
  { signal, onProgress }: TrainOptions,
): Promise<TrainResult> {
  const { steps, evalEvery, checkpointEvery } = experiment.config;
  const { config } = experiment;
  const [recorder] = await Recorder.createAll(experiment, [{
    config,
    run,
  }]) as [
    Recorder,
  ];
  const report = (rows: readonly MetricsRow[], ms: number) =>
    onProgress?.({ step: engine.step, steps, msPerStep: ms, rows });

  let diverged: number | undefined;
  // The state with its metrics; where the last update left no finite loss, the
  // state before it.
  const evaluated = async (): Promise<Evaluated> => {
    let evaluation = await engine.evaluate();
    if (!Number.isFinite(evaluation.metrics.train_loss)) {
      diverged = evaluation.step;
      if (diverged === 0) {
        throw new DivergedError(
          "Training cannot start: the train loss of the initial weights is " +
            "not finite",
        );
      }
      await engine.stepBack();
      evaluation = await engine.evaluate();
    }
    return { evaluation, state: await engine.state() };
  };
  await recorder.begin(await evaluated());

  const started = performance.now();
  let writing = 0; // milliseconds that are not training
  let ms = 0;
  while (engine.step < steps && diverged === undefined && !signal?.aborted) {
    const begun = performance.now();
    const count = chunk(experiment.config, engine.step, ms);
    const result = await engine.advance(count, evalEvery);
    const ended = performance.now();
    const { measuring = 0 } = result;
    ms = (ended - begun - measuring) / Math.max(result.losses.length, 1);
    diverged = result.diverged;
    report(await recorder.record(result.evaluations, ms), ms);
    const { step } = engine;
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    if ((due || recorder.late) && step < steps && diverged === undefined) {
      const now = await evaluated();
      // Where the state is bad, it was gone back from: that is the end.
      if (diverged === undefined) {
        await (due ? recorder.keep(now) : recorder.follow(now));
      }
    }
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
    writing += performance.now() - ended + measuring;
  }
  const seconds = (performance.now() - started - writing) / 1000;

  const last = await evaluated();
  const { result, rows } = await recorder.finish(last, { ms, seconds });
  if (rows.length > 0) report(rows, ms);
  if (diverged !== undefined) {
    throw new DivergedError(
      `Training stopped: the train loss is not finite at step ${diverged}; ` +
        `the last finite state, step ${result.steps}, is in ` +
        result.checkpoint,
    );
  }
  await recorder.summarise(result);
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
