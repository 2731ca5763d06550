import { assertEquals, assertRejects } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine } from "../../lib/train/engine.ts";
import { type Experiment, makeExperiment } from "../../lib/train/experiment.ts";
import { metricNames } from "../../lib/train/metrics.ts";
import type { Runtime } from "../../lib/onnx/session.ts";
import { onnxEngine } from "../../lib/train/onnx_engine.ts";
import { tfjsEngine } from "../../lib/train/tfjs_engine.ts";
import { assertClose, valuesOf } from "../_golden.ts";

const SMALL = {
  modulus: 11,
  hidden: [24, 20],
  dModel: 16,
  heads: 2,
  dMlp: 32,
  bits: 12,
  samples: 200,
} satisfies ConfigInput;

async function twenty(engine: Engine) {
  const { losses, evaluations } = await engine.advance(20, 5);
  const last = await engine.evaluate();
  const state = await engine.state();
  await engine.close();
  return { losses, evaluations: [...evaluations, last], state };
}

const cases: Record<string, ConfigInput> = {
  "MLP, StableMax, ⊥AdamW": {},
  "MLP, softmax, AdamW": { loss: "softmax", perpGrad: false, weightDecay: 0.1 },
  "MLP with biases, ⊥SGD": { biases: true, optimizer: "sgd", lr: 0.1 },
  "transformer, StableMax, ⊥AdamW": { model: "transformer", lr: 1e-3 },
  "transformer, softmax, Adam": {
    model: "transformer",
    loss: "softmax",
    optimizer: "adam",
    perpGrad: false,
    lr: 1e-3,
    warmup: 10,
  },
  "parity, softmax, ⊥AdamW": { task: "parity", loss: "softmax" },
};

const RUNTIMES: readonly Runtime[] = ["node", "web"];

for (const [name, config] of Object.entries(cases)) {
  const experiment = makeExperiment(resolveConfig({ ...SMALL, ...config }));
  // Both runtimes are held to the same eager steps, which take the longest.
  let eager: ReturnType<typeof twenty> | undefined;
  for (const runtime of RUNTIMES) {
    Deno.test(`the engines agree over 20 steps: ${name}, ${runtime}`, async () => {
      const onnx = await twenty(
        await onnxEngine(experiment, { threads: 1, runtime }),
      );
      const tfjs = await (eager ??= tfjsEngine(experiment).then(twenty));
      const tolerance = { relative: 1e-5, absolute: 1e-7 };
      assertClose(onnx.losses, tfjs.losses, tolerance, "losses");
      assertEquals(
        onnx.evaluations.map(({ step }) => step),
        [0, 5, 10, 15, 20],
      );
      for (const [i, { step, metrics }] of onnx.evaluations.entries()) {
        const other = tfjs.evaluations[i]!;
        assertEquals(other.step, step);
        for (const metric of metricNames) {
          assertClose(
            [metrics[metric]],
            [other.metrics[metric]],
            tolerance,
            `${metric} at step ${step}`,
          );
        }
      }
      assertEquals(Object.keys(onnx.state), Object.keys(tfjs.state));
      for (const kind of ["params.", "optimizer."]) {
        const paths = Object.keys(onnx.state).filter((p) => p.startsWith(kind));
        const largest = (path: string) =>
          Math.max(...valuesOf(tfjs.state[path]).map(Math.abs));
        for (const path of paths) {
          // A weight is as exact as the largest in its tensor. Moments are sums
          // of gradients that cancel: as exact as the largest of all.
          const scale = kind === "params."
            ? largest(path)
            : Math.max(...paths.map(largest));
          assertClose(
            valuesOf(onnx.state[path]),
            valuesOf(tfjs.state[path]),
            { relative: 0, absolute: 1e-5 * scale },
            path,
          );
        }
      }
    });
  }
}

const experiment = () => makeExperiment(resolveConfig(SMALL));

for (const runtime of RUNTIMES) {
  Deno.test(`the onnx engine does not care how steps are grouped, ${runtime}`, async () => {
    const [together, apart] = [
      await onnxEngine(experiment(), { threads: 1, runtime }),
      await onnxEngine(experiment(), { threads: 1, runtime }),
    ];
    const all = await together.advance(12, 4);
    const parts = [];
    for (const count of [1, 5, 4, 2]) parts.push(await apart.advance(count, 4));
    assertEquals(parts.flatMap((part) => part.losses), all.losses);
    assertEquals(parts.flatMap((part) => part.evaluations), all.evaluations);
    assertEquals(await apart.state(), await together.state());
    await together.close();
    await apart.close();
  });

  Deno.test(`evaluating moves nothing, ${runtime}`, async () => {
    const engine = await onnxEngine(experiment(), { threads: 1, runtime });
    await engine.advance(3, 1);
    const before = await engine.state();
    const first = await engine.evaluate();
    assertEquals(await engine.evaluate(), first);
    assertEquals(engine.step, 3);
    assertEquals(await engine.state(), before);
    await engine.close();
  });
}

const engines: Readonly<
  Record<string, (experiment: Experiment) => Promise<Engine>>
> = {
  "onnxEngine()": (e) => onnxEngine(e),
  "onnxEngine() in WebAssembly": (e) => onnxEngine(e, { runtime: "web" }),
  "tfjsEngine()": (e) => tfjsEngine(e),
};

for (const [name, start] of Object.entries(engines)) {
  for (const chunks of [[40], [1, 1, 1, 37]]) {
    Deno.test(`${name} goes back to the last finite state, in chunks of ${chunks}`, async () => {
      const engine = await start(makeExperiment(resolveConfig({
        ...SMALL,
        loss: "softmax",
        optimizer: "sgd",
        perpGrad: false,
        lr: 1e12,
      })));
      let diverged: number | undefined;
      for (const count of chunks) {
        ({ diverged } = await engine.advance(count, 1));
        if (diverged !== undefined) break;
      }
      assertEquals(typeof diverged, "number");
      assertEquals(engine.step, diverged! - 1);
      const { metrics } = await engine.evaluate();
      assertEquals(Number.isFinite(metrics.train_loss), true);
      await engine.close();
    });
  }
}

Deno.test("tfjsEngine() refuses a backend that is not there", async () => {
  await assertRejects(
    () => tfjsEngine(experiment(), "abacus"),
    TypeError,
    "backend abacus: it is not installed",
  );
});
