/**
 * Training several runs at once: a band of seeds, or of learning rates.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import {
  checkConfigs,
  checkOptions,
  type Checks,
  flag,
  list,
  number,
} from "../../base/options.ts";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../config/config.ts";
import { firstStep } from "../../config/switches.ts";
import { chooseDevice } from "../../devices/choice.ts";
import { checkMemory } from "../../engine/memory.ts";
import { meteredReplicas } from "../../engine/metered.ts";
import { replicaEngine } from "../../engine/onnx/replica_engine.ts";
import { sessionOf } from "../../engine/onnx/session_options.ts";
import { switchingReplicas } from "../../engine/switching.ts";
import { makeExperiment } from "../../experiment/experiment.ts";
import { providerOf } from "../../onnx/runtime/session.ts";
import {
  FILES,
  list as filesIn,
  REPLICA,
  replicasIn,
} from "../../runs/layout.ts";
import { lockRun } from "../../runs/lock.ts";
import { makeManifest } from "../../runs/manifest.ts";
import {
  checkFree,
  checkNotSource,
  newRunPath,
} from "../../runs/new_folder.ts";
import type { TrainResult } from "../../runs/result.ts";
import { RunWriter } from "../../runs/run_folder.ts";
import { isOver } from "../../runs/saved_state.ts";
import { TRAIN, type TrainOptions } from "../options.ts";
import { type Recorded, Recorder } from "../recorder.ts";
import {
  damagesOf,
  reopen,
  resultOf,
  type Resumable,
  tellDamages,
  type Unfit,
} from "../resume.ts";
import { failureText, type Replica, trainAll } from "./band_loop.ts";
import {
  endOfBand,
  lastOfBand,
  resumableBand,
  startOfBand,
} from "./resume_band.ts";

/** Which runs to train at once. */
export interface ReplicaOptions {
  /** How many. */
  readonly replicas: number;
  /** The learning rate of each; by default the config's. */
  readonly lr?: readonly number[];
  /** The weight decay of each; by default the config's. */
  readonly weightDecay?: readonly number[];
  /** Whether all have the data and the split of the first. */
  readonly shareSplit?: boolean;
}

// How many there may be is said below.
const REPLICAS: Checks<ReplicaOptions> = {
  replicas: number,
  lr: list,
  weightDecay: list,
  shareSplit: flag,
};

// Their graph would be too large for any machine.
const MOST = 4096;

/**
 * The config of each replica: the given one with seeds counted up from its own.
 * Each is a config of a single run, which repeats that replica alone.
 *
 * @throws {ConfigError} if the replicas are not 1..4096, a list has not one
 * element for each, a rate is out of range, or the engine has no replicas.
 */
export function replicaConfigs(
  input: ConfigInput,
  options: ReplicaOptions,
): Config[] {
  checkOptions("replicaConfigs()", options, REPLICAS);
  const { replicas, lr, weightDecay, shareSplit = false } = options;
  const config = resolveConfig(input);
  if (!(Number.isSafeInteger(replicas) && replicas >= 1 && replicas <= MOST)) {
    throw new ConfigError(
      `--replicas must be an integer in 1..${MOST}, got ${replicas}`,
    );
  }
  const lists = { "--replica-lr": lr, "--replica-weight-decay": weightDecay };
  for (const [flag, list] of Object.entries(lists)) {
    if (list && list.length !== replicas) {
      throw new ConfigError(
        `${flag} must name a value for each of the ${replicas} replicas, ` +
          `got ${list.length}: ${list.join(",")}`,
      );
    }
  }
  if (config.engine !== "onnx") {
    throw new ConfigError(
      `--replicas must be left out with --engine ${config.engine}, which ` +
        `trains one run at a time, got ${replicas}: use --engine onnx`,
    );
  }
  return Array.from({ length: replicas }, (_, r) => {
    try {
      return resolveConfig({
        ...config,
        seed: config.seed + r,
        dataSeed: shareSplit ? config.dataSeed ?? config.seed : config.dataSeed,
        lr: lr?.[r] ?? config.lr,
        weightDecay: weightDecay?.[r] ?? config.weightDecay,
      });
    } catch (error) {
      throw new ConfigError(`Of replica ${r}, ${(error as Error).message}`);
    }
  });
}

/**
 * Trains several runs at once, in one graph, and writes a run folder for each.
 *
 * @param input Any part of a config; the rest are the defaults.
 * @param replicas How many runs, and in what they differ.
 * @param options Folder, signal, callbacks. The runs lie in the folder as
 * `replica-0`, `replica-1`, …; without one, each in a new one in `runs/`.
 * @returns How each ended.
 * @throws {ConfigError} if the config or the replicas are not valid.
 * @throws {UsageError} if they cannot fit into memory, or the folder holds a run
 * or other replicas.
 * @throws {DeviceError} if the device cannot be used; nothing is written then.
 * @throws {FileError} if a folder cannot be written.
 * @throws {DivergedError} at the end, if the loss or state of any was not finite; its
 * last finite state is written, and the others are trained to the end.
 */
export function trainReplicas(
  input: ConfigInput,
  replicas: ReplicaOptions,
  options: TrainOptions = {},
): Promise<TrainResult[]> {
  return trainBand(replicaConfigs(input, replicas), options);
}

