/**
 * What overflows in the optimizer's state ends a training as a loss does that is
 * not finite: in every optimizer, on every engine, at the same step whatever the
 * calls.
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { notFinite } from "../../lib/engine/finite.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { DivergedError, train } from "../../lib/train/train.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { valuesOf } from "../_golden.ts";
import { assertFailed, task, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, atFirstStep } from "../train/_runs.ts";

// The logits and with them the loss are huge but finite, and the weights rest:
// the learning rate is divided by the square of the scale.
const HUGE: ConfigInput = {
  modulus: 7,
  hidden: [8],
  perpGrad: false,
  loss: "mse",
  lr: 1e-12,
  threads: 1,
};
const GRADUAL: ConfigInput = {
  ...HUGE,
  optimizer: "adagrad",
  outputScale: 3e10,
};

const experimentOf = (config: ConfigInput) =>
  makeExperiment(resolveConfig(config));

/** Advances in calls of some lengths until something is not finite. */
async function until(engine: Engine, calls: readonly number[]) {
  let losses = 0;
  for (const count of calls) {
    const advance = await engine.advance(count, 5);
    losses += advance.losses.length;
    if (advance.diverged !== undefined) return { ...advance, all: losses };
  }
  return { diverged: undefined, broken: undefined, all: losses };
}

const engines: Record<string, (experiment: Experiment) => Promise<Engine>> = {
  "onnxEngine()": (e) => onnxEngine(e, { threads: 1 }),
  "onnxEngine() in WebAssembly": (e) => onnxEngine(e, { runtime: "web" }),
  "tfjsEngine()": (e) => tfjsEngine(e),
};

// Adagrad's sum of squares, added up as float32 does it, from the gradient: with
// the weights at rest it is the same in every step.
async function stepOfOverflow(): Promise<number> {
  const engine = await onnxEngine(experimentOf(GRADUAL), { threads: 1 });
  await engine.advance(1, 100);
  const state = await engine.state();
  await engine.close();
  const squares = Object.entries(state)
    .filter(([path]) => path.includes(".sum."))
    .flatMap(([, x]) => [...valuesOf(x)]);
  const largest = Math.max(...squares);
  let [sum, steps] = [0, 0];
  while (Number.isFinite(sum)) {
    sum = Math.fround(sum + largest);
    steps++;
  }
  return steps;
}

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`${name} stops where the optimizer's state overflows, whatever the calls`, async () => {
    const wanted = await stepOfOverflow();
    assert(wanted > 3 && wanted < 30, `overflows at ${wanted}`);
    const ones = new Array<number>(40).fill(1);
    for (const calls of [[40], ones, [wanted], [wanted - 1, 20], [2, 38]]) {
      const engine = await open(experimentOf(GRADUAL));
      const { diverged, broken, all } = await until(engine, [...calls, 5]);
      assertEquals([diverged, all], [wanted, wanted], `${calls}`);
      assertMatch(broken!, /^optimizer\..*sum\.layers\.[01]\.W$/);
      assertEquals(engine.step, wanted - 1);
      assertEquals(notFinite(await engine.state()), undefined);
      const { metrics, step } = await engine.evaluate();
      assert(Number.isFinite(metrics.train_loss));
      assertEquals(step, wanted - 1);
      await engine.close();
    }
  });
}

Deno.test("replicas stop at the steps that they stop at alone", async () => {
  for (const [hidden, outputScale] of [[[8], 3e10], [[8, 8], 6e10]] as const) {
    const experiments = [0, 1, 2, 3].map((seed) =>
      experimentOf({ ...GRADUAL, hidden, seed, outputScale })
    );
    const engine = await onnxBand(experiments, { threads: 1 });
    const found = (await engine.advance(40, 5))
      .map(({ diverged, broken, losses }) => [diverged, broken, losses.length]);
    // Nobody asks for those that are over.
    await engine.advance(3, 5);
    await engine.close();
    for (const [r, experiment] of experiments.entries()) {
      const single = await onnxEngine(experiment, { threads: 1 });
      const { diverged, broken, losses } = await single.advance(40, 5);
      assertEquals(found[r], [diverged, broken, losses.length], `seed ${r}`);
      assertEquals(typeof diverged, "number");
      await single.close();
    }
  }
});

// What overflows first, and where: the gradient's square is infinite, or the
// gradient itself, whose sign would still be a step.
const SQUARE = { outputScale: 1e12 };
const INFINITE = { outputScale: 1e22, lossPrecision: "float64" } as const;
const OPTIMIZERS: Record<string, [ConfigInput, RegExp]> = {
  adamw: [{ ...SQUARE, optimizer: "adamw" }, /nu\.layers/],
  "⊥AdamW": [{ ...SQUARE, optimizer: "adamw", perpGrad: true }, /nu\.layers/],
  adam: [{ ...SQUARE, optimizer: "adam" }, /nu\.layers/],
  rmsprop: [{ ...SQUARE, optimizer: "rmsprop" }, /nu\.layers/],
  adagrad: [{ ...SQUARE, optimizer: "adagrad" }, /sum\.layers/],
  lion: [
    { ...INFINITE, outputScale: 3e20, optimizer: "lion" },
    /mu\.layers/,
  ],
  "muon's Adam": [{ ...SQUARE, optimizer: "muon", biases: true }, /nu\.layers/],
  "float32 and softmax": [
    { loss: "softmax", lossPrecision: "float32", outputScale: 1e22 },
    /nu\.layers/,
  ],
};

for (const [name, [config, path]] of Object.entries(OPTIMIZERS)) {
  Deno.test(`a state of ${name} that overflows is no state to go on with`, async () => {
    const engine = await onnxEngine(experimentOf({ ...HUGE, ...config }));
    const { diverged, broken } = await engine.advance(20, 5);
    assertEquals(diverged, 1);
    assertMatch(broken!, path);
    assertEquals(engine.step, 0);
    await engine.close();
  });
}

