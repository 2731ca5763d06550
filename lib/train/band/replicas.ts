/**
 * Training several runs at once: a band of seeds, or of learning rates.
 *
 * @module
 */

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
import type { TrainResult } from "../../runs/result.ts";
import {
  type ExtendedInput,
  type ExtendedOptions,
  prepare,
  type TrainOptions,
} from "../options.ts";
import { trainRuns } from "../training.ts";

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
 * ```ts
 * import { bandOf, trainReplicas } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const results = await trainReplicas(
 *   { modulus: 7, hidden: [16], steps: 10 },
 *   { replicas: 2 }, // seeds 0 and 1
 *   { run: await Deno.makeTempDir() },
 * );
 * assertEquals(results.map(({ config }) => config.seed), [0, 1]);
 * assertEquals(bandOf(results).runs, 2);
 * ```
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
  options?: TrainOptions,
): Promise<TrainResult[]>;
/**
 * The same of a config that names parts of extensions.
 *
 * @param input Any part of a config, keys of the extensions among them.
 * @param replicas How many runs, and in what they differ.
 * @param options The extensions, and what else trainings are told.
 */
export function trainReplicas(
  input: ExtendedInput,
  replicas: ReplicaOptions,
  options: ExtendedOptions,
): Promise<TrainResult[]>;
export async function trainReplicas(
  input: unknown,
  replicas: ReplicaOptions,
  options: TrainOptions = {},
): Promise<TrainResult[]> {
  prepare("trainBand()", options);
  const configs = replicaConfigs(input as ConfigInput, replicas);
  return await trainBand(configs, options);
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
  prepare("trainBand()", options);
  return await trainRuns(asked, options, true);
}
