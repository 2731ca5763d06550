/**
 * The keys that belong to no component: precision, length, seeds, and where to
 * compute.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import type { RandomGenerator } from "../numeric/random.ts";
import {
  type BackendName,
  backendNames,
  type OnnxDevice,
  type Runtime,
} from "./devices.ts";
import {
  choice,
  decay,
  fraction,
  ifNamed,
  integer,
  integers,
  nullable,
  positive,
  type Setting,
} from "./setting.ts";

/** Share of the examples to train on, in (0, 1). */
export const trainFraction: Setting<number> = fraction(
  0.4,
  "<f>",
  "share of the examples to train on",
);
/** Share of the train rows whose label is wrong. */
export const labelNoise: Setting<number> = decay(
  0,
  "<f>",
  "share of the train rows that get a wrong label",
);
/** Train rows of each class; only configs that name it have it. */
export const classCounts: Setting<readonly number[] | undefined> = ifNamed(
  integers(
    [0, 10_000_000],
    [],
    "<counts>",
    "train rows that each class keeps, class 0 first (default: all)",
    2,
  ),
);
/** ρ of classes whose train rows fall geometrically. */
export const classImbalance: Setting<number | undefined> = {
  ...positive(
    1,
    "<ρ>",
    "train rows of the classes fall geometrically, to 1/ρ in the last",
  ),
  schema: v.optional(v.pipe(
    v.number("must be a number"),
    v.finite("must be finite"),
    v.minValue(1, "must be 1 or more"),
  )),
  preset: undefined,
};
/** What the model and the optimizer are computed in. */
export const precision: Setting<"float32" | "float64"> = {
  ...choice(
    ["float32", "float64"],
    "float32",
    "<type>",
    "of the model: float32 or float64",
  ),
  schema: v.picklist(
    ["float32", "float64"],
    "must be float32 or float64 (no engine trains a whole model in float16; " +
      "the loss may be: --loss-precision)",
  ),
};
/**
 * α of lazy training: the logits are multiplied with it, and the learning rate is
 * divided by its square, so that the function moves as fast as with α = 1 while
 * the weights move less. Source: Chizat et al. (arXiv 1812.07956); the code of
 * Prieto et al. (arXiv 2501.04697) and Kumar et al. (arXiv 2310.06110) on grokking.
 */
export const outputScale: Setting<number> = positive(
  1,
  "<α>",
  "multiplies the logits; the learning rate is divided by α² (lazy training)",
);
/** What the loss is computed in. */
export const lossPrecision: Setting<"float16" | "float32" | "float64"> = choice(
  ["float16", "float32", "float64"],
  "float32",
  "<type>",
  "of the loss: float16, float32 or float64",
);
/** Updates to make. */
export const steps: Setting<number> = integer(
  [1],
  500,
  "<n>",
  "how many steps to train",
);
/** Seed of everything random. */
export const seed: Setting<number> = integer(
  [0],
  0,
  "<n>",
  "seed of everything random",
);

/**
 * What makes the random bits of steps, where they have any. Only configs of such
 * experiments have the key, by default squares; see `older_configs.ts`.
 */
export const generator: Setting<RandomGenerator | undefined> = {
  ...choice(
    ["squares", "threefry"],
    "squares",
    "<name>",
    "of dropout and mini-batches: squares, or threefry as in runs of 0.1 and " +
      "0.2.0 (default: squares)",
  ),
  schema: v.optional(
    v.picklist(
      ["squares", "threefry"],
      "must be squares or threefry",
    ),
  ),
  preset: undefined,
};

/** Train rows of a step; null for all. */
export const batchSize: Setting<number | null> = nullable(
  integer([1], 1, "<n>", "train rows a step (default: all)"),
);

/** The keys that every run has. */
export type RunSettings = {
  /** Updates to make. */
  readonly steps: Setting<number>;
  /** Train rows of a step; null for all. */
  readonly batchSize: Setting<number | null>;
  /** Steps between evaluations. */
  readonly evalEvery: Setting<number>;
  /** Steps between checkpoints; null for the last only. */
  readonly checkpointEvery: Setting<number | null>;
  /** Seed of everything random. */
  readonly seed: Setting<number>;
  /** Seed of the data and its split; null for `seed`. */
  readonly dataSeed: Setting<number | null>;
  /** What makes random bits of steps; undefined where there are none. */
  readonly generator: Setting<RandomGenerator | undefined>;
};

/** What every run has. */
export const runSettings: RunSettings = {
  steps,
  batchSize,
  evalEvery: integer([1], 10, "<n>", "steps between evaluations"),
  checkpointEvery: nullable(
    integer(
      [1],
      1,
      "<n>",
      "steps between checkpoints (default: last only)",
    ),
  ),
  seed,
  dataSeed: nullable(
    integer([0], 0, "<n>", "seed of the data and its split (default: --seed)"),
  ),
  generator,
};

/** The keys that say where to compute. */
export type DeviceSettings = {
  /** Compiled, or eager. */
  readonly engine: Setting<"onnx" | "tfjs">;
  /** onnx: the device; `auto` takes the best that is there. */
  readonly device: Setting<"auto" | OnnxDevice>;
  /** onnx: which of several cards, from 0. */
  readonly deviceId: Setting<number>;
  /** onnx: native code, or WebAssembly. */
  readonly runtime: Setting<Runtime>;
  /** tfjs: the backend. */
  readonly backend: Setting<BackendName>;
  /** Threads; null for one for each physical core. */
  readonly threads: Setting<number | null>;
};

/** Where to compute. */
export const deviceSettings: DeviceSettings = {
  engine: choice(
    ["onnx", "tfjs"],
    "onnx",
    "<name>",
    "onnx (compiled) or tfjs (eager)",
  ),
  device: choice(
    ["auto", "cpu", "cuda", "webgpu"],
    "auto",
    "<name>",
    "onnx: auto, cpu, cuda or webgpu",
  ),
  deviceId: integer([0, 1023], 0, "<n>", "onnx: which of several cards"),
  runtime: choice(
    ["node", "web"],
    "node",
    "<name>",
    "onnx: node (native) or web (WebAssembly)",
  ),
  backend: choice(
    backendNames,
    "cpu",
    "<name>",
    "tfjs: cpu, wasm, webgpu, node or node-gpu",
  ),
  threads: nullable(
    integer(
      [1, 1024],
      1,
      "<n>",
      "threads (default: a thread for each physical core)",
    ),
  ),
};

/** What may be another when a run is gone on with: how far, and where. */
export const resumableKeys: readonly string[] = [
  "steps",
  ...Object.keys(deviceSettings),
];

type DeviceKey = keyof DeviceSettings;

/** Keys of the device that say nothing beside some choices of others. */
export const idleDeviceKeys: readonly [
  key: DeviceKey,
  idle: (
    config: { readonly engine: string; device: string; runtime: string },
  ) => boolean,
][] = [
  ["device", ({ engine }) => engine !== "onnx"],
  [
    "deviceId",
    ({ engine, device }) =>
      engine !== "onnx" || !["auto", "cuda"].includes(device),
  ],
  ["runtime", ({ engine }) => engine !== "onnx"],
  ["backend", ({ engine }) => engine !== "tfjs"],
  ["threads", ({ engine, runtime }) => engine !== "onnx" || runtime === "web"],
];
