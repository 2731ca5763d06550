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
import { checkpointWriter, encodeTensors } from "../onnx/checkpoint.ts";
import { providerOf } from "../onnx/session.ts";
import { makeManifest } from "../runs/manifest.ts";
import {
  checkFree,
  type MetricsRow,
  newRunPath,
  RunWriter,
} from "../runs/run_folder.ts";
import type { Engine, Evaluation, HostState } from "./engine.ts";
import { type Experiment, makeExperiment } from "./experiment.ts";
import { onnxEngine } from "./onnx_engine.ts";

/** Accuracy from which a network counts as having memorised, or grokked. */
export const THRESHOLD = 0.99;

// How long a call of the engine should take: short enough to follow and to stop.
const CHUNK_MS = 400;

// How old the state on the disk may get.
const FOLLOW_MS = 15_000;

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

/** How a training ended; what `deno task train --json` prints. */
export interface TrainResult {
  /** The run's folder. */
  readonly run: string;
  /** The resolved config. */
  readonly config: Config;
  /** Updates made. */
  readonly steps: number;
  /** First evaluated step with train accuracy ≥ 0.99, or null. */
  readonly memorised_at: number | null;
  /** First evaluated step with test accuracy ≥ 0.99, or null. */
  readonly grokked_at: number | null;
  /** The metrics after the last update. */
  readonly final: Evaluation["metrics"];
  /** Mean milliseconds a step, evaluations included. */
  readonly ms_per_step: number;
  /** Seconds spent training, without the start. */
  readonly seconds: number;
  /** The last checkpoint's file. */
  readonly checkpoint: string;
  /** Whether the signal ended it. */
  readonly interrupted: boolean;
}

/** Training that stopped because the loss was no finite number any more. */
export class DivergedError extends Error {
  /** What tells it from other errors. */
  override name = "DivergedError";
}

async function startEngine(
  experiment: Experiment,
  place: DeviceChoice | undefined,
): Promise<Engine> {
  if (place) {
    const { device, deviceId, runtime } = place;
    const threads = experiment.config.threads ?? 0;
    return onnxEngine(experiment, { device, deviceId, runtime, threads });
  }
  // Only who trains on TensorFlow.js waits for its backend to load.
  const { tfjsEngine } = await import("./tfjs_engine.ts");
  return tfjsEngine(experiment);
}

