/**
 * `deno task train`: trains a network and writes a run folder.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  type ConfigInput,
  configKeys,
  defaults,
  flagOf,
  resolveConfig,
} from "../lib/config/config.ts";
import type { ReplicaOptions } from "../lib/train/replicas.ts";
import { command, EXIT, main, number, numbers, path } from "./cli.ts";

// The key of a config → what the flag takes, and what it is for. A boolean key
// becomes a pair, --key and --no-key.
const FLAGS: {
  readonly [K in keyof Config]: readonly [value: string, description: string];
} = {
  task: ["<name>", "add, subtract, product, divide or parity"],
  modulus: ["<p>", "modulus of the modular tasks"],
  bits: ["<n>", "parity: bits of an input"],
  parityBits: ["<k>", "parity: bits that count"],
  samples: ["<n>", "parity: how many inputs"],
  trainFraction: ["<f>", "share of the examples to train on"],
  model: ["<name>", "mlp or transformer"],
  hidden: ["<widths>", "MLP: widths of the hidden layers"],
  biases: ["", "MLP: biases (default: on for parity only)"],
  dModel: ["<n>", "transformer: width of the residual stream"],
  heads: ["<n>", "transformer: attention heads"],
  dMlp: ["<n>", "transformer: width of the MLP"],
  precision: ["<type>", "of the model: float32 or float64"],
  loss: ["<name>", "stablemax or softmax cross-entropy"],
  lossPrecision: ["<type>", "of the loss: float16, float32 or float64"],
  optimizer: ["<name>", "adamw, adam or sgd"],
  perpGrad: ["", "remove the gradient's part along the weights"],
  perpScope: ["<scope>", "⊥Grad per tensor, or global"],
  perpRenormalise: ["", "⊥Grad: keep the gradient's length"],
  lr: ["<η>", "learning rate"],
  weightDecay: ["<λ>", "weight decay (adam and sgd: L2)"],
  momentum: ["<μ>", "SGD: momentum"],
  beta1: ["<β>", "Adam: decay of the first moment"],
  beta2: ["<β>", "Adam: decay of the second moment"],
  eps: ["<ε>", "Adam: added to the denominator"],
  warmup: ["<n>", "steps of linear warm-up, from a rate of 0 in the first"],
  steps: ["<n>", "how many steps to train"],
  evalEvery: ["<n>", "steps between evaluations"],
  checkpointEvery: ["<n>", "steps between checkpoints (default: last only)"],
  seed: ["<n>", "seed of everything random"],
  dataSeed: ["<n>", "seed of the data and its split (default: --seed)"],
  engine: ["<name>", "onnx (compiled) or tfjs (eager)"],
  device: ["<name>", "onnx: auto, cpu, cuda or webgpu"],
  deviceId: ["<n>", "onnx: which of several cards"],
  runtime: ["<name>", "onnx: node (native) or web (WebAssembly)"],
  backend: ["<name>", "tfjs: cpu, wasm, webgpu, node or node-gpu"],
  threads: ["<n>", "threads (default: a thread for each physical core)"],
};

function parserOf(key: keyof Config): ((text: string) => unknown) | undefined {
  if (key === "hidden") return numbers;
  const isNumber = typeof defaults[key] === "number" ||
    key === "checkpointEvery" || key === "threads" ||
    key === "dataSeed";
  return isNumber ? number : undefined;
}

const program = command("train", "Train a network until it groks.");
for (const key of configKeys) {
  const [value, description] = FLAGS[key];
  const preset = defaults[key];
  const flag = flagOf(key);
  if (value === "") {
    // Two options, not one with two names: to Commander those mean the same.
    program.option(
      flag,
      preset === null ? description : `${description} (default: ${preset})`,
    );
    program.option(`--no-${flag.slice(2)}`, `the opposite of ${flag}`);
    continue;
  }
  const text = preset === null
    ? description
    : `${description} (default: ${preset})`;
  const parse = parserOf(key);
  if (parse) program.option(`${flag} ${value}`, text, parse);
  else program.option(`${flag} ${value}`, text);
}

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
  .option("--json", "print the result as JSON")
  .action(async (options) => {
    const flags = Object.fromEntries(
      Object.entries(options).filter(([key]) =>
        configKeys.includes(key as keyof Config)
      ),
    );
    const fromFile = options.config !== undefined
      ? await readConfig(options.config)
      : {};
    // Checked before anything heavy is loaded.
    const config = resolveConfig({ ...fromFile, ...flags });
    const replicas = replicasOf(options);
    const { runReplicas, runTraining } = await import("./train_run.ts");
    const given = Object.keys(flags);
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

async function readConfig(path: string): Promise<ConfigInput> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(
      `Cannot read the config ${path}: ${(error as Error).message}`,
    );
  }
  try {
    const config = JSON.parse(text.replace(/^\uFEFF/, "")); // BOM
    if (config && typeof config === "object" && !Array.isArray(config)) {
      return config;
    }
  } catch {
    // Said below.
  }
  throw new ConfigError(`Cannot read the config ${path}: not a JSON object`);
}

if (import.meta.main) await main(task);
