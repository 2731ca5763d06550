import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as fc from "fast-check";
import {
  ConfigError,
  type ConfigInput,
  configKeys,
  configSettings,
  defaults,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import { tasks } from "../../lib/data/registry.ts";
import { losses } from "../../lib/losses/mod.ts";
import { optimizers, stages } from "../../lib/optim/mod.ts";
import { models } from "../../models/mod.ts";

Deno.test("resolveConfig() fills in the default experiment", () => {
  const {
    task,
    modulus,
    trainFraction,
    hidden,
    loss,
    optimizer,
    perpGrad,
    lr,
  } = resolveConfig({});
  assertEquals(
    { task, modulus, trainFraction, hidden, loss, optimizer, perpGrad, lr },
    {
      task: "add",
      modulus: 113,
      trainFraction: 0.4,
      hidden: [200, 200],
      loss: "stablemax",
      optimizer: "adamw",
      perpGrad: true,
      lr: 0.01,
    },
  );
});

Deno.test("a resolved config resolves to itself, keys in one order", () => {
  fc.assert(fc.property(
    fc.record({
      lr: fc.double({ min: 1e-6, max: 10, noNaN: true }),
      seed: fc.nat(),
      loss: fc.constantFrom("softmax", "stablemax"),
      hidden: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }),
    }, { requiredKeys: [] }),
    (input) => {
      const config = resolveConfig(input);
      // Nothing is drawn, and nothing named that has keys of its own.
      const keys = configKeys.filter((key) =>
        configSettings[key].preset !== undefined
      );
      assertEquals(Object.keys(config), keys);
      assertEquals(resolveConfig(JSON.parse(JSON.stringify(config))), config);
    },
  ));
});

const refused: [input: unknown, message: RegExp][] = [
  [{ colour: 3 }, /Unknown setting colour: a config has task, modulus/],
  [{ task: "multiply" }, /--task must be one of add,.* got "multiply"/],
  [
    { loss: "hinge" },
    /--loss must be one of stablemax, softmax,.* got "hinge"/,
  ],
  [{ task: "divide", modulus: 12 }, /--modulus must be prime .* got 12/],
  [{ modulus: 1 }, /--modulus must be an integer in 2\.\.2048, got 1/],
  [{ modulus: "7" }, /--modulus must be a number, got "7"/],
  [{ trainFraction: 1.5 }, /--train-fraction must lie in \(0, 1\), got 1\.5/],
  [{ trainFraction: 0.1, modulus: 2 }, /--train-fraction must leave both/],
  [{ hidden: 200 }, /--hidden must be a list of widths, got 200/],
  [{ hidden: [200, 0] }, /--hidden must be an integer .* got \[200,0\]/],
  [{ hidden: [1.5] }, /--hidden must be an integer/],
  [{ lr: NaN }, /--lr must be a number, got NaN/],
  [{ lr: -1 }, /--lr must be above 0, got -1/],
  [{ lr: Infinity }, /--lr must be finite, got Infinity/],
  [{ beta1: 1 }, /--beta1 must lie in \[0, 1\), got 1/],
  [{ steps: 0 }, /--steps must be an integer of 1 or more, got 0/],
  [{ seed: -1 }, /--seed must be an integer of 0 or more, got -1/],
  [{ lossPrecision: "float16" }, /--loss-precision of stablemax/],
  [{ engine: "tfjs", precision: "float64" }, /--precision must be float32/],
  [{ task: "parity", model: "transformer" }, /--model transformer/],
  [{ task: "parity", parityBits: 50 }, /--parity-bits must be at most/],
  [{ task: "parity", bits: 4 }, /--samples must be at most 16/],
  [
    { model: "transformer", heads: 3 },
    /--heads must divide --d-model 128, got 3/,
  ],
  [
    { model: "encoder", dModel: 6 },
    /--heads must divide --d-model 6, got 4/,
  ],
  [
    { task: "parity", model: "encoder" },
    /--model encoder reads tokens: --task parity has bits/,
  ],
  [
    { task: "parity", embedding: 8 },
    /--model mlp with --embedding 8 reads tokens: --task parity has bits/,
  ],
  [{ init: "nanda" }, /--init must be another than nanda with --model mlp/],
  [{ init: "zeros" }, /--init must be one of xavier-uniform,.* got "zeros"/],
  [{ initScale: 0 }, /--init-scale must be above 0, got 0/],
  [{ outputScale: -1 }, /--output-scale must be above 0, got -1/],
  [{ embedding: 0 }, /--embedding must be an integer in 1..65536, got 0/],
  [{ layers: 0 }, /--layers must be an integer in 1..64, got 0/],
  [{ norm: "batch" }, /--norm must be one of none, pre, post, got "batch"/],
  [{ attention: "max" }, /--attention must be one of softmax, stablemax/],
  [[], /config/i],
  [null, /config/i],
  ["x", /config/i],
];

for (const [input, message] of refused) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(input)}`, () => {
    const error = assertThrows(() => resolveConfig(input), ConfigError);
    assertEquals(message.test(error.message), true, error.message);
  });
}

Deno.test("the defaults are frozen into every run, not shared", () => {
  (resolveConfig({}).hidden as number[]).push(7);
  assertEquals(defaults.hidden, [200, 200]);
  assertEquals(resolveConfig({}).hidden, [200, 200]);
});

const registries = { tasks, models, losses, optimizers, stages };

Deno.test("components that read the same key share its setting", () => {
  const known: Record<string, unknown> = { ...configSettings };
  for (const [name, registry] of Object.entries(registries)) {
    for (const [entry, { settings }] of Object.entries(registry)) {
      for (const [key, setting] of Object.entries(settings)) {
        assertStrictEquals(setting, known[key], `${name}.${entry}.${key}`);
      }
    }
  }
});

Deno.test("idleKeys() are those of what a config does not name", () => {
  const idle = (config: ConfigInput) => idleKeys(resolveConfig(config));
  const cuda = new Set<string>(idle({ device: "cuda" }));
  for (const key of ["bits", "entities", "dModel", "momentum", "backend"]) {
    assert(cuda.has(key), key);
  }
  for (const key of ["modulus", "hidden", "beta1", "lr", "steps", "device"]) {
    assert(!cuda.has(key), key);
  }
  const sgd = idle({ optimizer: "sgd", perpGrad: false });
  for (const key of ["beta1", "eps", "perpScope"] as const) {
    assert(sgd.includes(key), key);
  }
  assert(!sgd.includes("momentum") && !sgd.includes("perpGrad"));
  // What a component itself says.
  assert(cuda.has("lrFloor"));
  const cosine = idle({ schedule: "cosine" });
  assert(!cosine.includes("lrFloor") && cosine.includes("lrStepEvery"));
  const ema = idle({ grokfast: "ema" });
  assert(!ema.includes("grokfastAlpha") && ema.includes("grokfastWindow"));
});