/**
 * Trains a network and writes the run: metrics at every evaluation, checkpoints
 * as ONNX files.
 *
 * @param input Any part of a config; the rest are the defaults.
 * @param options Folder, signal, callbacks.
 * @returns How it ended.
 * @throws {ConfigError} if the config is not valid; nothing is written then.
 * @throws {UsageError} if the folder is taken.
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
  const place = asked.engine === "onnx" ? await chooseDevice(asked) : undefined;
  if (place) options.onDevice?.(place);
  // What was taken, so that feeding the config back repeats the run.
  const config = place ? { ...asked, device: place.device } : asked;
  const experiment = makeExperiment(config);
  const engine = await startEngine(experiment, place);
  try {
    const path = options.run ?? await newRunPath(config);
    const manifest = await makeManifest(
      `${config.engine}/${place ? providerOf(place) : "cpu"}`,
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

// The tensors of one part of the state, under their own paths.
function part(state: HostState, prefix: string): HostState {
  return Object.fromEntries(
    Object.entries(state).filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

async function trainLoop(
  { config, model, params }: Experiment,
  engine: Engine,
  run: RunWriter,
  { signal, onProgress }: TrainOptions,
): Promise<TrainResult> {
  const { steps, evalEvery, checkpointEvery } = config;
  const checkpoints = await checkpointWriter(model, params, config.runtime);
  const rows: MetricsRow[] = [];

  const record = async (evaluations: readonly Evaluation[], ms: number) => {
    const fresh = evaluations.map(({ step, metrics }) => ({
      step,
      ...metrics,
      ms_per_step: Math.round(ms * 1000) / 1000,
    }));
    rows.push(...fresh);
    await run.appendMetrics(fresh);
    onProgress?.({ step: engine.step, steps, msPerStep: ms, rows: fresh });
  };
  const save = async ({ step, metrics }: Evaluation) => {
    const state = await engine.state();
    const model = checkpoints.encode(part(state, "params."), {
      config,
      step,
      metrics,
    });
    const optimizer = part(state, "optimizer.");
    return run.writeCheckpoint(
      step,
      model,
      Object.keys(optimizer).length > 0
        ? encodeTensors("optimizer", optimizer)
        : undefined,
    );
  };

  let diverged: number | undefined;
  // The metrics of a state that can be kept: where the last update left no
  // finite loss, of the state before it.
  const evaluate = async (): Promise<Evaluation> => {
    const evaluation = await engine.evaluate();
    if (Number.isFinite(evaluation.metrics.train_loss)) return evaluation;
    diverged = evaluation.step;
    if (diverged === 0) {
      throw new DivergedError(
        "Training cannot start: the train loss of the initial weights is " +
          "not finite",
      );
    }
    await engine.stepBack();
    return engine.evaluate();
  };

  // Beside the checkpoints that were asked for, one that follows the training:
  // a run that is killed leaves its last state but a few seconds.
  let follower: { step: number; at: number } | undefined;
  const replaceFollower = async (evaluation?: Evaluation) => {
    const old = follower;
    follower = undefined;
    if (evaluation) {
      await save(evaluation);
      follower = { step: evaluation.step, at: performance.now() };
    }
    if (old && old.step !== evaluation?.step) {
      await run.removeCheckpoint(old.step);
    }
  };

  const first = await evaluate();
  if (checkpointEvery === null) await replaceFollower(first);
  else await save(first);

  const started = performance.now();
  let writing = 0; // milliseconds that are not training
  let ms = 0;
  while (engine.step < steps && diverged === undefined && !signal?.aborted) {
    const untilCheckpoint = checkpointEvery === null
      ? steps
      : checkpointEvery - engine.step % checkpointEvery;
    // The first chunk only measures how long a step takes.
    const affordable = ms === 0 ? 1 : Math.ceil(CHUNK_MS / ms);
    const count = Math.min(affordable, untilCheckpoint, steps - engine.step);
    const begun = performance.now();
    const result = await engine.advance(count, evalEvery);
    const ended = performance.now();
    ms = (ended - begun) / Math.max(result.losses.length, 1);
    diverged = result.diverged;
    await record(result.evaluations, ms);
    const { step } = engine;
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    const late = performance.now() - (follower?.at ?? started) > FOLLOW_MS;
    if ((due || late) && step < steps && diverged === undefined) {
      const evaluation = await evaluate();
      // What is asked for stays; where the state is bad, it was gone back from.
      if (diverged === undefined && due) {
        await save(evaluation);
        await replaceFollower();
      } else if (diverged === undefined) {
        await replaceFollower(evaluation);
      }
    }
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
    writing += performance.now() - ended;
  }
  const seconds = (performance.now() - started - writing) / 1000;

  const final = await evaluate();
  if (rows.at(-1)?.step !== final.step) await record([final], ms);
  const checkpoint = await save(final);
  if (follower?.step !== final.step) await replaceFollower();
  if (diverged !== undefined) {
    throw new DivergedError(
      `Training stopped: the train loss is not finite at step ${diverged}; ` +
        `the last finite state, step ${final.step}, is in ${checkpoint}`,
    );
  }
  const reached = (name: "train_accuracy" | "test_accuracy") =>
    rows.find((row) => row[name] >= THRESHOLD)?.step ?? null;
  const result: TrainResult = {
    run: run.path,
    config,
    steps: engine.step,
    memorised_at: reached("train_accuracy"),
    grokked_at: reached("test_accuracy"),
    final: final.metrics,
    ms_per_step: seconds * 1000 / Math.max(engine.step, 1),
    seconds,
    checkpoint,
    interrupted: engine.step < steps,
  };
  await run.writeSummary(result);
  return result;
}
