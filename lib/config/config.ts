/**
 * The one schema of an experiment: what `config.json` holds and what the flags
 * of `deno task train` set.
 *
 * @module
 */

import * as v from "valibot";
import { trainSize } from "../data/dataset.ts";
import { UsageError } from "../errors.ts";
import { isPrime, LARGEST_MODULUS } from "../data/modular.ts";
import { placeProblem } from "./place.ts";

/**
 * A whole experiment: what config.json holds. Each key is also a flag,
 * `trainFraction` being `--train-fraction`.
 */
export interface Config {
  /** Modular addition, subtraction, product, division; or sparse parity. */
  readonly task: "add" | "subtract" | "product" | "divide" | "parity";
  /** p, the modulus of the modular tasks: 2..2048, prime for division. */
  readonly modulus: number;
  /** Parity: bits of an input. */
  readonly bits: number;
  /** Parity: how many of the bits count. */
  readonly parityBits: number;
  /** Parity: how many inputs. */
  readonly samples: number;
  /** Share of the examples to train on, in (0, 1). */
  readonly trainFraction: number;
  /** The architecture. */
  readonly model: "mlp" | "transformer";
  /** MLP: widths of the hidden layers. */
  readonly hidden: readonly number[];
  /** MLP: biases; null for parity's yes and the modular tasks' no. */
  readonly biases: boolean | null;
  /** Transformer: width of the residual stream. */
  readonly dModel: number;
  /** Transformer: attention heads, dividing dModel. */
  readonly heads: number;
  /** Transformer: width of the MLP. */
  readonly dMlp: number;
  /** What the model and the optimizer are computed in. */
  readonly precision: "float32" | "float64";
  /** The cross-entropy to train with. */
  readonly loss: "stablemax" | "softmax";
  /** What the loss is computed in; float16 for softmax only. */
  readonly lossPrecision: "float16" | "float32" | "float64";
  /** The optimizer. */
  readonly optimizer: "adamw" | "adam" | "sgd";
  /** Whether ⊥Grad stands before the optimizer. */
  readonly perpGrad: boolean;
  /** ⊥Grad: project each tensor by itself, or the whole vector. */
  readonly perpScope: "tensor" | "global";
  /** ⊥Grad: scale back to the gradient's length. */
  readonly perpRenormalise: boolean;
  /** Learning rate. */
  readonly lr: number;
  /** Weight decay: decoupled in adamw, L2 in adam and sgd. */
  readonly weightDecay: number;
  /** Momentum of sgd. */
  readonly momentum: number;
  /** Adam's decay of the first moment. */
  readonly beta1: number;
  /** Adam's decay of the second moment. */
  readonly beta2: number;
  /** Added to Adam's denominator. */
  readonly eps: number;
  /** Updates over which the learning rate grows from 0. */
  readonly warmup: number;
  /** Updates to make. */
  readonly steps: number;
  /** Updates between evaluations. */
  readonly evalEvery: number;
  /** Updates between checkpoints; null for the last one only. */
  readonly checkpointEvery: number | null;
  /** Seed of everything random. */
  readonly seed: number;
  /** Seed of the data and its split alone; null for `seed`. */
  readonly dataSeed: number | null;
  /** Compiled (onnx) or eager (tfjs). */
  readonly engine: "onnx" | "tfjs";
  /** onnx: where to compute; auto for the best that is usable. */
  readonly device: "auto" | "cpu" | "cuda" | "webgpu";
  /** onnx: which of several cards. */
  readonly deviceId: number;
  /** onnx: native code, or WebAssembly. */
  readonly runtime: "node" | "web";
  /** tfjs: the TensorFlow.js backend. */
  readonly backend: "cpu" | "wasm" | "webgpu" | "node" | "node-gpu";
  /** Threads of the onnx engine; null for the machine's cores. */
  readonly threads: number | null;
}

/** Any part of a config: what is left out takes its default. */
export type ConfigInput = { readonly [K in keyof Config]?: Config[K] };

const positive = v.pipe(
  v.number("must be a number"),
  v.finite("must be finite"),
  v.gtValue(0, "must be above 0"),
);
const notNegative = v.pipe(
  v.number("must be a number"),
  v.finite("must be finite"),
  v.minValue(0, "must be 0 or more"),
);
const decay = v.pipe(
  v.number("must be a number"),
  v.check((x) => x >= 0 && x < 1, "must lie in [0, 1)"),
);
const integer = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number("must be a number"),
    v.check(
      (x) => Number.isSafeInteger(x) && x >= least && x <= most,
      most === Number.MAX_SAFE_INTEGER
        ? `must be an integer of ${least} or more`
        : `must be an integer in ${least}..${most}`,
    ),
  );
const oneOf = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, `must be one of ${names.join(", ")}`);
const flag = v.boolean("must be true or false");

