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
import { type SettingGroup, settingGroups } from "../lib/config/groups.ts";
import { taskLine } from "../lib/base/shell.ts";
import type { ReplicaOptions } from "../lib/train/band/replicas.ts";
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
} from "./shared/cli.ts";
import { runNamed } from "./shared/run_named.ts";
import { useNamed } from "./shared/use.ts";
import { USE } from "./shared/use_flags.ts";

// What to type first.
const EXAMPLES: readonly (readonly [what: string, words: string])[] = [
  ["the default: groks in seconds", ""],
  ["another task", "--task divide --modulus 97 --train-fraction 0.5 --seed 3"],
  [
    "memorises, and never groks",
    "--loss softmax --no-perp-grad --beta1 0.9 --beta2 0.99 --eps 1e-25 --steps 10000",
  ],
  ["a transformer", "--model transformer --lr 1e-3 --train-fraction 0.3"],
  ["three rates side by side", "--replicas 3 --replica-lr 0.003,0.01,0.03"],
  [
    "a run again, but for the seed",
    "--config runs/… --seed 1 --run runs/again",
  ],
  ["on with the newest run that was stopped", "--resume"],
  ["with a loss of your own", "--use ./my_lab.ts --loss hinge"],
];

const HEADINGS: Readonly<Record<SettingGroup, string>> = {
  data: "What is learned, and from which share:",
  model: "The network:",
  loss: "The loss:",
  optimizer: "The optimizer:",
  run: "Length, batches, seeds, measurements:",
  device: "Where to compute:",
};

await useNamed();
const program = command("train", "Train a network until it groks.")
  .optionsGroup("The run and its folder:")
  .helpOption("-h, --help", "Show this help");
// A flag for each key of a config, group by group.
const flagKeys = configKeys.filter((key) =>
  configSettings[key].kind !== "none"
);
const groups = settingGroups();
// Commander has groups in the order of their first flags.
for (const group of Object.keys(HEADINGS) as SettingGroup[]) {
  const of = Object.entries(configSettings)
    .filter(([key]) => groups.get(key) === group);
  addFlags(program, Object.fromEntries(of), flagOf, () => HEADINGS[group]);
}

const task = program
  .option(
    "--run <dir>",
    "folder of the run (default: a new one in runs/)",
    path,
  )
  .option("--overwrite", "replace the run that lies in --run")
  .option(
    "--name <name>",
    "what the run is called in lists; replicas have their number behind it",
  )
  .option(
    "--tag <tag>",
    "a word to find the run by; may be repeated",
    several((text) => text),
  )
  .option(
    "--config <path>",
    "a run folder or its config.json to start from; flags override it",
    path,
  )
  .option(
    "--preset <name>",
    "an experiment of the figures to start from, nanda or FIGURE-ARM; flags " +
      "override it; list lists them",
    path,
  )
  .option(USE.flags, USE.help, USE.parse)
  .option(USE.changedFlags, USE.changedHelp)
  .option(
    "--tensorboard [dir]",
    "write events for TensorBoard, too: a folder there for each run (default: " +
      "tensorboard)",
    path,
  )
  .option("--json", "print the result as JSON")
  .optionsGroup("Many runs at once:")
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
  .optionsGroup("Going on with a run, and changing it on its way:")
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
  .addHelpText(
    "after",
    () =>
      "\nExamples:\n" +
      EXAMPLES.map(([what, words]) =>
        `  # ${what}\n  ${taskLine("train")} ${words}`.trimEnd()
      ).join("\n"),
  )
  .action(async (options) => {
    const flags = Object.fromEntries(
      Object.entries(options).filter(([key]) =>
        flagKeys.includes(key as keyof Config)
      ),
    );
    const given = Object.keys(flags);
    if (options.preset === "list") {
      const { presetTable } = await import("./train/presets.ts");
      console.log(presetTable());
      return;
    }
    const { configOf, resumedRun } = await import("./train/config.ts");
    if (options.resume !== undefined) {
      const { runResumed } = await import("./train/run.ts");
      const named = resumedRun(options, given);
      const run = named === undefined ? undefined : await runNamed(named);
      if (await runResumed(run, flags, options)) {
        Deno.exitCode = EXIT.interrupted;
      }
      return;
    }
    const config = await configOf({
      ...options,
      ...(options.from !== undefined && { from: await runNamed(options.from) }),
      ...(options.config !== undefined &&
        { config: await runNamed(options.config) }),
    }, flags);
    const replicas = replicasOf(options);
    const { runReplicas, runTraining } = await import("./train/run.ts");
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
