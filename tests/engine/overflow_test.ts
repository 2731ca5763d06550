/** Optimizers whose state overflows: engines stop there. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { notFinite } from "../../lib/engine/finite.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import type { Experiment } from "../../lib/experiment/experiment.ts";
import { experimentOf, GRADUAL, HUGE, stepOfOverflow } from "./_huge.ts";

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

// A linear network that rises by mini-batches until the squares of all rows have a
// sum beyond float32, while those of a batch of four have not.
const RISING = {
  task: "add",
  modulus: 7,
  hidden: [],
  loss: "mse",
  optimizer: "sgd",
  perpGrad: false,
  lr: 30,
  batchSize: 4,
} as const;

for (const every of [1, 10]) {
  Deno.test(`tfjsEngine() stops where all train rows have no finite loss, evaluated every ${every}`, async () => {
    const experiment = experimentOf({ ...RISING, engine: "tfjs" });
    for (const calls of [[80], new Array<number>(80).fill(1), [60, 20]]) {
      const engine = await tfjsEngine(experiment);
      const losses: number[] = [];
      const found: [step: number, loss: number][] = [];
      let end: number | undefined;
      for (const count of calls) {
        const advance = await engine.advance(count, every);
        losses.push(...advance.losses);
        found.push(
          ...advance.evaluations.map(({ step, metrics }) =>
            [step, metrics.train_loss] as [number, number]
          ),
        );
        end = advance.diverged;
        if (end !== undefined) break;
      }
      // All rows have none from step 59 on; a batch has none at step 62.
      assertEquals(end, every === 1 ? 59 : 60, `${calls}`);
      assertEquals(losses.length, end);
      assert(losses.every(Number.isFinite));
      assert(
        found.every(([step, loss]) => step < end! && Number.isFinite(loss)),
      );
      assertEquals(engine.step, end! - 1);
      await engine.close();
    }
  });
}
