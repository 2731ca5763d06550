/**
 * Training several runs at once: a band of seeds, or of learning rates.
 *
 * @module
 */

import { join } from "node:path";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../config/config.ts";
import { chooseDevice } from "../devices.ts";
import { providerOf } from "../onnx/session.ts";
import { FILES, list, REPLICA } from "../runs/_layout.ts";
import { UsageError } from "../errors.ts";
import { makeManifest } from "../runs/manifest.ts";
import {
  checkFree,
  type MetricsRow,
  newRunPath,
  RunWriter,
} from "../runs/run_folder.ts";
import { makeExperiment } from "./experiment.ts";
import { type Evaluated, Recorder, type TrainResult } from "./recorder.ts";
import { meteredReplicas } from "./metered.ts";
import { type ReplicaEngine, replicaEngine } from "./replica_engine.ts";
import {
  chunk,
  DivergedError,
  type Progress,
  sessionOf,
  type TrainOptions,
} from "./train.ts";

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
  { replicas, lr, weightDecay, shareSplit = false }: ReplicaOptions,
): Config[] {
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
 * @throws {UsageError} if the folder holds a run, or other replicas.
 * @throws {DeviceError} if the device cannot be used; nothing is written then.
 * @throws {FileError} if a folder cannot be written.
 * @throws {DivergedError} at the end, if the loss of any was not finite; its
 * last finite state is written, and the others are trained to the end.
 */
export async function trainReplicas(
  input: ConfigInput,
  replicas: ReplicaOptions,
  options: TrainOptions = {},
): Promise<TrainResult[]> {
  const asked = replicaConfigs(input, replicas);
  const { run, overwrite = false } = options;
  const folders = run === undefined
    ? undefined
    : asked.map((_, r) => join(run, `replica-${r}`));
  if (run !== undefined) await checkBand(run, folders!, overwrite);
  const made = asked.map(makeExperiment);
  const place = await chooseDevice(asked[0]!);
  options.onDevice?.(place);
  const { device } = place;
  const configs = asked.map((config) => ({ ...config, device }));
  const experiments = made.map((experiment, r) => ({
    ...experiment,
    config: configs[r]!,
  }));
  const session = sessionOf(place, configs[0]!);
  const engine = await meteredReplicas(
    await replicaEngine(experiments, session),
    experiments,
    session,
  );
  try {
    const manifest = await makeManifest(`onnx/${providerOf(place)}`);
    const runs: { config: Config; run: RunWriter }[] = [];
    for (const [r, experiment] of experiments.entries()) {
      const { config, split } = experiment;
      const path = folders?.[r] ?? await newRunPath(config);
      const contents = { config, manifest, split };
      const writer = await RunWriter.create(path, contents, overwrite);
      options.onStart?.(path, config);
      runs.push({ config, run: writer });
    }
    const recorders = await Recorder.createAll(experiments[0]!, runs);
    return await trainAll(configs, engine, recorders, options);
  } finally {
    await engine.close();
  }
}

// Checks that a band can be written into a folder: it may not mix with a run or
// with another band's replicas.
async function checkBand(
  run: string,
  folders: readonly string[],
  overwrite: boolean,
): Promise<void> {
  for (const folder of folders) await checkFree(folder, overwrite);
  const names = await list(run) ?? [];
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

async function trainAll(
  configs: readonly Config[],
  engine: ReplicaEngine,
  recorders: readonly Recorder[],
  { signal, onProgress }: TrainOptions,
): Promise<TrainResult[]> {
  const [{ steps, evalEvery, checkpointEvery }] = configs as [Config];
  const results: TrainResult[] = [];
  const failures: string[] = [];
  const live = new Set(recorders.keys());
  const started = performance.now();
  let writing = 0; // milliseconds that are not training
  let ms = 0;
  const spent = () => (performance.now() - started - writing) / 1000;

  // Ends a run whose loss is not finite any more, with its last finite state.
  const giveUp = async (replica: number, diverged: number) => {
    live.delete(replica);
    const last = (await engine.at(diverged - 1))[replica]!;
    const end = { ms, seconds: spent() };
    const { result } = await recorders[replica]!.finish(last, end);
    failures.push(
      `seed ${configs[replica]!.seed} at step ${diverged} (its last finite ` +
        `state, step ${result.steps}, is in ${result.checkpoint})`,
    );
  };
  // Does something with the state of every run as it is.
  const each = async (
    use: (recorder: Recorder, now: Evaluated, replica: number) => Promise<void>,
  ) => {
    for (const [r, now] of (await engine.at(engine.step)).entries()) {
      const { step, metrics } = now.evaluation;
      if (!live.has(r)) continue;
      if (Number.isFinite(metrics.train_loss)) {
        await use(recorders[r]!, now, r);
      } else if (step === 0) {
        live.delete(r);
        failures.push(`seed ${configs[r]!.seed} at its initial weights`);
      } else {
        await giveUp(r, step);
      }
    }
  };

  await each((recorder, now) => recorder.begin(now));
  while (engine.step < steps && live.size > 0 && !signal?.aborted) {
    const begun = performance.now();
    const first = engine.step;
    const count = chunk(configs[0]!, first, ms);
    const advances = await engine.advance(count, evalEvery);
    const ended = performance.now();
    const { measuring = 0 } = advances[0]!;
    ms = (ended - begun - measuring) / (engine.step - first);
    const rows: MetricsRow[][] = [];
    for (const [r, { evaluations, diverged }] of advances.entries()) {
      if (!live.has(r)) continue;
      rows.push(await recorders[r]!.record(evaluations, ms));
      if (diverged !== undefined) await giveUp(r, diverged);
    }
    report(onProgress, { step: engine.step, steps, msPerStep: ms }, rows);
    const { step } = engine;
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    const late = recorders.some((recorder, r) => live.has(r) && recorder.late);
    if ((due || late) && step < steps) {
      await each((recorder, now) =>
        due ? recorder.keep(now) : recorder.follow(now)
      );
    }
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
    writing += performance.now() - ended + measuring;
  }
  const end = { ms, seconds: spent() };
  const last: MetricsRow[][] = [];
  await each(async (recorder, now) => {
    const { result, rows } = await recorder.finish(now, end);
    await recorder.summarise(result);
    results.push(result);
    last.push(rows);
  });
  report(onProgress, { step: engine.step, steps, msPerStep: ms }, last);
  if (failures.length > 0) {
    throw new DivergedError(
      "Training stopped where the train loss is not finite: " +
        `${failures.join("; ")}. The other ${results.length} of ` +
        `${recorders.length} runs are whole`,
      results,
    );
  }
  return results;
}

// Progress in the mean of the runs.
function report(
  onProgress: TrainOptions["onProgress"],
  where: Omit<Progress, "rows">,
  runs: readonly (readonly MetricsRow[])[],
): void {
  const [first] = runs;
  const rows = (first ?? []).map((row, i) =>
    Object.fromEntries(
      Object.keys(row).map((key) => {
        const name = key as keyof MetricsRow;
        const values = runs.flatMap((rows) => rows[i]?.[name] ?? []);
        return [key, values.reduce((a, b) => a + b, 0) / values.length];
      }),
    ) as unknown as MetricsRow
  );
  onProgress?.({ ...where, rows });
}