// Each entry with its default: an empty object is the default experiment.
const entries: {
  readonly [K in keyof Config]: v.GenericSchema<unknown, Config[K]>;
} = {
  task: v.optional(
    oneOf(["add", "subtract", "product", "divide", "parity"]),
    "add",
  ),
  modulus: v.optional(integer(2, LARGEST_MODULUS), 113),
  bits: v.optional(integer(1, 4096), 43),
  parityBits: v.optional(integer(1, 4096), 3),
  samples: v.optional(integer(2, 1_000_000), 2000),
  trainFraction: v.optional(
    v.pipe(
      v.number("must be a number"),
      v.check((x) => x > 0 && x < 1, "must lie in (0, 1)"),
    ),
    0.4,
  ),
  model: v.optional(oneOf(["mlp", "transformer"]), "mlp"),
  hidden: v.optional(
    v.pipe(
      v.array(integer(1, 65536), "must be a list of widths"),
      v.minLength(1, "must name at least one width"),
    ),
    [200, 200],
  ),
  biases: v.optional(v.nullable(flag), null),
  dModel: v.optional(integer(1, 65536), 128),
  heads: v.optional(integer(1, 65536), 4),
  dMlp: v.optional(integer(1, 65536), 512),
  precision: v.optional(oneOf(["float32", "float64"]), "float32"),
  loss: v.optional(oneOf(["stablemax", "softmax"]), "stablemax"),
  lossPrecision: v.optional(
    oneOf(["float16", "float32", "float64"]),
    "float32",
  ),
  optimizer: v.optional(oneOf(["adamw", "adam", "sgd"]), "adamw"),
  perpGrad: v.optional(flag, true),
  perpScope: v.optional(oneOf(["tensor", "global"]), "tensor"),
  perpRenormalise: v.optional(flag, true),
  lr: v.optional(positive, 0.01),
  weightDecay: v.optional(notNegative, 0),
  momentum: v.optional(decay, 0),
  beta1: v.optional(decay, 0.95),
  beta2: v.optional(decay, 0.999),
  eps: v.optional(notNegative, 1e-8),
  warmup: v.optional(integer(0), 0),
  steps: v.optional(integer(1), 500),
  evalEvery: v.optional(integer(1), 10),
  checkpointEvery: v.optional(v.nullable(integer(1)), null),
  seed: v.optional(integer(0), 0),
  dataSeed: v.optional(v.nullable(integer(0)), null),
  engine: v.optional(oneOf(["onnx", "tfjs"]), "onnx"),
  device: v.optional(oneOf(["auto", "cpu", "cuda", "webgpu"]), "auto"),
  deviceId: v.optional(integer(0, 1023), 0),
  runtime: v.optional(oneOf(["node", "web"]), "node"),
  backend: v.optional(
    oneOf(["cpu", "wasm", "webgpu", "node", "node-gpu"]),
    "cpu",
  ),
  threads: v.optional(v.nullable(integer(1, 1024)), null),
};

const schema = v.strictObject(entries);

/** The keys of a config, in the order in which config.json has them. */
export const configKeys = Object.keys(entries) as readonly (keyof Config)[];

/** The default experiment. */
export const defaults: Config = v.parse(schema, {});

/** A config that no experiment can be run from. */
export class ConfigError extends UsageError {
  /** What tells it from other errors. */
  override name = "ConfigError";
}

/** The flag of `deno task train` that sets a key. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/**
 * Checks a config and fills in the defaults.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 * @returns The whole config, keys in a fixed order; resolving it again gives
 * the same.
 * @throws {ConfigError} naming the first bad key, what it is and what it must be.
 */
export function resolveConfig(input: unknown): Config {
  // To valibot a list is an object too.
  const result = v.safeParse(schema, Array.isArray(input) ? null : input);
  if (!result.success) throw new ConfigError(describe(result.issues[0]));
  const config = result.output;
  checkTogether(config);
  return Object.fromEntries(
    configKeys.map((key) => [key, config[key]]),
  ) as unknown as Config;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const key = issue.path?.[0]?.key;
  if (key === undefined) return "A config must be an object of settings";
  const flag = flagOf(String(key));
  if (!(String(key) in entries)) {
    return `Unknown setting ${key}: a config has ${configKeys.join(", ")}`;
  }
  // The value as a whole, not the element of a list that is at fault.
  const value = issue.path?.[0]?.value;
  return `${flag} ${issue.message}, got ${show(value)}`;
}

const show = (value: unknown) =>
  typeof value === "number" || value === undefined
    ? String(value)
    : JSON.stringify(value);

function checkTogether(config: Config): void {
  const fail = (message: string) => {
    throw new ConfigError(message);
  };
  const { task, modulus, model, loss, lossPrecision, engine } = config;
  if (task === "divide" && !isPrime(modulus)) {
    fail(`--modulus must be prime for division, got ${modulus}`);
  }
  if (task === "parity") {
    const { bits, parityBits, samples } = config;
    if (model === "transformer") {
      fail("--model transformer reads tokens: --task parity has none, use mlp");
    }
    if (parityBits > bits) {
      fail(`--parity-bits must be at most --bits ${bits}, got ${parityBits}`);
    }
    if (samples > 2 ** bits) {
      fail(
        `--samples must be at most ${2 ** bits}, the number of different ` +
          `vectors of ${bits} bits, got ${samples}`,
      );
    }
  }
  if (config.dModel % config.heads !== 0) {
    fail(
      `--heads must divide --d-model ${config.dModel}, got ${config.heads}`,
    );
  }
  if (loss === "stablemax" && lossPrecision === "float16") {
    fail(
      `--loss-precision of stablemax must be float32 or float64, got ${lossPrecision}`,
    );
  }
  const misplaced = placeProblem(config);
  if (misplaced !== undefined) fail(misplaced);
  if (engine === "tfjs") {
    for (const key of ["precision", "lossPrecision"] as const) {
      if (config[key] !== "float32") {
        fail(
          `${flagOf(key)} must be float32 with --engine tfjs, which has no ` +
            `other, got ${config[key]}: use --engine onnx`,
        );
      }
    }
  }
  const total = task === "parity"
    ? config.samples
    : task === "divide"
    ? modulus * (modulus - 1)
    : modulus ** 2;
  const size = trainSize(config.trainFraction, total);
  if (size === 0 || size === total) {
    fail(
      `--train-fraction must leave both parts at least one of the ${total} ` +
        `examples, got ${config.trainFraction}`,
    );
  }
}
