import { assertEquals, assertRejects } from "@std/assert";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../lib/base/errors.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { BackendError } from "../../lib/devices/tfjs/backend.ts";
import { type BackendName, backendNames } from "../../lib/settings/devices.ts";
import {
  isInstalled,
  type OptionalBackend,
  setupCommand,
} from "../../lib/devices/tfjs/backends.ts";
import { checkApart } from "../../lib/devices/tfjs/check_apart.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { traceStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import type { Runtime } from "../../lib/settings/devices.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";
import { assertAgree } from "./_agreement.ts";
import { cases, experimentOf, SMALL, twenty, twentyApart } from "./_twenty.ts";

// WGSL, the language of WebGPU's shaders, allows a division to be off by 2.5 ulp
// and exp, log and roots by more, where others round to half an ulp; the first
// steps of Adam multiply that.
const looser: Partial<Record<BackendName, number>> = { webgpu: 30 };

for (const backend of backendNames) {
  const finding = await checkApart(backend);
  if (!finding.usable) {
    console.log(`engines agree, ${backend}: skipped, ${finding.missing}`);
  }
  let apart: ReturnType<typeof twentyApart> | undefined;
  for (const [name, config] of Object.entries(cases)) {
    Deno.test({
      name: `the engines agree over 20 steps, ${backend}: ${name}`,
      // Not set up is a reason; set up and broken is a failure.
      ignore: !finding.usable && !await isInstalled(backend),
      fn: async () => {
        apart ??= twentyApart(backend);
        const experiment = experimentOf(config);
        const onnx = await twenty(await onnxEngine(experiment, { threads: 1 }));
        assertAgree(onnx, (await apart)[name]!, looser[backend] ?? 1);
        if (backend !== "cpu") return;
        const web = await onnxEngine(experiment, { runtime: "web" });
        assertAgree(await twenty(web), (await apart)[name]!, 1);
      },
    });
  }
}

const RUNTIMES: readonly Runtime[] = ["node", "web"];

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

Deno.test("evaluating repeats no product of the training", async () => {
  const experiment = makeExperiment(resolveConfig({}));
  const step = traceStep(experiment, await initialState(experiment));
  const products = (names: RegExp) => {
    const outputs = step.outputs.filter(([name]) => names.test(name));
    return nodesFor(outputs.map(([, value]) => value))
      .filter(({ op }) => op === "Gemm" || op === "MatMul").length;
  };
  // Of the two layers behind the looked-up one, in two slices of the train rows:
  // forward, and back to the weights and to what went in; test rows forward.
  assertEquals(products(/^(state|loss)/), 2 * 2 * 3);
  assertEquals(products(/./), 2 * 2 * 3 + 3 * 2);
});

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

Deno.test("tfjsEngine() refuses a backend that there is not", async () => {
  await assertRejects(
    () => tfjsEngine(experiment(), "abacus"),
    UsageError,
    "backend abacus: there are cpu, wasm, webgpu, node, node-gpu",
  );
});

const absent: OptionalBackend[] = [];
for (const backend of backendNames) {
  if (!await isInstalled(backend)) absent.push(backend as OptionalBackend);
}
if (absent.length === 0) {
  console.log("a backend that is not set up: skipped, here they all are");
}
for (const backend of absent) {
  Deno.test(`tfjsEngine() says how to set up ${backend}`, async () => {
    await assertRejects(
      () => tfjsEngine(experiment(), backend),
      BackendError,
      `it is not set up here; ${setupCommand(backend)}`,
    );
  });
}

Deno.test("an engine keeps its backend when TensorFlow.js is given another", async () => {
  const run = async (between: () => void) => {
    const engine = await tfjsEngine(experiment());
    for (let i = 0; i < 3; i++) {
      await engine.advance(1, 2);
      between();
    }
    await engine.advance(1, 2);
    assertEquals(tf.getBackend(), "cpu");
    const state = await engine.state();
    await engine.close();
    return state;
  };
  const other = new MathBackendCPU();
  tf.copyRegisteredKernels("cpu", "another");
  tf.registerBackend("another", () => other);
  assertEquals(
    await run(() => void tf.setBackend("another")),
    await run(() => {}),
  );
  tf.removeBackend("another");
});
