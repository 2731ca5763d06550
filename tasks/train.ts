/**
 * `deno task train`: trains a network and writes a run folder.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  configKeys,
  configSettings,
  flagOf,
} from "../lib/config/config.ts";
import type { ReplicaOptions } from "../lib/train/replicas.ts";
import {
  addFlags,
  command,
  EXIT,
  main,
  number,
  numbers,
  path,
  several,
  stepNumber,
} from "./cli.ts";
import { configOf, resumedRun } from "./train_config.ts";

const program = command("train", "Train a network until it groks.");
// A flag for each key of a config.
const flagKeys = configKeys.filter((key) =>
  configSettings[key].kind !== "none"
);
addFlags(program, configSettings, flagOf);

const task = program
  .option(
    "--run <dir>",
    "folder of the run (default: a new one in runs/)",
    path,
  )
  .option("--overwrite", "replace the run that lies in --run")
  .option(
    "--config <file>",
    "a config.json to start from; flags override it",
    path,
  )
  .option(
    "--replicas <n>",
    "train so many runs at once, their seeds counted up from --seed",
    number,
  )
  .option(
    "--replica-lr <list>",
    "the learning rate of each replica, with commas between",
    numbers,
  )
  .option(
    "--replica-weight-decay <list>",
    "the weight decay of each replica",
    numbers,
  )
  .option("--share-split", "all replicas have the first one's data and split")
  .option(
    "--resume [run]",
    "go on with a run, or a folder of replicas, that was stopped (default: " +
      "the newest); --steps may be more",
    path,
  )
  .option(
    "--from <run>",
    "start with the weights, the optimizer's state and the config of a " +
      "run's checkpoint, or an .onnx file's; flags change the config",
    path,
  )
  .option(
    "--step <n>",
    "which checkpoint of --from (default: last)",
    stepNumber,
  )
  .option("--fresh-optimizer", "leave the optimizer's state of --from behind")
  .option(
    "--switch-at <step>",
    "from this step on train with what --to says; both may be repeated",
    several(stepNumber),
  )
  .option(
    "--to <changes>",
    "key=value,key=value or a JSON file: loss, precisions, optimizer, rates",
    several((text) => text),
  )
  .option("--json", "print the result as JSON")
  .action(async (options) => {
    const flags = Object.fromEntries(
      Object.entries(options).filter(([key]) =>
        flagKeys.includes(key as keyof Config)
      ),
    );
    const given = Object.keys(flags);
    if (options.resume !== undefined) {
      const { runResumed } = await import("./train_run.ts");
      const run = resumedRun(options, given);
      if (await runResumed(run, flags, options)) {
        Deno.exitCode = EXIT.interrupted;
      }
      return;
    }
    const config = await configOf(options, flags);
    const replicas = replicasOf(options);
    const { runReplicas, runTraining } = await import("./train_run.ts");
    const interrupted = replicas
      ? await runReplicas(config, given, options, replicas)
      : await runTraining(config, given, options);
    if (interrupted) Deno.exitCode = EXIT.interrupted;
  });

function replicasOf(
  { replicas, replicaLr, replicaWeightDecay, shareSplit }: {
    readonly replicas?: number | undefined;
    readonly replicaLr?: number[] | undefined;
    readonly replicaWeightDecay?: number[] | undefined;
    readonly shareSplit?: true | undefined;
  },
): ReplicaOptions | undefined {
  if (replicas !== undefined) {
    return {
      replicas,
      ...(replicaLr && { lr: replicaLr }),
      ...(replicaWeightDecay && { weightDecay: replicaWeightDecay }),
      shareSplit: shareSplit ?? false,
    };
  }
  const given = { replicaLr, replicaWeightDecay, shareSplit };
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) {
      throw new ConfigError(
        `${flagOf(key)} must come with --replicas: how many runs to train`,
      );
    }
  }
  return undefined;
}

if (import.meta.main) await main(task);