/**
 * Trains runs that differ in seed, data, learning rate and weight decay only; as
 * {@link trainReplicas}, their configs being known.
 *
 * @param asked Their configs.
 * @param options Folder, signal, callbacks.
 * @throws {UsageError} if they cannot fit into memory; else as
 * {@link trainReplicas}.
 */
export async function trainBand(
  asked: readonly Config[],
  options: TrainOptions = {},
): Promise<TrainResult[]> {
  checkConfigs("trainBand()", asked);
  checkOptions("trainBand()", options, TRAIN);
  const { run, resume = false } = options;
  // Runs that are over need none.
  if (!resume) checkMemory(asked);
  // What was stopped before all had their folders is begun again.
  const overwrite = options.overwrite || resume;
  const folders = run === undefined
    ? undefined
    : asked.map((_, r) => join(run, `replica-${r}`));
  using locks = new DisposableStack();
  const old = folders && await claimBand(asked, run!, folders, options, locks);
  if (old && areOver(old, asked)) return endOfBand(old, folders!);
  const died = (r: number) =>
    old !== undefined && typeof old[r]!.summary?.diverged_at === "number";
  if (resume) checkMemory(asked);
  const made = asked.map(makeExperiment);
  const unfit: Unfit[][] = asked.map(() => []);
  const last = old && await lastOfBand(folders!, made, died, unfit);
  for (const [r, run] of (old ?? []).entries()) {
    const damages = await damagesOf(run, folders![r]!, made[r]!);
    const [step, first] = [last?.step, firstStep(asked[r]!)];
    const found = { damages, unfit: unfit[r]!, step, first };
    tellDamages(folders![r]!, found, options);
  }
  const start = last ?? await startOfBand(made);
  const place = await chooseDevice(asked[0]!);
  options.onDevice?.(place);
  const { device } = place;
  const experiments = made.map((one) => ({
    ...one,
    config: { ...one.config, device },
  }));
  const configs = experiments.map(({ config }) => config);
  checkMemory(configs);
  const engine = await switchingReplicas(
    experiments,
    async (parts, start) => {
      const session = sessionOf(place, configs[0]!);
      const engine = await replicaEngine(parts, session, start);
      return meteredReplicas(engine, parts, session);
    },
    start,
  );
  try {
    const manifest = await makeManifest(
      `onnx/${providerOf(place)}`,
      configs[0]!.threads,
    );
    const runs: (Recorded | undefined)[] = [];
    for (const [r, { config, split }] of experiments.entries()) {
      if (died(r)) {
        runs.push(undefined);
        continue;
      }
      const path = folders?.[r] ?? await newRunPath(config);
      if (!folders) locks.use(await lockRun(path));
      const replica = { index: r, of: asked.length };
      const contents = { config, manifest: { ...manifest, replica }, split };
      const resumed = last?.runs[r];
      const writer = old
        // What one warns of holds of all.
        ? await reopen(path, contents, old[r]!, resumed, {
          ...(runs.every((run) => !run) && options),
        })
        : await RunWriter.create(path, contents, overwrite);
      options.onStart?.(path, config, engine.step);
      runs.push({ config, run: writer, ...(resumed && { resumed }) });
    }
    const { model } = experiments[0]!;
    const recorders = Recorder.createAll(model, runs.filter((run) => !!run));
    const replicas = configs.map((config, r): Replica =>
      runs[r]
        ? { config, recorder: recorders.shift()! }
        : { config, failure: failureText(resultOf(old![r]!, folders![r]!)) }
    );
    return await trainAll(replicas, engine, last !== undefined, options);
  } finally {
    await engine.close();
  }
}

const areOver = (old: readonly Resumable[], asked: readonly Config[]) =>
  old.every(({ summary }, r) => isOver(summary, asked[r]!.steps));

// Takes the locks of folders, all before anything in them is changed, and gives
// what lies there to be gone on with.
async function claimBand(
  asked: readonly Config[],
  run: string,
  folders: readonly string[],
  { overwrite = false, resume = false }: TrainOptions,
  locks: DisposableStack,
): Promise<Resumable[] | undefined> {
  const look = async () => {
    await replicasIn(run); // None of them may be a link.
    const old = resume ? await resumableBand(folders, asked) : undefined;
    if (!old) {
      const source = asked[0]!.from?.path;
      await checkBand(run, folders, source, overwrite || resume);
    }
    return old;
  };
  const seen = await look();
  if (seen && areOver(seen, asked)) return seen;
  for (const folder of [run, ...folders]) locks.use(await lockRun(folder));
  // Until the locks were there, another process may have trained here.
  return await look();
}

// Checks that a band can be written into a folder: it may not mix with a run or
// with another band's replicas.
async function checkBand(
  run: string,
  folders: readonly string[],
  source: string | undefined,
  overwrite: boolean,
): Promise<void> {
  for (const folder of folders) await checkNotSource(folder, source);
  for (const folder of folders) await checkFree(folder, overwrite);
  const names = await filesIn(run) ?? [];
  if (names.includes(FILES.manifest)) {
    throw new UsageError(
      `Cannot train replicas in ${run}: it holds a run already; choose ` +
        "another folder with --run",
    );
  }
  const others = names.map((name) => join(run, name))
    .filter((path) => REPLICA.test(path) && !folders.includes(path));
  if (others.length > 0) {
    throw new UsageError(
      `Cannot train ${folders.length} replicas in ${run}: it holds others, ` +
        `${others[0]} among them; choose another folder with --run`,
    );
  }
}
