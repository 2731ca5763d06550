/**
 * Training runs into their folders: one alone, or several at once.
 *
 * @module
 */

import { Memo } from "../base/memo.ts";
import { alikeKey } from "../config/alike.ts";
import type { Config } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import { chooseDevice, type DeviceChoice } from "../devices/choice.ts";
import type { BandEngine } from "../engine/engine.ts";
import { tfjsPasses } from "../engine/evaluation/passes.ts";
import { checkMemory, memoryHere } from "../engine/memory.ts";
import { metered } from "../engine/metered.ts";
import { onnxBand } from "../engine/onnx/onnx_engine.ts";
import { type OpenEngine, switchingEngine } from "../engine/switching.ts";
import {
  type Experiment,
  makeExperiment,
  randomnessOf,
} from "../experiment/experiment.ts";
import { specsOf } from "../onnx/runtime/compile.ts";
import type { KeptSession } from "../onnx/runtime/kept_session.ts";
import { providerOf } from "../onnx/runtime/session.ts";
import { lockRun } from "../runs/lock.ts";
import { makeManifest } from "../runs/manifest.ts";
import { newRunPath } from "../runs/new_folder.ts";
import type { TrainResult } from "../runs/result.ts";
import { RunWriter } from "../runs/run_folder.ts";
import { type Labels, writeLabels } from "../store/labels.ts";
import {
  areOver,
  begunAgain,
  claim,
  type Folders,
  foldersIn,
} from "./folders.ts";
import { startsOf } from "./from_checkpoint.ts";
import { labelsOfNew } from "./labels.ts";
import { type LastStates, lastStates } from "./last_states.ts";
import type { TrainOptions } from "./options.ts";
import { checkpointEncoder, Recorder } from "./recorder.ts";
import {
  checkKept,
  endOf,
  hasDiverged,
  reopen,
  resultOf,
  type Resumable,
} from "./resume.ts";
import { trainLoop } from "./train_loop.ts";

/** How one of many runs is trained. */
export interface Many {
  /** What those before it have found out of the machine and of this program. */
  readonly known?: Memo;
  /** What keeps the session that trains it for those behind it. */
  readonly sessions?: KeptSession;
  /** Whether the state that it starts with is saved, though nobody asked for it. */
  readonly savesStart?: boolean;
}

/**
 * Trains runs that differ in seed, data, learning rate and weight decay only.
 *
 * @param asked Their configs.
 * @param options Folder, signal, callbacks.
 * @param band Whether they are replicas, which lie in the folder as `replica-0`,
 * `replica-1`, …; else there is one, which the folder itself is.
 * @param many How, for whoever trains many runs one after the other.
 * @returns How each ended.
 * @throws {Error} as `train()` and `trainReplicas()` do.
 */
export async function trainRuns(
  asked: readonly Config[],
  options: TrainOptions,
  band: boolean,
  { known = new Memo(), sessions, savesStart = true }: Many = {},
): Promise<TrainResult[]> {
  const { run, resume = false } = options;
  // Runs that are over need none.
  const fits = (configs: readonly Config[]) =>
    checkMemory(configs, known.get(memoryHere, memoryHere), known);
  if (!resume) fits(asked);
  const folders = run === undefined
    ? undefined
    : foldersIn(run, asked.length, band);
  using locks = new DisposableStack();
  const old = folders && await claim(asked, folders, options, locks);
  if (old && areOver(old, asked)) {
    await checkKept(old);
    return endOf(old, band);
  }
  const labels = old
    ? undefined
    : await labelsOfNew(options, folders, asked.length, band);
  if (resume) fits(asked);
  const made = asked.map(makeExperiment);
  const last = old && await lastStates(old, made, options);
  const start = last ?? await startsOf(made);
  const device = band || asked[0]!.engine === "onnx"
    ? await deviceOf(asked[0]!, known)
    : undefined;
  if (device) options.onDevice?.(device);
  // What was taken, so that feeding the config back repeats the run.
  const experiments = device
    ? made.map((one) => ({
      ...one,
      config: { ...one.config, device: device.device },
    }))
    : made;
  fits(experiments.map(({ config }) => config));
  const engine = await switchingEngine(
    experiments,
    opener(device, known, sessions),
    start,
  );
  try {
    const sitting = { device, folders, labels, old, last, band, locks, known };
    const recorders = await openRuns(experiments, sitting, options);
    const failures = old?.filter(hasDiverged).map(resultOf) ?? [];
    const resumed = last !== undefined;
    const [{ config }] = experiments as [Experiment];
    const runs = { config, recorders, failures, engine };
    return await trainLoop({ ...runs, resumed, band, savesStart }, options);
  } finally {
    await engine.close();
  }
}