Deno.test("what the loss shows at the same step is the loss's, whatever the calls", async () => {
  // The velocity overflows, and takes the weights along.
  const config = { ...HUGE, ...INFINITE, optimizer: "sgd" } as const;
  for (const extra of [{ momentum: 0.9 }, { grokfast: "ema" }] as const) {
    for (const calls of [[20], [1, 1]]) {
      const engine = await onnxEngine(experimentOf({ ...config, ...extra }));
      const { diverged, broken } = await until(engine, calls);
      assertEquals([diverged, broken], [1, undefined]);
      await engine.close();
    }
  }
});

const gradual = { ...GRADUAL, steps: 40, evalEvery: 2, checkpointEvery: 3 };

Deno.test("train() ends with the last finite state, resumed or not", () =>
  withTempDir(async (dir) => {
    const [whole, stopped] = [join(dir, "whole"), join(dir, "stopped")];
    const step = await stepOfOverflow();
    const error = await assertRejects(
      () => train(gradual, { run: whole }),
      DivergedError,
    );
    assertMatch(
      error.message,
      new RegExp(
        `the optimizer's state \\(1?\\.?sum\\.layers\\.\\d\\.W\\) is not finite at ` +
          `step ${step}; the last finite state, step ${step - 1}, is in `,
      ),
    );
    const summary = JSON.parse(
      await Deno.readTextFile(join(whole, "summary.json")),
    );
    assertEquals([summary.diverged_at, summary.steps], [step, step - 1]);
    assertMatch(summary.diverged_in, /^optimizer\./);
    const { checkpoint } = summary;
    for (
      const file of [checkpoint, checkpoint.replace("checkpoints", "optimizer")]
    ) {
      const { tensors } = decodeTensors(await Deno.readFile(file), file);
      assertEquals(notFinite(tensors), undefined, file);
    }
    await train(gradual, { run: stopped, ...atFirstStep() });
    const again = await assertRejects(
      () => train(gradual, { run: stopped, resume: true }),
      DivergedError,
    );
    assertEquals(again.message.replace(stopped, whole), error.message);
    await assertSameRun(stopped, whole);
    const { message } = await assertRejects(() => toResume(whole));
    assertMatch(message, /optimizer's state .* was not finite at step/);
  }));

Deno.test("trainReplicas() ends those whose state overflows, the others go on", () =>
  withTempDir(async (run) => {
    const config = {
      ...HUGE,
      optimizer: "adagrad",
      outputScale: 1e12,
      steps: 6,
    } as const;
    const error = await assertRejects(
      () => trainReplicas(config, { replicas: 2 }, { run }),
      DivergedError,
    );
    assertMatch(
      error.message,
      /loss or the state is not finite: seed 0 at step 1, in the optimizer's state \(.*sum\.layers\.0\.W\) \(its last finite state, step 0/,
    );
    assertEquals(error.results.length, 0);
  }));

Deno.test("a state that float32 cannot hold ends a training at the switch to it", () =>
  withTempDir(async (run) => {
    const config: ConfigInput = {
      ...HUGE,
      optimizer: "adagrad",
      outputScale: 1e15,
      precision: "float64",
      lossPrecision: "float64",
      steps: 20,
      checkpointEvery: 5,
      switches: [{ at: 10, config: { precision: "float32" } }],
    };
    for (const checkpointEvery of [5, 20]) {
      const { message } = await assertRejects(
        () => train({ ...config, checkpointEvery }, { run, overwrite: true }),
        DivergedError,
      );
      assertMatch(message, /state .* is not finite at step 10; .* step 9, is/);
    }
  }));

Deno.test("no training starts from a state that is not finite, or resumes it", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { checkpoint } = await train(
      { ...HUGE, outputScale: 1, optimizer: "adam", steps: 8 },
      { run, ...atFirstStep() },
    );
    const file = checkpoint.replace("checkpoints", "optimizer");
    const { tensors } = decodeTensors(await Deno.readFile(file), file);
    const path = Object.keys(tensors).find((path) => path.includes("nu."))!;
    const { shape, data } = tensors[path]!;
    const values = [...data as Float32Array];
    values[1] = Infinity;
    await Deno.writeFile(
      file,
      encodeTensors("optimizer", {
        ...tensors,
        [path]: hostTensorOf("float32", shape, values),
      }),
    );
    // A run of an older version, so that the file is not held to its sum.
    await Deno.remove(join(run, "SHA256SUMS"));
    const from = await startFrom(run);
    const started = await assertRejects(
      () => train({ ...from, steps: 9 }, { run: join(dir, "other") }),
      DivergedError,
    );
    assertMatch(
      started.message,
      /cannot start: the optimizer's state \(.*nu\./,
    );
    assertMatch(started.message, /--fresh-optimizer/);
    const fresh = await startFrom(run, { freshOptimizer: true });
    await train({ ...fresh, steps: 9 }, { run: join(dir, "fresh") });
  }));

Deno.test("train of a state that overflows: one line, exit code 1", () =>
  withTempDir(async (dir) => {
    const line = assertFailed(
      await task(
        "train",
        ...[
          "--modulus",
          "7",
          "--hidden",
          "8",
          "--loss",
          "mse",
          "--steps",
          "30",
        ],
        ...["--lr", "1e-12", "--output-scale", "1e12", "--json"],
        ...["--run", join(dir, "run")],
      ),
    );
    assertMatch(
      line,
      /Training stopped: the optimizer's state \(.*nu\.layers\.0\.W\) is not finite at step 1; the last finite state, step 0, is in/,
    );
  }));
