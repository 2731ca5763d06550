/**
 * Training a network into a run folder.
 *
 * @module
 */

import { checkOptions } from "../base/options.ts";
import {
  type Config,
  type ConfigInput,
  resolveConfig,
} from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import { chooseDevice, type DeviceChoice } from "../devices/choice.ts";
import type { Engine, Snapshot } from "../engine/engine.ts";
import { tfjsPasses } from "../engine/evaluation/passes.ts";
import { checkMemory } from "../engine/memory.ts";
import { metered } from "../engine/metered.ts";
import { onnxEngine } from "../engine/onnx/onnx_engine.ts";
import { sessionOf } from "../engine/onnx/session_options.ts";
import { switchingEngine } from "../engine/switching.ts";
import {
  type Experiment,
  makeExperiment,
  stepKey,
} from "../experiment/experiment.ts";
import { providerOf } from "../onnx/runtime/session.ts";
import { lockRun } from "../runs/lock.ts";
import { makeManifest } from "../runs/manifest.ts";
import { checkFree, checkNotSource, newRunPath } from "../runs/new_folder.ts";
import type { TrainResult } from "../runs/result.ts";
import { RunWriter } from "../runs/run_folder.ts";
import { isOver } from "../runs/saved_state.ts";
import { startOf } from "./from_checkpoint.ts";
import { TRAIN, type TrainOptions } from "./options.ts";
import { Recorder } from "./recorder.ts";
import {
  damagesOf,
  endOf,
  lastState,
  reopen,
  type Resumable,
  resumable,
  tellDamages,
  type Unfit,
} from "./resume.ts";
import { trainLoop } from "./train_loop.ts";

export { THRESHOLD, type TrainResult } from "../runs/result.ts";
export { DivergedError, type Progress, type TrainOptions } from "./options.ts";

async function startEngine(
  experiment: Experiment,
  place: DeviceChoice | undefined,
  start: Snapshot | undefined,
): Promise<Engine> {
  const { config } = experiment;
  if (place) {
    const options = sessionOf(place, config);
    const engine = await onnxEngine(experiment, options, start);
    return metered(engine, experiment, options);
  }
  // Only who trains on TensorFlow.js waits for its backend to load.
  const { tfjsEngine } = await import("../engine/tfjs/tfjs_engine.ts");
  const { openBackend } = await import("../devices/tfjs/backends.ts");
  const engine = await tfjsEngine(experiment, config.backend, undefined, start);
  const device = await openBackend(config.backend);
  return metered(
    engine,
    experiment,
    {},
    tfjsPasses(stepKey(config), device),
  );
}

// Whether what lies in the folder may be replaced: what was stopped before it had
// a config is begun again.
const begunAgain = ({ overwrite = false, resume = false }: TrainOptions) =>
  overwrite || resume;

// Takes the lock of a folder before anything in it is changed, and gives the run
// that lies there to be gone on with.
async function claim(
  asked: Config,
  folder: string,
  options: TrainOptions,
  locks: DisposableStack,
): Promise<Resumable | undefined> {
  const look = async () => {
    const old = options.resume ? await resumable(folder, asked) : undefined;
    if (!old) {
      await checkNotSource(folder, asked.from?.path);
      await checkFree(folder, begunAgain(options));
    }
    return old;
  };
  const seen = await look();
  if (seen && isOver(seen.summary, asked.steps)) return seen;
  locks.use(await lockRun(folder));
  // Until the lock was there, another process may have trained here.
  return await look();
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
 * @throws {UsageError} if an option is unknown, the training cannot fit into
 * memory, the folder is taken, the run in it is another or being trained, the checkpoint to start from has another architecture, or the
 * engine's backend is not usable here; nothing is written then.
 * @throws {DeviceError} if the device cannot be used; nothing is written then.
 * @throws {FileError} if the folder cannot be written, or the checkpoint to
 * start from is not there any more.
 * @throws {DivergedError} if the loss, or a tensor of the weights or of the
 * optimizer's state, is not finite; the checkpoint of the last finite state is
 * written first.
 */
export async function train(
  input: ConfigInput = {},
  options: TrainOptions = {},
): Promise<TrainResult> {
  checkOptions("train()", options, TRAIN);
  const asked = resolveConfig(input);
  const { run: folder } = options;
  // A run that is over needs none.
  if (!options.resume) checkMemory([asked]);
  using locks = new DisposableStack();
  const old = folder === undefined
    ? undefined
    : await claim(asked, folder, options, locks);
  if (old && isOver(old.summary, asked.steps)) return endOf(old, folder!);
  if (options.resume) checkMemory([asked]);
  const made = makeExperiment(asked);
  const unfit: Unfit[] = [];
  const last = old && await lastState(folder!, made, unfit);
  if (old) {
    const damages = await damagesOf(old, folder!, made);
    const [step, first] = [last?.step, firstStep(asked)];
    tellDamages(folder!, { damages, unfit, step, first }, options);
  }
  const start = last ?? await startOf(made);
  const place = asked.engine === "onnx" ? await chooseDevice(asked) : undefined;
  if (place) options.onDevice?.(place);
  // What was taken, so that feeding the config back repeats the run.
  const config = place ? { ...asked, device: place.device } : asked;
  checkMemory([config]);
  const experiment = { ...made, config };
  const engine = await switchingEngine(
    experiment,
    (part, start) => startEngine(part, place, start),
    start,
  );
  try {
    const manifest = await makeManifest(
      place ? `onnx/${providerOf(place)}` : `tfjs/${config.backend}`,
      config.threads,
    );
    const contents = { config, manifest, split: experiment.split };
    const path = folder ?? await newRunPath(config);
    if (folder === undefined) locks.use(await lockRun(path));
    const run = old
      ? await reopen(path, contents, old, last, options)
      : await RunWriter.create(path, contents, begunAgain(options));
    options.onStart?.(path, config, engine.step);
    const recorded = { config, run, ...(last && { resumed: last }) };
    const [recorder] = Recorder.createAll(experiment.model, [recorded]);
    return await trainLoop(config, engine, recorder!, last, options);
  } finally {
    await engine.close();
  }
}
