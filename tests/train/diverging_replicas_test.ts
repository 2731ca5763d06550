/** Replicas that diverge end alone, in their last finite state. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import { train } from "../../lib/train/train.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { assertClose } from "../_golden.ts";
import { small } from "./_small.ts";

for (const chunks of [[40], [1, 39], [2, 38], [3, 37], [1, 1, 1, 37]]) {
  Deno.test(`a replica's last finite state can be had again, in chunks of ${chunks}`, async () => {
    const diverging = (warmup: number, lr: number) =>
      makeExperiment(resolveConfig({
        ...small,
        optimizer: "sgd",
        perpGrad: false,
        loss: "softmax",
        warmup,
        lr,
      }));
    // The first ends after an update of rate 1e30, the other after three of 0,
    // small and large.
    for (const [warmup, lr] of [[0, 1e30], [40, 1e32]] as const) {
      const bad = diverging(warmup, lr);
      const engine = await onnxBand([bad, diverging(warmup, 0.1)]);
      const single = await onnxEngine(bad, { threads: 1 });
      let found: number | undefined;
      for (const count of chunks) {
        const [first] = await engine.advance(count, 1);
        found ??= first!.diverged;
        if (found === undefined) continue;
        const [last] = await engine.at(found - 1);
        const { diverged } = await single.advance(40, 1);
        assertEquals(diverged, found);
        assertEquals(last!.evaluation.step, single.step);
        assert(Number.isFinite(last!.evaluation.metrics.train_loss));
        for (const [path, x] of Object.entries(await single.state())) {
          assertClose(
            toNumbers(last!.state[path]!),
            toNumbers(x),
            { relative: 1e-5, absolute: 1e-6 },
            path,
          );
        }
        break;
      }
      assert(found !== undefined);
      await engine.close();
      await single.close();
    }
  });
}

Deno.test("onnxBand() refuses more loops than can be compiled", async () => {
  const large = makeExperiment(resolveConfig({}));
  await assertRejects(
    () => onnxBand(Array(257).fill(large)),
    UsageError,
    "--replicas must be at most 256 here",
  );
});

Deno.test("onnxBand() says how far it can go back", async () => {
  const engine = await onnxBand(
    [0, 1].map((seed) => makeExperiment(resolveConfig({ ...small, seed }))),
  );
  for (const count of [2, 3, 4]) await engine.advance(count, 100);
  const [there] = await engine.at(5);
  assertEquals(there!.evaluation.step, 5);
  await assertRejects(() => engine.at(4), RangeError, "since step 5 are known");
  await engine.close();
});

Deno.test("a replica that diverges ends with its last finite state, alone", async () => {
  const run = await Deno.makeTempDir();
  const config: ConfigInput = {
    ...small,
    optimizer: "sgd",
    perpGrad: false,
    loss: "softmax",
    steps: 40,
    evalEvery: 4,
  };
  const error = await assertRejects(
    () => trainReplicas(config, { replicas: 3, lr: [0.1, 1e30, 0.1] }, { run }),
    DivergedError,
    "seed 1 at step",
  );
  assert(error.message.includes("The other 2 of 3 runs are whole"));
  const single = await train({ ...config, lr: 0.1, seed: 2 }, {
    run: join(run, "single"),
  });
  const rows = await readMetrics(join(run, "replica-2"));
  assertEquals(rows.map(({ step }) => step), [
    0,
    4,
    8,
    12,
    16,
    20,
    24,
    28,
    32,
    36,
    40,
  ]);
  assertClose(
    [rows.at(-1)!.train_loss],
    [single.final.train_loss],
    { relative: 1e-5, absolute: 0 },
    "loss",
  );
  const broken = await readMetrics(join(run, "replica-1"));
  assert(broken.every((row) => Number.isFinite(row.train_loss)));
  const kept: string[] = [];
  for await (
    const { name } of Deno.readDir(join(run, "replica-1/checkpoints"))
  ) {
    kept.push(name);
  }
  assertEquals(kept.length, 1);
  await Deno.remove(run, { recursive: true });
});
