/** The ends of what a config may hold: the last value that is taken, the first that is not. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type Config,
  ConfigError,
  flagOf,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import { configAt, untilSwitch } from "../../lib/config/switches.ts";

type Given = Record<string, unknown>;

// What is taken and what is refused of a key, beside what else is said.
const BOUNDS: readonly [
  key: keyof Config,
  taken: readonly unknown[],
  refused: readonly unknown[],
  more?: Given,
][] = [
  ["modulus", [2, 2048], [1, 2049, 7.5]],
  ["modulus", [3, 2048], [2], { residues: "nonzero" }],
  ["trainFraction", [1e-3, 0.999], [0, 1]],
  ["labelNoise", [0, 0.999], [-1e-9, 1]],
  ["bits", [1, 4096], [0, 4097], {
    trainFraction: 0.5,
    task: "parity",
    parityBits: 1,
    samples: 2,
  }],
  ["parityBits", [1, 43], [0, 44], { task: "parity" }],
  ["samples", [2, 8], [1, 9], { task: "parity", bits: 3, trainFraction: 0.5 }],
  ["hidden", [[1], [65536], []], [[0], [65537]]],
  ["embedding", [null, 1, 65536], [0, 65537]],
  ["layers", [1, 64], [0, 65]],
  ["dModel", [4, 65536], [0, 65540], { model: "transformer" }],
  ["heads", [1, 128], [3, 256], { model: "encoder" }],
  ["dMlp", [1, 65536], [0, 65537]],
  ["dFf", [1, 65536], [0, 65537]],
  ["dropout", [null, 0, 0.999], [-0.1, 1]],
  ["initScale", [1e-300], [0, -1, Infinity]],
  ["labelSmoothing", [0, 0.999], [-0.1, 1]],
  ["temperature", [1e-9], [0, Infinity]],
  ["logitPenalty", [0], [-1e-9]],
  ["correctLogitScale", [0], [-1e-9]],
  ["taylorOrder", [2, 20], [1, 21, 22], { loss: "taylor" }],
  ["lr", [1e-300], [0, NaN, Infinity]],
  ["weightDecay", [0], [-1e-9]],
  ["momentum", [0, 0.999], [-0.1, 1]],
  ["beta1", [0, 0.999], [-0.1, 1]],
  ["beta2", [0, 0.999999], [-0.1, 1]],
  ["eps", [0], [-1e-30]],
  ["warmup", [0], [-1, 0.5]],
  ["lrFloor", [0, 0.999], [-0.1, 1]],
  ["lrStepEvery", [1], [0]],
  ["lrStepFactor", [1e-9, 2], [0]],
  ["grokfastAlpha", [0, 0.999], [-0.1, 1]],
  ["grokfastLambda", [null, 0], [-1]],
  ["grokfastWindow", [2, 1000], [1, 1001]],
  ["clipNorm", [null, 1e-9], [0]],
  ["clipValue", [null, 1e-9], [0]],
  ["l1", [0], [-1e-9]],
  ["steps", [1, 2 ** 53 - 1], [0, 2 ** 53]],
  ["batchSize", [null, 1], [0, 1.5]],
  ["evalEvery", [1], [0]],
  ["checkpointEvery", [null, 1], [0]],
  ["seed", [0, 2 ** 53 - 1], [-1, 2 ** 53]],
  ["dataSeed", [null, 0], [-1]],
  ["threads", [null, 1, 1024], [0, 1025]],
  ["deviceId", [0, 1023], [-1, 1024]],
];

for (const [key, taken, refused, more] of BOUNDS) {
  Deno.test(`${flagOf(key)} from its first value to its last`, () => {
    for (const value of taken) {
      assertEquals(resolveConfig({ ...more, [key]: value })[key], value);
    }
    for (const value of refused) {
      assertThrows(
        () => resolveConfig({ ...more, [key]: value }),
        ConfigError,
        flagOf(key),
        `${value}`,
      );
    }
  });
}

const IDLE: readonly [config: Given, idle: string[], read: string[]][] = [
  [
    {},
    ["bits", "dModel", "lrFloor", "lrStepEvery", "momentum", "temperature"],
    [
      ...[
        "modulus",
        "hidden",
        "beta1",
        "beta2",
        "eps",
        "weightDecay",
        "perpScope",
      ],
    ],
  ],
  [{ perpGrad: false }, ["perpScope", "perpAt"], ["perpGrad", "clipNorm"]],
  [{ optimizer: "sgd" }, ["beta1", "beta2", "eps"], ["momentum"]],
  [{ optimizer: "lion" }, ["eps", "momentum"], ["beta1", "beta2"]],
  [{ optimizer: "adagrad" }, ["beta1", "beta2"], ["eps"]],
  [{ schedule: "cosine" }, ["lrStepEvery"], ["lrFloor"]],
  [{ schedule: "step" }, ["lrFloor"], ["lrStepEvery", "lrStepFactor"]],
  [{ loss: "softmax" }, ["taylorOrder"], ["temperature", "labelSmoothing"]],
  [{ model: "transformer" }, ["hidden", "dFf", "biases"], ["dMlp", "heads"]],
  [{ model: "encoder" }, ["hidden", "dMlp"], ["dFf", "dropout"]],
  [{ hidden: [] }, ["dropout"], ["initScale"]],
  [{ engine: "tfjs" }, ["device", "deviceId", "runtime", "threads"], [
    "backend",
  ]],
  [{ device: "cpu" }, ["deviceId", "backend"], ["device", "threads"]],
  [{ device: "cuda" }, [], ["deviceId"]],
  [{ runtime: "web" }, ["threads"], ["runtime"]],
  [{ perpAt: "update" }, [], ["perpAt", "perpScope", "perpRenormalise"]],
  [{ grokfast: "ma" }, ["grokfastAlpha"], ["grokfastWindow", "grokfastLambda"]],
  // What is read on either side of a switch is read.
  [{ switches: [{ at: 5, config: { loss: "softmax" } }] }, ["taylorOrder"], [
    "temperature",
  ]],
];

for (const [config, idle, read] of IDLE) {
  Deno.test(`what says nothing beside ${JSON.stringify(config)}`, () => {
    const found = idleKeys(resolveConfig(config)) as string[];
    assertEquals(idle.filter((key) => !found.includes(key)), []);
    assertEquals(read.filter((key) => found.includes(key)), []);
  });
}

Deno.test("a switch may come from the second update to the last", () => {
  const at = (...steps: number[]) =>
    resolveConfig({
      steps: 10,
      switches: steps.map((at, i) => ({ at, config: { lr: 1 + i } })),
    });
  assertEquals(at(1, 9).switches.length, 2);
  for (const steps of [[0], [10], [5, 5], [6, 5]]) {
    assertThrows(() => at(...steps), ConfigError, "--switch-at", `${steps}`);
  }
  const config = at(3, 7);
  assertEquals(
    [0, 2, 3, 6, 7, 9].map((step) => configAt(config, step).lr),
    [0.01, 0.01, 1, 1, 2, 2],
  );
  assertEquals(
    [0, 2, 3, 6, 7, 9].map((step) => untilSwitch(config, step)),
    [3, 3, 7, 7, 10, 10],
  );
});

Deno.test("a share of 0 or 1 is refused as such, and steps that are made already", () => {
  for (const trainFraction of [0, 1]) {
    assertThrows(
      () => resolveConfig({ trainFraction }),
      ConfigError,
      "--train-fraction must lie in (0, 1)",
    );
  }
  const hash = "0".repeat(64);
  const from = { path: "c.onnx", step: 7, sha256: hash, optimizer: null };
  assertThrows(
    () => resolveConfig({ from, steps: 7 }),
    ConfigError,
    "--steps must be above the step 7",
  );
  assertEquals(resolveConfig({ from, steps: 8 }).steps, 8);
});