// The device is looked at once, until it is usable.
async function deviceOf(
  { device, deviceId, runtime }: Config,
  known: Memo,
): Promise<DeviceChoice> {
  const key = JSON.stringify([device, deviceId, runtime]);
  const make = () => chooseDevice({ device, deviceId, runtime });
  return await known.get(key, make).catch((error) => {
    known.forget(key);
    throw error;
  });
}

// What starts the engine of a part of the training: on a device of ONNX Runtime,
// or on TensorFlow.js.
function opener(
  device: DeviceChoice | undefined,
  known: Memo,
  sessions: KeptSession | undefined,
): OpenEngine {
  return async (parts, start): Promise<BandEngine> => {
    const { config } = parts[0]!;
    if (device) {
      const { device: name, deviceId, runtime } = device;
      const threads = config.threads ?? 0;
      const session = { device: name, deviceId, runtime, threads };
      const engine = await onnxBand(parts, session, start, known, sessions);
      return metered(engine, parts, session);
    }
    // Only who trains on TensorFlow.js waits for its backend to load.
    const { tfjsBand } = await import("../engine/tfjs/tfjs_engine.ts");
    const { openBackend } = await import("../devices/tfjs/backends.ts");
    const backend = await openBackend(config.backend);
    const engine = await tfjsBand(parts[0]!, backend, start);
    return metered(
      engine,
      parts,
      {},
      ({ config }) => tfjsPasses(randomnessOf(config), backend),
    );
  };
}

// Where runs are trained, and what they go on with.
interface Sitting {
  readonly device: DeviceChoice | undefined;
  readonly folders: Folders | undefined;
  readonly labels: readonly Labels[] | undefined;
  readonly old: readonly Resumable[] | undefined;
  readonly last: LastStates | undefined;
  readonly band: boolean;
  readonly locks: DisposableStack;
  readonly known: Memo;
}

// Makes the folders ready, but for those of runs that diverged in a sitting
// before, and gives what writes them.
async function openRuns(
  experiments: readonly Experiment[],
  { device, folders, labels, old, last, band, locks, known }: Sitting,
  options: TrainOptions,
): Promise<Map<number, Recorder>> {
  const { config: first, model, params } = experiments[0]!;
  const { backend, threads } = first;
  const provider = device ? `onnx/${providerOf(device)}` : `tfjs/${backend}`;
  const manifest = await makeManifest(provider, threads, known);
  const encode = known.last(
    "checkpoints",
    alikeKey(first) + JSON.stringify(specsOf(params)),
    () => checkpointEncoder(model),
  );
  const recorders = new Map<number, Recorder>();
  for (const [r, { config, split }] of experiments.entries()) {
    if (old && hasDiverged(old[r]!)) continue;
    const path = folders?.runs[r] ?? await newRunPath(config);
    if (!folders) locks.use(await lockRun(path));
    const replica = { index: r, of: experiments.length };
    const contents = {
      config,
      manifest: { ...manifest, ...(band && { replica }) },
      split,
    };
    const step = last?.step ?? firstStep(config);
    const { rows = [], bytes = 0 } = last?.rows[r] ?? {};
    const run = old
      // What one warns of holds of all.
      ? await reopen(
        contents,
        old[r]!,
        { step: last?.step, bytes },
        recorders.size === 0 ? options : {},
      )
      : await RunWriter.create(path, contents, begunAgain(options));
    if (labels) await writeLabels(path, labels[r]!);
    options.onStart?.(path, config, step, r);
    recorders.set(r, new Recorder({ config, run, step, rows }, encode));
  }
  return recorders;
}
